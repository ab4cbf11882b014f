{{ unioned_entity('leads', [ref('stg_mapped__leads')]) }}
