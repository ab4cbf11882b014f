{{ mapped_entity('inventory_movements') }}
