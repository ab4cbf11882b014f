{#- A first order is mature when the 30 days after it are closed; until then a repeat may still come. -#}
with orders as (

  select
    customer_id,
    order_id,
    source_relation,
    session_id,
    ordered_at,
    business_date,
    gross_amount,
    channel,
    source,
    medium,
    campaign,
    device,
    country,
    region,
    row_number() over (partition by customer_id order by ordered_at, order_id) as order_number,
    lead(ordered_at) over (partition by customer_id order by ordered_at, order_id) as next_ordered_at
  from {{ ref('fct_orders') }}
  where customer_id is not null

),

closed as (

  select max(closed_through) as closed_through
  from {{ ref('int_watermarks__by_entity') }}
  where entity = 'orders'

)

select
  orders.customer_id,
  orders.order_id,
  orders.source_relation,
  orders.session_id,
  orders.ordered_at,
  orders.business_date,
  orders.gross_amount,
  orders.next_ordered_at,
  coalesce(orders.business_date + 30 <= closed.closed_through, false) as is_mature,
  coalesce(orders.next_ordered_at <= orders.ordered_at + interval '720 hours', false) as is_repeated_within_30_days,
  orders.channel,
  orders.source,
  orders.medium,
  orders.campaign,
  orders.device,
  orders.country,
  orders.region
from orders
cross join closed
where orders.order_number = 1
