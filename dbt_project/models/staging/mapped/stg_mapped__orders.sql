{{ mapped_entity('orders') }}
