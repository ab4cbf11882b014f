{{ unioned_entity('ticket_replies', [ref('stg_mapped__ticket_replies')]) }}
