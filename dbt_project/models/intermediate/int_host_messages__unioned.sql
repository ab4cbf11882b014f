{{ unioned_entity('host_messages', [ref('stg_mapped__host_messages')]) }}
