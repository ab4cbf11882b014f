with reviews as (

  select
    review_id,
    source_relation,
    order_id,
    product_id,
    customer_id,
    reviewed_at,
    {{ business_date('reviewed_at') }} as business_date,
    rating,
    country
  from {{ ref('int_reviews__unioned') }}

)

select
  reviews.review_id,
  reviews.source_relation,
  reviews.order_id,
  reviews.product_id,
  coalesce(reviews.customer_id, orders.customer_id) as customer_id,
  reviews.reviewed_at,
  reviews.business_date,
  reviews.rating,
  coalesce(products.product_category, 'unknown') as product_category,
  orders.channel,
  coalesce(
    nullif(reviews.country, 'unknown'), nullif(orders.country, 'unknown'), customers.country, 'unknown'
  ) as country
from reviews
left join {{ ref('fct_orders') }} as orders
  on reviews.order_id = orders.order_id
left join {{ ref('int_customers__unioned') }} as customers
  on reviews.customer_id = customers.customer_id
left join {{ ref('int_products__unioned') }} as products
  on reviews.product_id = products.product_id
