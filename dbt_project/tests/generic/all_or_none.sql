{#- Fails when some rows have a value and others have none: a sum over them would pass for complete. -#}
{% test all_or_none(model, column_name) %}
select
  count(*) as row_count,
  count({{ column_name }}) as known
from {{ model }}
having count({{ column_name }}) > 0 and count({{ column_name }}) < count(*)
{% endtest %}
