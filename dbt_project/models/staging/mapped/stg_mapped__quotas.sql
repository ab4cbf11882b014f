{{ mapped_entity('quotas') }}
