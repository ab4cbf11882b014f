{#- The rows of one canonical entity from every staging model that provides it. -#}
{% macro unioned_entity(name, relations) -%}
{% for relation in relations -%}
select
  {%- for column in entities()[name].columns %}
  {{ resolved_channel() ~ ' as channel' if column == 'channel' else column }},
  {%- endfor %}
  _source_relation as source_relation
from {{ relation }}
{% if not loop.last %}
union all

{% endif -%}
{%- endfor -%}
{%- endmacro %}
