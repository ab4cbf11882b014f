select
  order_id,
  source_relation,
  customer_id,
  {{ business_date('delivered_at') }} as business_date,
  business_date as ordered_on,
  promised_at,
  delivered_at,
  delivered_at <= promised_at as is_on_time,
  cast(extract(epoch from (promised_at - delivered_at)) / 60.0 as double precision) as minutes_ahead,
  country,
  region
from {{ ref('fct_orders') }}
where delivered_at is not null
