{{ mapped_entity('agent_shifts') }}
