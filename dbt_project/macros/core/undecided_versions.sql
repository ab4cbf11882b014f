{#- Rows of (entity, source, record_key, column_name, kept_value, other_value): each mapped column in which a row that is not
    kept differs from the one that is, though nothing says which of them is newer. Values only of numbers, dates and times:
    a text may be personal. -#}
{% macro undecided_versions(name, entry) -%}
  {%- set entity = entities()[name] -%}
  {%- set differing = columns_beside_key(name, entry) -%}
  select
    '{{ name }}' as entity,
    '{{ entry.source }}' as source,
    versions.record_key,
    versions.column_name,
    versions.kept_value,
    versions.other_value
  from (
    with
    {{ mapped_source(name, entity, entry) }},

    undecided as materialized (
      select
        {{ key_in_words(entity.key, 'kept') }} as record_key
        {%- for column in differing %},
        kept.{{ column }} as kept_{{ column }},
        other.{{ column }} as other_{{ column }}
        {%- endfor %}
      from {{ entry.source }}_ranked as other
      inner join {{ entry.source }}_ranked as kept
        on
        {%- for column in entity.key %}
          other.{{ column }} = kept.{{ column }} and
        {%- endfor %}
          other._rank > 1 and kept._rank = 1
      {%- if entry.latest_by %}
      where other._latest_by is not distinct from kept._latest_by
      {%- endif %}
    )
    {%- for column in differing %}
    {%- set is_shown = entity.columns[column].type not in ('text', 'boolean') %}
    {% if not loop.first %}
    union all
    {% endif %}
    select
      record_key,
      '{{ column }}' as column_name,
      cast({{ 'kept_' ~ column if is_shown else 'null' }} as text) as kept_value,
      cast({{ 'other_' ~ column if is_shown else 'null' }} as text) as other_value
    from undecided
    where kept_{{ column }} is distinct from other_{{ column }}
    {%- endfor %}
  ) as versions
{%- endmacro %}

{#- The mapped columns in which rows of one key can differ. -#}
{% macro columns_beside_key(name, entry) -%}
  {%- set entity = entities()[name] -%}
  {%- set found = [] -%}
  {%- for column in entity.columns if column in entry.columns and column not in entity.key -%}
    {%- do found.append(column) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}

{#- SQL for the key of a row in words: order_id 1001. -#}
{% macro key_in_words(columns, relation) -%}
  {%- for column in columns -%}
    '{{ ', ' if not loop.first }}{{ column }} ' || cast({{ relation }}.{{ column }} as text){% if not loop.last %} || {% endif %}
  {%- endfor -%}
{%- endmacro %}
