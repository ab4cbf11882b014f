{{ mapped_entity('products') }}
