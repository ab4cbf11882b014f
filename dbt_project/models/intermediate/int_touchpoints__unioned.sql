{{ unioned_entity('touchpoints', [ref('stg_mapped__touchpoints')]) }}
