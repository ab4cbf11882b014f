{#- Fails for every row in which one of the columns is null: one scan where a test per column would take several. -#}
{% test not_null_columns(model, columns) %}
select
  {%- for column in columns %}
  {{ column }}{% if not loop.last %},{% endif %}
  {%- endfor %}
from {{ model }}
where
  {%- for column in columns %}
  {% if not loop.first %}or {% endif %}{{ column }} is null
  {%- endfor %}
{% endtest %}
