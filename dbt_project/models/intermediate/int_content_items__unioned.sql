{{ unioned_entity('content_items', [ref('stg_mapped__content_items')]) }}
