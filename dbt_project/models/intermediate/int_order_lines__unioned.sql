{{ unioned_entity('order_lines', [ref('stg_mapped__order_lines')]) }}
