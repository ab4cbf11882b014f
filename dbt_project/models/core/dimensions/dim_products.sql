select
  product_id,
  source_relation,
  product as product_name,
  product_category
from {{ ref('int_products__unioned') }}
