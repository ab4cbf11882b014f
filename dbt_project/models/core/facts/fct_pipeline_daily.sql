{#- An opportunity that is closed at an unknown time has no last day in the pipeline: it is left out altogether. One that is
    not closed stays, whatever its closing date says: in many a CRM that is the date which a sales person expects. -#}
with opportunities as (

  select
    opportunity_id,
    business_date as opened_on,
    case when is_closed then closed_on end as decided_on,
    amount,
    owner,
    team,
    channel,
    source,
    medium,
    campaign,
    country
  from {{ ref('fct_opportunities') }}
  where not is_closed or closed_on is not null

),

entries as (

  select
    opportunity_id,
    stage,
    {{ business_date('entered_at') }} as entered_on,
    lead({{ business_date('entered_at') }}) over (
      partition by opportunity_id
      order by entered_at, stage_entry_id
    ) as left_on
  from {{ ref('int_opportunity_stages__unioned') }}

),

open_days as (

  select
    days.date_day as business_date,
    opportunities.opportunity_id,
    opportunities.amount,
    opportunities.owner,
    opportunities.team,
    opportunities.channel,
    opportunities.source,
    opportunities.medium,
    opportunities.campaign,
    opportunities.country
  from opportunities
  inner join {{ ref('time_spine_daily') }} as days
    on
      opportunities.opened_on <= days.date_day
      and (opportunities.decided_on is null or opportunities.decided_on > days.date_day)

),

empty_days as (

  select days.date_day as business_date
  from {{ ref('time_spine_daily') }} as days
  inner join (select min(opened_on) as first_on from opportunities) as pipeline
    on days.date_day >= pipeline.first_on
  left join (select distinct business_date from open_days) as filled
    on days.date_day = filled.business_date
  where filled.business_date is null

)

select
  open_days.business_date,
  open_days.opportunity_id,
  entries.stage,
  open_days.amount,
  open_days.owner,
  open_days.team,
  open_days.channel,
  open_days.source,
  open_days.medium,
  open_days.campaign,
  open_days.country
from open_days
left join entries
  on
    open_days.opportunity_id = entries.opportunity_id
    and open_days.business_date >= entries.entered_on
    and (entries.left_on is null or open_days.business_date < entries.left_on)

union all

select
  business_date,
  cast(null as text) as opportunity_id,
  cast(null as text) as stage,
  cast(0 as decimal(18, 4)) as amount,
  cast(null as text) as owner,
  cast(null as text) as team,
  cast(null as text) as channel,
  cast(null as text) as source,
  cast(null as text) as medium,
  cast(null as text) as campaign,
  cast(null as text) as country
from empty_days
