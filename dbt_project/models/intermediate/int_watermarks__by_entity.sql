{#- Only sources that the workspace still maps to the entity decide; a source that never closed a day keeps the entity open. -#}
{%- set pairs = [] -%}
{%- for entity, entries in var('mapping', {}).items() -%}
  {%- for entry in entries or [] -%}
    {%- do pairs.append((entity, entry.source)) -%}
  {%- endfor -%}
{%- endfor -%}

with mapped as (
{% for entity, source in pairs %}
  select cast('{{ entity }}' as text) as entity, cast('{{ source }}' as text) as source
  {% if not loop.last %}union{% endif %}
{%- else %}
  select cast(null as text) as entity, cast(null as text) as source
  where false
{%- endfor %}
),

recorded as (

  select
    source,
    entity,
    closed_through,
    settled_through,
    row_number() over (partition by source, entity order by recorded_at desc, run_id desc) as recency
  from {{ source('mart', 'source_watermarks') }}

),

latest as (

  select
    source,
    entity,
    closed_through,
    settled_through
  from recorded
  where recency = 1

)

select
  mapped.entity,
  case when count(*) = count(latest.closed_through) then min(latest.closed_through) end as closed_through,
  case when count(*) = count(latest.settled_through) then min(latest.settled_through) end as settled_through
from mapped
left join latest
  on mapped.entity = latest.entity and mapped.source = latest.source
group by mapped.entity
