{{ mapped_entity('web_sessions') }}
