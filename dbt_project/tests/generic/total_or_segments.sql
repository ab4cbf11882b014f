{#- Fails for every metric and date that has both a value for the whole and values for parts: adding them up counts twice. -#}
{% test total_or_segments(model) %}
select
  metric,
  business_date
from {{ model }}
group by metric, business_date
having count(distinct segment) > 1 and max(case when segment = 'all' then 1 else 0 end) = 1
{% endtest %}
