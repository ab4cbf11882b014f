{{ mapped_entity('touchpoints') }}
