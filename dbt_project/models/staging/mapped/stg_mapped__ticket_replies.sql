{{ mapped_entity('ticket_replies') }}
