with subscriptions as (

  select
    subscription_id,
    source_relation,
    customer_id,
    plan,
    started_at,
    {{ business_date('started_at') }} as business_date,
    -- A stop that is stamped before the start took nothing back: it ends the day on which it began.
    case when ended_at < started_at then started_at else ended_at end as ended_at,
    monthly_amount,
    upper(currency) as currency,
    country
  from {{ ref('int_subscriptions__unioned') }}

)

select
  subscriptions.subscription_id,
  subscriptions.source_relation,
  subscriptions.customer_id,
  subscriptions.plan,
  subscriptions.started_at,
  subscriptions.business_date,
  subscriptions.ended_at,
  {{ business_date('subscriptions.ended_at') }} as ended_on,
  subscriptions.currency,
  {{ exchange_rate('subscriptions.currency', 'rates') }} as exchange_rate,
  {{ in_workspace_currency('subscriptions.monthly_amount', exchange_rate('subscriptions.currency', 'rates')) }} as monthly_amount,
  coalesce(nullif(subscriptions.country, 'unknown'), customers.country, 'unknown') as country
from subscriptions
left join {{ ref('int_customers__unioned') }} as customers
  on subscriptions.customer_id = customers.customer_id
left join {{ ref('int_exchange_rates__daily') }} as rates
  on subscriptions.currency = rates.currency and subscriptions.business_date = rates.rate_on
