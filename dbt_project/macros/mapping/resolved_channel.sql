{#- The channel of a row: its source's own word, in lower case with underscores between words, so that two sources name a
    channel alike; without one, the first channel rule of the workspace that fits. Patterns come in lower case. -#}
{% macro resolved_channel() -%}
  {%- set rules = var('channel_rules', []) or [] -%}
  {%- set given = "nullif(replace(replace(lower(trim(channel)), ' ', '_'), '-', '_'), '')" -%}
  {%- if not rules -%}
    {{ given }}
  {%- else -%}
    coalesce(
      {{ given }},
      case
      {%- for rule in rules %}
        when
        {%- for column, pattern in rule.patterns.items() %}
          {% if not loop.first %}and {% endif %}lower(trim({{ column }})) like '{{ pattern | replace("'", "''") }}' escape '!'
        {%- endfor %}
          then '{{ rule.channel | replace("'", "''") }}'
      {%- endfor %}
      end
    )
  {%- endif -%}
{%- endmacro %}
