{{ mapped_entity('headcount') }}
