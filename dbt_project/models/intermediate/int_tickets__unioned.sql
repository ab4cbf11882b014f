{{ unioned_entity('tickets', [ref('stg_mapped__tickets')]) }}
