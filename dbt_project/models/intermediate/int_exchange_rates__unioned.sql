{{ unioned_entity('exchange_rates', [ref('stg_mapped__exchange_rates')]) }}
