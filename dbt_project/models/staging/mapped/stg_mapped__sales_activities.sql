{{ mapped_entity('sales_activities') }}
