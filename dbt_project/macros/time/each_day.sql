{#- One row per day from `first` to `last`, both included, as a timestamp in the select list. -#}
{% macro each_day(first, last) -%}
  {{ return(adapter.dispatch('each_day', 'bellwether')(first, last)) }}
{%- endmacro %}

{% macro default__each_day(first, last) -%}
  unnest(generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1 day'))
{%- endmacro %}

{% macro postgres__each_day(first, last) -%}
  generate_series(cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1 day')
{%- endmacro %}

{#- First day of the calendars: the year before the workspace's history starts, so that a comparison with the previous
    year finds its day. -#}
{% macro calendar_start() -%}
  cast('{{ (var('history_start') | string)[:4] | int - 1 }}-01-01' as date)
{%- endmacro %}
