{{ mapped_entity('opportunity_stages') }}
