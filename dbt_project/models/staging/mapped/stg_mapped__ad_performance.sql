{{ mapped_entity('ad_performance') }}
