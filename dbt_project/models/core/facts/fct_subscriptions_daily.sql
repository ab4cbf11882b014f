{#- Every subscription is two movements, its start and its end; what runs on an evening is the sum of the movements until then.
    So the table is as long as days x plans x countries, however many subscriptions there are. -#}
with movements as (

  select
    business_date as moved_on,
    plan,
    country,
    cast(1 as bigint) as started,
    cast(0 as bigint) as ended,
    monthly_amount as amount_started,
    cast(0 as decimal(18, 4)) as amount_ended
  from {{ ref('fct_subscriptions') }}

  union all

  select
    ended_on as moved_on,
    plan,
    country,
    cast(0 as bigint) as started,
    cast(1 as bigint) as ended,
    cast(0 as decimal(18, 4)) as amount_started,
    monthly_amount as amount_ended
  from {{ ref('fct_subscriptions') }}
  where ended_on is not null

),

calendar as (

  select
    {{ calendar_start() }} as first_on,
    today
  from {{ source('mart', 'clock') }}

),

days as (

  select {{ each_day('calendar.first_on', 'calendar.today') }} as day
  from calendar

),

-- What began before the calendar is there on its first morning.
before as (

  select
    movements.plan,
    movements.country,
    sum(case when movements.moved_on < calendar.first_on then movements.started - movements.ended else 0 end) as subscriptions,
    sum(
      case when movements.moved_on < calendar.first_on then movements.amount_started - movements.amount_ended else 0 end
    ) as amount
  from movements
  cross join calendar
  group by movements.plan, movements.country

),

moved as (

  select
    moved_on,
    plan,
    country,
    sum(started) as started,
    sum(ended) as ended,
    sum(amount_started) as amount_started,
    sum(amount_ended) as amount_ended
  from movements
  group by moved_on, plan, country

),

-- A day without movements has its row, too: a stock is read on the first and last day of a period.
filled as (

  select
    cast(days.day as date) as business_date,
    before.plan,
    before.country,
    before.subscriptions as subscriptions_before,
    before.amount as amount_before,
    coalesce(moved.started, 0) as started,
    coalesce(moved.ended, 0) as ended,
    coalesce(moved.amount_started, 0) as amount_started,
    coalesce(moved.amount_ended, 0) as amount_ended
  from days
  cross join before
  left join moved
    on
      cast(days.day as date) = moved.moved_on
      and before.plan = moved.plan
      and before.country = moved.country

),

accumulated as (

  select
    business_date,
    plan,
    country,
    started,
    ended,
    amount_started,
    amount_ended,
    subscriptions_before + sum(started - ended) over (
      partition by plan, country order by business_date rows between unbounded preceding and current row
    ) as subscriptions,
    amount_before + sum(amount_started - amount_ended) over (
      partition by plan, country order by business_date rows between unbounded preceding and current row
    ) as amount
  from filled

)

select
  {{ surrogate_key(['business_date', 'plan', 'country']) }} as subscription_day_key,
  business_date,
  plan,
  country,
  cast(subscriptions - started + ended as bigint) as subscriptions_at_start,
  cast(started as bigint) as subscriptions_started,
  cast(ended as bigint) as subscriptions_ended,
  cast(subscriptions as bigint) as subscriptions_at_end,
  cast(amount - amount_started + amount_ended as decimal(28, 4)) as amount_at_start,
  cast(amount_started as decimal(28, 4)) as amount_started,
  cast(amount_ended as decimal(28, 4)) as amount_ended,
  cast(amount as decimal(28, 4)) as amount_at_end
from accumulated
