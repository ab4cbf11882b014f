{#- Every group has a row for every day from its first ticket on: a stock of 0 is a value, and the last day of a month has to be
    there even when nothing was open on it. -#}
with tickets as (

  select
    business_date,
    solved_on,
    ticket_channel,
    priority,
    team,
    country
  from {{ ref('fct_tickets') }}

),

changes as (

  select
    business_date,
    ticket_channel,
    priority,
    team,
    country,
    1 as opened
  from tickets

  union all

  select
    -- A ticket that was solved before it was created was never open.
    greatest(solved_on, business_date) as business_date,
    ticket_channel,
    priority,
    team,
    country,
    -1 as opened
  from tickets
  where solved_on is not null

),

combinations as (

  select
    ticket_channel,
    priority,
    team,
    country,
    min(business_date) as first_on
  from tickets
  group by ticket_channel, priority, team, country

),

days as (

  select
    days.date_day as business_date,
    combinations.ticket_channel,
    combinations.priority,
    combinations.team,
    combinations.country,
    0 as opened
  from combinations
  inner join {{ ref('time_spine_daily') }} as days
    on combinations.first_on <= days.date_day

),

daily as (

  select
    business_date,
    ticket_channel,
    priority,
    team,
    country,
    sum(opened) as opened
  from (
    select business_date, ticket_channel, priority, team, country, opened
    from changes
    union all
    select business_date, ticket_channel, priority, team, country, opened
    from days
  ) as both_kinds
  group by business_date, ticket_channel, priority, team, country

)

select
  business_date,
  ticket_channel,
  priority,
  team,
  country,
  cast(
    sum(opened) over (
      partition by ticket_channel, priority, team, country
      order by business_date
      rows between unbounded preceding and current row
    ) as bigint
  ) as open_tickets
from daily
