{{ unioned_entity('subscriptions', [ref('stg_mapped__subscriptions')]) }}
