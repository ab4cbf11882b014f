{{ unioned_entity('sales_activities', [ref('stg_mapped__sales_activities')]) }}
