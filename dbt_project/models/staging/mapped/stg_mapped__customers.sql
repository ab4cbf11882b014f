{{ mapped_entity('customers') }}
