{#- The members of a dimension that several facts share, with the business dates between which they occur. -#}
{% macro conformed_dimension(column, facts) -%}
with occurrences as (
{% for fact in facts %}
  select
    {{ column }},
    min(business_date) as first_on,
    max(business_date) as last_on
  from {{ fact }}
  where {{ column }} is not null
  group by {{ column }}
  {% if not loop.last %}
  union all
  {% endif %}
{%- endfor %}
)

select
  {{ column }},
  min(first_on) as first_on,
  max(last_on) as last_on
from occurrences
group by {{ column }}
{%- endmacro %}
