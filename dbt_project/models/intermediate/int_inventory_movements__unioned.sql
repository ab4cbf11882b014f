{{ unioned_entity('inventory_movements', [ref('stg_mapped__inventory_movements')]) }}
