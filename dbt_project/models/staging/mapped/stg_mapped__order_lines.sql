{{ mapped_entity('order_lines') }}
