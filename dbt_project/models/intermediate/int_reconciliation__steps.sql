{%- set names = [] -%}
{%- for name in entities() if is_mapped(name) -%}
  {%- do names.append(name) -%}
{%- endfor -%}

with steps as (
{%- for name in names or ['orders'] %}
{{ reconciliation_steps(name) }}
{%- if not loop.last %}
  union all
{%- endif %}
{%- endfor %}
),

measured as (
{%- for name in names or ['orders'] %}
{{ reconciliation_measures(name) }}
{%- if not loop.last %}
  union all
{%- endif %}
{%- endfor %}
),

-- A source without a row is shown too, with zeros, in the workspace's currency.
expected as (
  select
    entity,
    source,
    currency
  from measured
{%- for name in names %}
{%- set spec = entities()[name].get('reconcile', {}) %}
{%- for entry in var('mapping')[name] %}
  union
  select
    '{{ name }}' as entity,
    '{{ entry.source }}' as source,
    {{ currency_of_total(spec) }} as currency
{%- endfor %}
{%- endfor %}
),

facts as (
  select
    entity,
    sum(row_count) as row_count,
    sum(amount) as amount
  from measured
  where step_order = 70
  group by entity
)

select
  expected.entity,
  expected.source,
  expected.currency,
  steps.step_order,
  steps.stage,
  steps.difference,
  case when steps.has_rows then cast(coalesce(measured.row_count, facts.row_count, 0) as bigint) end as row_count,
  case when steps.has_amount then cast(coalesce(measured.amount, facts.amount, 0) as decimal(28, 4)) end as amount
from expected
inner join steps
  on expected.entity = steps.entity and (expected.source = '{{ all_sources() }}') = steps.is_total
left join measured
  on
    expected.entity = measured.entity
    and expected.source = measured.source
    and expected.currency = measured.currency
    and steps.step_order = measured.step_order
left join facts
  on steps.step_order = 80 and expected.entity = facts.entity
