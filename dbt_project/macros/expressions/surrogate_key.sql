{#- A text key made of several columns; a null counts as an empty string. -#}
{% macro surrogate_key(columns) -%}
  md5(
    {%- for column in columns -%}
      coalesce(cast({{ column }} as text), ''){% if not loop.last %} || '|' || {% endif %}
    {%- endfor -%}
  )
{%- endmacro %}
