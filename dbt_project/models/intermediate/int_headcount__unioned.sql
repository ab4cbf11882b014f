{{ unioned_entity('headcount', [ref('stg_mapped__headcount')]) }}
