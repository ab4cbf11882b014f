{{ unioned_entity('web_sessions', [ref('stg_mapped__web_sessions')]) }}
