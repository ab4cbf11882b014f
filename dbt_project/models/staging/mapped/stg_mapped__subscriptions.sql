{{ mapped_entity('subscriptions') }}
