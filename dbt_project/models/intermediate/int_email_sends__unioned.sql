{{ unioned_entity('email_sends', [ref('stg_mapped__email_sends')]) }}
