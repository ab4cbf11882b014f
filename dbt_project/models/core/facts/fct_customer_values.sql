{#- The cost of the goods of an order without one counts as nothing where others have it; where no source has it at all
    nobody knows what was earned. -#}
{%- set has_costs = is_column_mapped('orders', 'cogs_amount') -%}

with closed as (

  -- Orders and refunds both have to be there.
  select case when count(*) = count(closed_through) then min(closed_through) end as closed_through
  from {{ ref('int_watermarks__by_entity') }}
  where entity in ('orders', 'refunds')

),

orders as (

  select
    first_orders.customer_id,
    orders.order_id,
    orders.order_id = first_orders.order_id as is_first,
    first_orders.ordered_at + interval '8760 hours' as ends_at,
    orders.gross_amount,
    orders.cogs_amount
  from {{ ref('fct_customer_first_orders') }} as first_orders
  inner join {{ ref('fct_orders') }} as orders
    on first_orders.customer_id = orders.customer_id
  where orders.ordered_at < first_orders.ordered_at + interval '8760 hours'

),

given_back as (

  select
    orders.order_id,
    sum(refunds.amount) as amount
  from orders
  inner join {{ ref('fct_refunds') }} as refunds
    on orders.order_id = refunds.order_id
  where refunds.refunded_at < orders.ends_at
  group by orders.order_id

),

earned as (

  select
    orders.customer_id,
    orders.is_first,
    orders.gross_amount - coalesce(given_back.amount, 0) as revenue,
    {{ 'coalesce(orders.cogs_amount, 0)' if has_costs else 'cast(null as decimal(18, 4))' }} as cogs_amount
  from orders
  left join given_back
    on orders.order_id = given_back.order_id

),

per_customer as (

  select
    customer_id,
    sum(revenue) as revenue,
    sum(revenue - cogs_amount) as gross_profit,
    sum(case when is_first then revenue - cogs_amount end) as first_order_gross_profit
  from earned
  group by customer_id

)

select
  first_orders.customer_id,
  first_orders.order_id,
  first_orders.source_relation,
  first_orders.ordered_at,
  first_orders.business_date,
  coalesce(first_orders.business_date + 365 <= closed.closed_through, false) as is_mature,
  cast(per_customer.revenue as decimal(18, 4)) as revenue_365d,
  cast(per_customer.gross_profit as decimal(18, 4)) as gross_profit_365d,
  cast(per_customer.first_order_gross_profit as decimal(18, 4)) as first_order_gross_profit,
  first_orders.channel,
  first_orders.source,
  first_orders.medium,
  first_orders.campaign,
  first_orders.country,
  first_orders.region
from {{ ref('fct_customer_first_orders') }} as first_orders
inner join per_customer
  on first_orders.customer_id = per_customer.customer_id
cross join closed
