{{ mapped_entity('email_sends') }}
