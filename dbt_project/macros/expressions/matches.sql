{#- True when the text matches the regular expression (the part that RE2 and PostgreSQL share). -#}
{% macro matches(expression, pattern) -%}
  {{ return(adapter.dispatch('matches', 'bellwether')(expression, pattern)) }}
{%- endmacro %}

{% macro default__matches(expression, pattern) -%}
  regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(expression, pattern) -%}
  ({{ expression }} ~ '{{ pattern }}')
{%- endmacro %}
