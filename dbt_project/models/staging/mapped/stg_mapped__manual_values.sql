{{ mapped_entity('manual_values') }}
