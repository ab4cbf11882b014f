with orders as (

  select
    order_id,
    source_relation,
    ordered_at,
    {{ business_date('ordered_at') }} as business_date,
    customer_id,
    session_id,
    gross_amount,
    cogs_amount,
    shipping_cost,
    upper(currency) as currency,
    channel,
    source,
    medium,
    campaign,
    device,
    country,
    promised_at,
    delivered_at
  from {{ ref('int_orders__unioned') }}
  where {{ excluded_because('orders') }} is null

),

refunded as (

  -- Money or goods came back; a refund of neither is a cancelled or voided one.
  select distinct order_id
  from {{ ref('int_refunds__unioned') }}
  where amount <> 0 or quantity <> 0

)

select
  orders.order_id,
  orders.source_relation,
  orders.customer_id,
  orders.session_id,
  orders.ordered_at,
  orders.business_date,
  orders.promised_at,
  orders.delivered_at,
  orders.currency,
  {{ exchange_rate('orders.currency', 'rates') }} as exchange_rate,
  {{ in_workspace_currency('orders.gross_amount', exchange_rate('orders.currency', 'rates')) }} as gross_amount,
  {{ in_workspace_currency('orders.cogs_amount', exchange_rate('orders.currency', 'rates')) }} as cogs_amount,
  {{ in_workspace_currency('orders.shipping_cost', exchange_rate('orders.currency', 'rates')) }} as shipping_cost,
  -- Without any refunds mapped nobody knows, and a return rate of zero would be a lie.
  {% if is_mapped('refunds') -%}
  refunded.order_id is not null as has_refund,
  {%- else -%}
  cast(null as boolean) as has_refund,
  {%- endif %}
  coalesce(orders.channel, sessions.channel) as channel,
  coalesce(orders.source, sessions.source) as source,
  coalesce(orders.medium, sessions.medium) as medium,
  coalesce(orders.campaign, sessions.campaign) as campaign,
  coalesce(orders.device, sessions.device, 'unknown') as device,
  coalesce(
    nullif(orders.country, 'unknown'), nullif(customers.country, 'unknown'), sessions.country, 'unknown'
  ) as country,
  coalesce(customers.region, sessions.region) as region
from orders
left join {{ ref('fct_web_sessions') }} as sessions
  on orders.session_id = sessions.session_id
left join {{ ref('int_customers__unioned') }} as customers
  on orders.customer_id = customers.customer_id
left join refunded
  on orders.order_id = refunded.order_id
left join {{ ref('int_exchange_rates__daily') }} as rates
  on orders.currency = rates.currency and orders.business_date = rates.rate_on
