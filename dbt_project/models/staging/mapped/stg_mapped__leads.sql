{{ mapped_entity('leads') }}
