{#- A row that names no currency is in its order's, not in the workspace's. -#}
{%- set currency = 'coalesce(lines.currency, orders.currency)' -%}

with lines as (

  select
    order_line_id,
    source_relation,
    order_id,
    ordered_at,
    {{ business_date('ordered_at') }} as business_date,
    product_id,
    quantity,
    amount,
    cogs_amount,
    upper(currency) as currency
  from {{ ref('int_order_lines__unioned') }}
  where {{ excluded_because('order_lines') }} is null

)

select
  lines.order_line_id,
  lines.source_relation,
  lines.order_id,
  orders.session_id,
  orders.customer_id,
  lines.product_id,
  lines.ordered_at,
  lines.business_date,
  lines.quantity,
  {{ currency }} as currency,
  {{ exchange_rate(currency, 'rates') }} as exchange_rate,
  {{ in_workspace_currency('lines.amount', exchange_rate(currency, 'rates')) }} as amount,
  {{ in_workspace_currency('lines.cogs_amount', exchange_rate(currency, 'rates')) }} as cogs_amount,
  coalesce(products.product_category, 'unknown') as product_category,
  orders.channel,
  orders.source,
  orders.medium,
  orders.campaign,
  orders.device,
  orders.country,
  orders.region
from lines
left join {{ ref('fct_orders') }} as orders
  on lines.order_id = orders.order_id
left join {{ ref('int_products__unioned') }} as products
  on lines.product_id = products.product_id
left join {{ ref('int_exchange_rates__daily') }} as rates
  on {{ currency }} = rates.currency and lines.business_date = rates.rate_on
