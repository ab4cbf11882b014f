{{ unioned_entity('quotas', [ref('stg_mapped__quotas')]) }}
