{{ unioned_entity('customers', [ref('stg_mapped__customers')]) }}
