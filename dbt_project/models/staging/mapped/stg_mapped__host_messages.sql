{{ mapped_entity('host_messages') }}
