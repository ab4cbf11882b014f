{{ unioned_entity('agent_shifts', [ref('stg_mapped__agent_shifts')]) }}
