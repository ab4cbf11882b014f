{#- Business minutes between two UTC timestamps, as double. `started` and `ended` are rows of dim_dates joined on the local
    date of either timestamp; each opening time is a UTC timestamp, so a day of 23 or 25 hours counts what it has. Whole days
    are subtracted as integers, apart from the minutes, to keep the digits. -#}
{% macro business_minutes(start_at, started, end_at, ended) -%}
  cast(
    ({{ ended }}.business_minutes_before - {{ started }}.business_minutes_before)
    + ({{ minutes_since_opening(end_at, ended) }} - {{ minutes_since_opening(start_at, started) }})
    as double precision
  )
{%- endmacro %}

{#- Minutes of business hours between the day's opening and a timestamp of that day. -#}
{% macro minutes_since_opening(timestamp, day) -%}
  least(greatest(extract(epoch from ({{ timestamp }} - {{ day }}.opens_at)) / 60.0, 0), {{ day }}.business_minutes)
{%- endmacro %}
