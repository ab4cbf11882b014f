{#- Local date, in the workspace's time zone, of a UTC timestamp. -#}
{% macro business_date(timestamp) -%}
  {%- if var('timezone', 'UTC') == 'UTC' -%}
    cast({{ timestamp }} as date)
  {%- else -%}
    cast(({{ timestamp }} at time zone 'UTC') at time zone '{{ var('timezone') }}' as date)
  {%- endif -%}
{%- endmacro %}

{#- UTC timestamp of a wall-clock timestamp in the workspace's time zone. -#}
{% macro local_to_utc(timestamp) -%}
  {%- if var('timezone', 'UTC') == 'UTC' -%}
    {{ timestamp }}
  {%- else -%}
    ({{ timestamp }} at time zone '{{ var('timezone') }}') at time zone 'UTC'
  {%- endif -%}
{%- endmacro %}

{#- UTC timestamp of a source's value: text or timestamp, with an offset of its own or naive in the source's time zone.
    The cast alone would drop the offset of a text such as 2024-05-01T10:00:00+02:00 or 2024-05-01 10:00:00 UTC. -#}
{% macro source_to_utc(expression, timezone) -%}
  case
        when {{ matches('cast(' ~ expression ~ ' as text)', '[0-9]{2}:[0-9]{2}.*([zZ]|[uU][tT][cC]|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?) *$') }}
          then cast({{ expression }} as timestamp with time zone) at time zone 'UTC'
        else
  {%- if timezone == 'UTC' %} cast({{ expression }} as timestamp)
  {%- else %} (cast({{ expression }} as timestamp) at time zone '{{ timezone }}') at time zone 'UTC'
  {%- endif %}
      end
{%- endmacro %}
