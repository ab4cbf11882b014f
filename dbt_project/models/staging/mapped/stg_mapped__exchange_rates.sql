{{ mapped_entity('exchange_rates') }}
