{{ unioned_entity('products', [ref('stg_mapped__products')]) }}
