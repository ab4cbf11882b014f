{{ unioned_entity('reviews', [ref('stg_mapped__reviews')]) }}
