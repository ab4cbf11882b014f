{{ unioned_entity('opportunities', [ref('stg_mapped__opportunities')]) }}
