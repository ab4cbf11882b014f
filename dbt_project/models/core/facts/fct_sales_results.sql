with quotas as (

  select
    quota_id,
    source_relation,
    cast(date_trunc('month', month_on) as date) as business_date,
    upper(currency) as currency,
    amount,
    owner,
    team
  from {{ ref('int_quotas__unioned') }}

)

select
  'won' as result_kind,
  opportunity_id as result_id,
  source_relation,
  closed_on as business_date,
  currency,
  exchange_rate,
  amount as won_amount,
  cast(null as decimal(18, 4)) as quota_amount,
  owner,
  team
from {{ ref('fct_opportunities') }}
where is_closed and is_won and closed_on is not null

union all

select
  'quota' as result_kind,
  quotas.quota_id as result_id,
  quotas.source_relation,
  quotas.business_date,
  quotas.currency,
  {{ exchange_rate('quotas.currency', 'rates') }} as exchange_rate,
  -- Who has a quota and wins nothing has won 0 of it.
  cast(0 as decimal(18, 4)) as won_amount,
  {{ in_workspace_currency('quotas.amount', exchange_rate('quotas.currency', 'rates')) }} as quota_amount,
  quotas.owner,
  quotas.team
from quotas
left join {{ ref('int_exchange_rates__daily') }} as rates
  on quotas.currency = rates.currency and quotas.business_date = rates.rate_on
