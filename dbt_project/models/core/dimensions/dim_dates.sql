{%- set hours = var('business_hours', none) or {'days': [0, 1, 2, 3, 4, 5, 6], 'from_minute': 0, 'to_minute': 1440} -%}
{%- set holidays = var('holidays', []) or [] -%}

with days as (

  select {{ each_day(calendar_start(), 'today + 366') }} as day
  from {{ source('mart', 'clock') }}

),

calendar as (

  select
    cast(day as date) as date_on,
    cast(extract(isodow from day) as bigint) as weekday,
    {% if holidays -%}
    cast(day as date) in (
      {%- for holiday in holidays %}cast('{{ holiday }}' as date){% if not loop.last %}, {% endif %}{% endfor -%}
    ) as is_holiday,
    {%- else -%}
    false as is_holiday,
    {%- endif %}
    {{ local_to_utc("(day + interval '" ~ hours.from_minute ~ " minutes')") }} as opens_at,
    {{ local_to_utc("(day + interval '" ~ hours.to_minute ~ " minutes')") }} as closes_at
  from days

),

business_days as (

  select
    date_on,
    weekday,
    is_holiday,
    opens_at,
    case
      when weekday in ({% for day in hours.days %}{{ day + 1 }}{% if not loop.last %}, {% endif %}{% endfor %}) and not is_holiday
        then cast(extract(epoch from (closes_at - opens_at)) / 60 as bigint)
      else 0
    end as business_minutes
  from calendar

)

select
  date_on,
  cast(extract(year from date_on) as bigint) as calendar_year,
  cast(extract(quarter from date_on) as bigint) as calendar_quarter,
  cast(extract(month from date_on) as bigint) as calendar_month,
  weekday,
  weekday >= 6 as is_weekend,
  is_holiday,
  business_minutes > 0 as is_business_day,
  opens_at,
  business_minutes,
  cast(
    coalesce(
      sum(business_minutes) over (order by date_on rows between unbounded preceding and 1 preceding), 0
    ) as bigint
  ) as business_minutes_before
from business_days
