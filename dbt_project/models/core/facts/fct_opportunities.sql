with opportunities as (

  select
    opportunity_id,
    source_relation,
    lead_id,
    created_at,
    {{ business_date('created_at') }} as business_date,
    closed_at,
    {{ business_date('closed_at') }} as closed_on,
    stage,
    coalesce(is_won, false) as is_won,
    coalesce(is_closed, is_won or closed_at is not null, closed_at is not null) as is_closed,
    amount,
    upper(currency) as currency,
    owner,
    team,
    country
  from {{ ref('int_opportunities__unioned') }}

)

select
  opportunities.opportunity_id,
  opportunities.source_relation,
  opportunities.lead_id,
  opportunities.created_at,
  opportunities.business_date,
  opportunities.closed_at,
  opportunities.closed_on,
  opportunities.stage,
  opportunities.is_won,
  opportunities.is_closed,
  -- A close before the opening is a mistake of the source: how long it took is not known.
  cast(
    case
      when opportunities.is_closed and opportunities.closed_at >= opportunities.created_at
        then extract(epoch from (opportunities.closed_at - opportunities.created_at)) / 86400.0
    end as double precision
  ) as sales_cycle_days,
  opportunities.currency,
  {{ exchange_rate('opportunities.currency', 'rates') }} as exchange_rate,
  {{ in_workspace_currency('opportunities.amount', exchange_rate('opportunities.currency', 'rates')) }} as amount,
  opportunities.owner,
  opportunities.team,
  leads.channel,
  leads.source,
  leads.medium,
  leads.campaign,
  coalesce(nullif(opportunities.country, 'unknown'), leads.country, 'unknown') as country
from opportunities
left join {{ ref('int_leads__unioned') }} as leads
  on opportunities.lead_id = leads.lead_id
left join {{ ref('int_exchange_rates__daily') }} as rates
  on opportunities.currency = rates.currency and opportunities.business_date = rates.rate_on
