{#- A customer is judged when the 7 days after the day of signing up are closed; until then the event may still come. -#}
with closed as (

  select max(closed_through) as closed_through
  from {{ ref('int_watermarks__by_entity') }}
  where entity = 'customers'

),

customers as (

  select
    customer_id,
    source_relation,
    created_at,
    {{ business_date('created_at') }} as business_date,
    activated_at,
    country,
    segment as customer_segment
  from {{ ref('int_customers__unioned') }}
  where created_at is not null

)

select
  customers.customer_id,
  customers.source_relation,
  customers.created_at,
  customers.business_date,
  customers.activated_at,
  coalesce(customers.business_date + 7 <= closed.closed_through, false) as is_mature,
  -- Where no source says when customers reached the event nobody knows, and a rate of zero would be a lie.
  {% if is_column_mapped('customers', 'activated_at') -%}
  coalesce(customers.activated_at <= customers.created_at + interval '168 hours', false) as is_activated_within_7_days,
  {%- else -%}
  cast(null as boolean) as is_activated_within_7_days,
  {%- endif %}
  customers.customer_segment,
  customers.country
from customers
cross join closed
