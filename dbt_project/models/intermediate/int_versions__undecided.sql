{%- set pairs = [] -%}
{%- for name in entities() -%}
  {%- for entry in var('mapping', {}).get(name) or [] if columns_beside_key(name, entry) -%}
    {%- do pairs.append((name, entry)) -%}
  {%- endfor -%}
{%- endfor -%}

{%- for name, entry in pairs %}
{{ undecided_versions(name, entry) }}
{% if not loop.last %}
union all
{% endif %}
{%- else %}
select
  cast(null as text) as entity,
  cast(null as text) as source,
  cast(null as text) as record_key,
  cast(null as text) as column_name,
  cast(null as text) as kept_value,
  cast(null as text) as other_value
where false
{%- endfor %}
