{#- The rows of one canonical entity as the workspace maps them: var `mapping` names, per source, the raw table (or a query
    over the source's raw tables) and an SQL expression per column. Each source is typed, its time stamps become UTC, and
    one row per key is kept. An entity that nothing is mapped to is an empty relation of the same columns. -#}
{% macro mapped_entity(name) -%}
  {%- set entity = entities()[name] -%}
  {%- set entries = var('mapping', {}).get(name) or [] -%}
  {%- if not entries -%}
    {{ empty_entity(entity) }}
  {%- else -%}
with

{% for entry in entries -%}
{{ mapped_source(name, entity, entry) }}
{%- if not loop.last %},{% endif %}

{% endfor -%}
{% for entry in entries -%}
select
  {%- for column in entity.columns %}
  {{ column }},
  {%- endfor %}
  '{{ entry.source }}' as _source_relation
from {{ entry.source }}_kept
{% if not loop.last %}
union all

{% endif -%}
{%- endfor -%}
  {%- endif -%}
{%- endmacro %}

{#- The CTEs of one source: typed, the keys that occur more than once, and one row per key. Only rows of a repeated key are
    sorted: ranking every row costs three times the rest. Ties fall to the columns themselves, not to the time of loading,
    so that loading the same rows in another order gives the same result. -#}
{% macro mapped_source(name, entity, entry) -%}
  {%- if not entry.columns -%}
    {{ exceptions.raise_compiler_error("var mapping: " ~ name ~ " of the source " ~ entry.source ~ " names no columns; expected one entry per column that is mapped or that its query returns") }}
  {%- endif -%}
  {%- set timezone = var('source_timezones', {}).get(entry.source, 'UTC') -%}
  {%- set same_key -%}
    {%- for column in entity.key %}typed.{{ column }} = repeated.{{ column }}{% if not loop.last %} and {% endif %}{% endfor -%}
  {%- endset -%}
  {%- set ranking = ['typed._latest_by desc nulls last'] if entry.latest_by else [] -%}
  {%- for column in entity.columns if column in entry.columns -%}
    {%- do ranking.append('typed.' ~ column ~ ' desc nulls last') -%}
  {%- endfor -%}
{{ entry.source }}_typed as not materialized (
  select
  {%- for column, spec in entity.columns.items() %}
    {{ typed_column(entry.columns.get(column), spec, timezone, entry.source if column in (entry.own_ids or []) else none) }} as {{ column }}{% if entry.latest_by or not loop.last %},{% endif %}
  {%- endfor %}
  {%- if entry.latest_by %}
    {{ entry.latest_by }} as _latest_by
  {%- endif %}
  from {{ mapped_from(entry) }}
),

{{ entry.source }}_repeated as (
  select
  {%- for column in entity.key %}
    {{ column }},
  {%- endfor %}
    count(*) as copies
  from {{ entry.source }}_typed
  group by {{ entity.key | join(', ') }}
  having count(*) > 1
),

{{ entry.source }}_ranked as (
  select
  {%- for column in entity.columns %}
    typed.{{ column }},
  {%- endfor %}
  {%- if entry.latest_by %}
    typed._latest_by,
  {%- endif %}
    row_number() over (
      partition by {% for column in entity.key %}typed.{{ column }}{% if not loop.last %}, {% endif %}{% endfor %}
      order by
        {{ ranking | join(',\n        ') }}
    ) as _rank
  from {{ entry.source }}_typed as typed
  inner join {{ entry.source }}_repeated as repeated
    on {{ same_key }}
),

{{ entry.source }}_kept as (
  select
  {%- for column in entity.columns %}
    typed.{{ column }}{% if not loop.last %},{% endif %}
  {%- endfor %}
  from {{ entry.source }}_typed as typed
  left join {{ entry.source }}_repeated as repeated
    on {{ same_key }}
  where repeated.copies is null

  union all

  select
  {%- for column in entity.columns %}
    {{ column }}{% if not loop.last %},{% endif %}
  {%- endfor %}
  from {{ entry.source }}_ranked
  where _rank = 1
)
{%- endmacro %}

{#- The raw table of a mapping entry, or its query with each `__raw__<table>__` replaced by that table's relation. -#}
{% macro mapped_from(entry) -%}
  {%- if entry.query -%}
    {%- set sql = namespace(text=entry.query) -%}
    {%- for table in entry.relations -%}
      {%- set sql.text = sql.text | replace('__raw__' ~ table ~ '__', raw_relation(entry.schema, table) | string) -%}
    {%- endfor -%}
    (
    {{ sql.text }}
  ) as mapped
  {%- else -%}
    {{ raw_relation(entry.schema, entry.table) }}
  {%- endif -%}
{%- endmacro %}

{% macro raw_relation(schema, table) -%}
  {{ return(api.Relation.create(database=('raw' if target.type == 'duckdb' else target.database), schema=schema, identifier=table)) }}
{%- endmacro %}

{#- One column: the mapped expression in the canonical type, its default where the entity has one, null where unmapped.
    An id that its source numbers itself (`ids: own`) gets the name of that source before it; null stays null. -#}
{% macro typed_column(expression, spec, timezone, numbered_by=none) -%}
  {%- set typed = cast_to_canonical(expression, spec.type, timezone) if expression else 'cast(null as ' ~ sql_type(spec.type) ~ ')' -%}
  {%- if numbered_by -%}
    {%- set typed = "'" ~ numbered_by ~ ":' || " ~ typed -%}
  {%- endif -%}
  {%- if spec.default is defined -%}
    coalesce({{ typed }}, {{ default_literal(spec) }})
  {%- else -%}
    {{ typed }}
  {%- endif -%}
{%- endmacro %}

{% macro cast_to_canonical(expression, type, timezone) -%}
  {%- if type == 'text' -%}
    nullif(trim(cast({{ expression }} as text)), '')
  {%- elif type == 'timestamp' -%}
    {{ source_to_utc('(' ~ expression ~ ')', timezone) }}
  {%- elif type == 'boolean' -%}
    cast(cast({{ expression }} as text) as boolean)
  {%- else -%}
    cast({{ expression }} as {{ sql_type(type) }})
  {%- endif -%}
{%- endmacro %}

{% macro sql_type(type) -%}
  {{ return({
    'text': 'text', 'integer': 'bigint', 'decimal': 'decimal(18, 4)', 'double': 'double precision', 'boolean': 'boolean',
    'date': 'date', 'timestamp': 'timestamp'
  }[type]) }}
{%- endmacro %}

{% macro default_literal(spec) -%}
  {%- if spec.type == 'text' -%} '{{ spec.default }}'
  {%- else -%} cast({{ spec.default | string | lower }} as {{ sql_type(spec.type) }})
  {%- endif -%}
{%- endmacro %}

{% macro empty_entity(entity) -%}
select
  {%- for column, spec in entity.columns.items() %}
  cast(null as {{ sql_type(spec.type) }}) as {{ column }},
  {%- endfor %}
  cast(null as text) as _source_relation
where false
{%- endmacro %}

{#- Whether the workspace maps any source onto an entity. -#}
{% macro is_mapped(name) -%}
  {{ return((var('mapping', {}).get(name) or []) | length > 0) }}
{%- endmacro %}

{#- Whether the mapping of any source gives a column of the entity. -#}
{% macro is_column_mapped(name, column) -%}
  {%- set entries = var('mapping', {}).get(name) or [] -%}
  {{ return(entries | selectattr('columns', 'defined') | selectattr('columns.' ~ column, 'defined') | list | length > 0) }}
{%- endmacro %}
