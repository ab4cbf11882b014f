{#- Fails for every value of the key (one or several columns, null counted as a value) that occurs more than once. -#}
{% test unique_key(model, columns) %}
select
  {%- for column in columns %}
  {{ column }},
  {%- endfor %}
  count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
