{{ unioned_entity('manual_values', [ref('stg_mapped__manual_values')]) }}
