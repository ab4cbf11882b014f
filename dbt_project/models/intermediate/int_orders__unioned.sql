{{ unioned_entity('orders', [ref('stg_mapped__orders')]) }}
