{{ conformed_dimension('product_category', [
  ref('fct_order_lines'),
  ref('fct_refunds'),
  ref('fct_inventory_movements')
]) }}
