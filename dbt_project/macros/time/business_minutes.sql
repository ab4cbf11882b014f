{#- Business minutes between two UTC timestamps, as double. `started` and `ended` are rows of dim_dates joined on the local
    date of either timestamp; each opening time is a UTC timestamp, so a day of 23 or 25 hours counts what it has. -#}
{% macro business_minutes(start_at, started, end_at, ended) -%}
  cast({{ business_minutes_until(end_at, ended) }} - {{ business_minutes_until(start_at, started) }} as double precision)
{%- endmacro %}

{#- Business minutes from the start of the calendar to a timestamp. -#}
{% macro business_minutes_until(timestamp, day) -%}
  (
      {{ day }}.business_minutes_before
      + least(greatest(extract(epoch from ({{ timestamp }} - {{ day }}.opens_at)) / 60.0, 0), {{ day }}.business_minutes)
    )
{%- endmacro %}
