{#- A row that names no currency is in its order's, not in the workspace's. -#}
{%- set currency = 'coalesce(refunds.currency, orders.currency)' -%}

with refunds as (

  select
    refund_id,
    source_relation,
    order_id,
    order_line_id,
    refunded_at,
    {{ business_date('refunded_at') }} as business_date,
    -- A source that counts no units gives back one per refund, and none where it gives back no money.
    coalesce(quantity, case when amount = 0 then cast(0 as decimal(18, 4)) else cast(1 as decimal(18, 4)) end) as quantity,
    amount,
    upper(currency) as currency
  from {{ ref('int_refunds__unioned') }}
  where {{ excluded_because('refunds') }} is null

)

select
  refunds.refund_id,
  refunds.source_relation,
  refunds.order_id,
  refunds.order_line_id,
  orders.session_id,
  orders.customer_id,
  lines.product_id,
  refunds.refunded_at,
  refunds.business_date,
  orders.business_date as ordered_on,
  refunds.quantity,
  {{ currency }} as currency,
  {{ exchange_rate(currency, 'rates') }} as exchange_rate,
  {{ in_workspace_currency('refunds.amount', exchange_rate(currency, 'rates')) }} as amount,
  coalesce(lines.product_category, 'unknown') as product_category,
  orders.channel,
  orders.source,
  orders.medium,
  orders.campaign,
  orders.device,
  orders.country,
  orders.region
from refunds
left join {{ ref('fct_orders') }} as orders
  on refunds.order_id = orders.order_id
left join {{ ref('fct_order_lines') }} as lines
  on refunds.order_line_id = lines.order_line_id
left join {{ ref('int_exchange_rates__daily') }} as rates
  on {{ currency }} = rates.currency and refunds.business_date = rates.rate_on
