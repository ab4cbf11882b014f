{{ config(materialized='table') }}

with rates as (

  select
    upper(currency) as currency,
    rate_on,
    rate,
    lead(rate_on) over (partition by upper(currency) order by rate_on) as next_rate_on
  from {{ ref('int_exchange_rates__unioned') }}

),

clock as (

  select today from {{ source('mart', 'clock') }}

),

-- The latest rate reaches past today, so that a row dated ahead of the clock still finds one.
days as (

  select
    rates.currency,
    rates.rate,
    {{ each_day('rates.rate_on', 'coalesce(rates.next_rate_on - 1, greatest(rates.rate_on, clock.today) + 400)') }} as day
  from rates
  cross join clock

)

select
  currency,
  cast(day as date) as rate_on,
  cast(rate as decimal(18, 10)) as rate
from days
