{{ unioned_entity('refunds', [ref('stg_mapped__refunds')]) }}
