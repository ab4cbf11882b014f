{{ mapped_entity('content_items') }}
