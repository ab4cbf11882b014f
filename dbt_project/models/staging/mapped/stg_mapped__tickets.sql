{{ mapped_entity('tickets') }}
