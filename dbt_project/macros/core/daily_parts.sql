{#- Stacks aggregates of several facts into one relation and adds them up per group. Each part names a fact, the date that its
    measures count by, and SQL per measure and per dimension; a dimension it lacks is null, a measure it lacks adds nothing. -#}
{% macro daily_parts(dimensions, measures, parts) -%}
with parts as (
{% for part in parts %}
  select
    {{ part.date }} as business_date,
    {%- for dimension in dimensions %}
    {{ dimension if dimension in part.dimensions else 'cast(null as text) as ' ~ dimension }},
    {%- endfor %}
    {%- for measure, type in measures.items() %}
    cast({{ part.measures.get(measure, 'null') }} as {{ type }}) as {{ measure }}{% if not loop.last %},{% endif %}
    {%- endfor %}
  from {{ part.fact }}
  where {{ part.date }} is not null
  {% if not loop.last %}
  union all
  {% endif %}
{%- endfor %}
)

select
  business_date,
  {%- for dimension in dimensions %}
  {{ dimension }},
  {%- endfor %}
  {%- for measure, type in measures.items() %}
  cast(sum({{ measure }}) as {{ type }}) as {{ measure }}{% if not loop.last %},{% endif %}
  {%- endfor %}
from parts
group by
  business_date,
  {%- for dimension in dimensions %}
  {{ dimension }}{% if not loop.last %},{% endif %}
  {%- endfor %}
{%- endmacro %}
