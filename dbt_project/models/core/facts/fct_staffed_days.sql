{#- A team without anybody on a day on which others work has a row of 0: otherwise its mean would leave out its worst days. -#}
with shifts as (

  select
    business_date,
    agent,
    team,
    row_number() over (partition by business_date, agent order by starts_at, shift_id) as shift_number
  from {{ ref('fct_agent_shifts') }}

),

present as (

  select
    business_date,
    team,
    count(*) as agents
  from shifts
  where shift_number = 1
  group by business_date, team

),

teams as (

  select
    team,
    min(business_date) as first_on
  from present
  group by team

),

days as (

  select distinct business_date
  from present

)

select
  days.business_date,
  teams.team,
  coalesce(present.agents, 0) as agents
from days
inner join teams
  on days.business_date >= teams.first_on
left join present
  on days.business_date = present.business_date and teams.team = present.team
