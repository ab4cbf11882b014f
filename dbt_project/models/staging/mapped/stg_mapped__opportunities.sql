{{ mapped_entity('opportunities') }}
