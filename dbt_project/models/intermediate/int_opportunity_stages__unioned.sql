{{ unioned_entity('opportunity_stages', [ref('stg_mapped__opportunity_stages')]) }}
