{#- Fails for every value outside min_value .. max_value, both included, or not above `above`; null passes. -#}
{% test accepted_range(model, column_name, min_value=none, max_value=none, above=none) %}
select {{ column_name }}
from {{ model }}
where
  false
  {%- if min_value is not none %}
  or {{ column_name }} < {{ min_value }}
  {%- endif %}
  {%- if max_value is not none %}
  or {{ column_name }} > {{ max_value }}
  {%- endif %}
  {%- if above is not none %}
  or {{ column_name }} <= {{ above }}
  {%- endif %}
{% endtest %}
