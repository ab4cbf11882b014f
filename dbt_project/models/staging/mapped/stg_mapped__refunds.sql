{{ mapped_entity('refunds') }}
