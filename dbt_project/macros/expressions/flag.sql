{#- 1, 0 or null of a boolean, so that a sum over flags nobody filled in is null and not zero. -#}
{% macro flag(condition) -%}
  case when {{ condition }} then 1 when not ({{ condition }}) then 0 end
{%- endmacro %}
