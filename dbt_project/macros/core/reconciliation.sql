{#- The steps between what a mapping makes of the raw rows and the daily metric table, per entity. A stage is counted in its own
    relation; a difference is counted by its own definition, never as what is missing between two stages.

    Steps of one source and currency: mapped 30 - repeated_key 35 = staging 50 - exclusions 51.. +- currency 60, 65, 66 = fact 70.
    Steps of all sources together, in the workspace's currency: facts 80 = fact table 90 - not counted 91.. = metric table 99.
    Steps below 30 are those of the load, which no model knows. Staging is counted where its models meet,
    in int_<entity>__unioned: both are views, and counting each would run the same SQL twice. -#}

{% macro all_sources() -%}
  {{ return('all sources') }}
{%- endmacro %}

{#- Rows of (entity, is_total, step_order, stage, difference, has_rows, has_amount): what is counted of an entity. -#}
{% macro reconciliation_steps(name) -%}
  {%- set spec = entities()[name].get('reconcile', {}) -%}
  {%- set money = 'amount' in spec -%}
  {%- set steps = [(false, 30, 'mapped', '', true, money), (false, 35, 'staging', 'repeated_key', true, money),
                   (false, 50, 'staging', '', true, money)] -%}
  {%- if spec.fact -%}
    {%- for reason in exclusions(name) -%}
      {%- do steps.append((false, 51 + loop.index0, 'fact', reason, true, money)) -%}
    {%- endfor -%}
    {%- if has_currency_of_order(name) -%}
      {%- do steps.append((false, 60, 'fact', 'currency_of_order', true, money)) -%}
    {%- endif -%}
    {%- if money -%}
      {%- do steps.extend([(false, 65, 'fact', 'currency_conversion', false, true), (false, 66, 'fact', 'no_exchange_rate', false, true)]) -%}
    {%- endif -%}
    {%- do steps.extend([(false, 70, 'fact', '', true, money), (true, 80, 'facts', '', true, money), (true, 90, 'fact table', '', true, money)]) -%}
  {%- endif -%}
  {%- if spec.metric -%}
    {%- set rows, amount = 'rows' in spec.metric, 'amount' in spec.metric -%}
    {%- for reason in spec.metric.get('not_counted', {}) -%}
      {%- do steps.append((true, 91 + loop.index0, 'metric table', reason, rows, amount)) -%}
    {%- endfor -%}
    {%- do steps.append((true, 99, 'metric table', '', rows, amount)) -%}
  {%- endif -%}
  {%- for is_total, step_order, stage, difference, has_rows, has_amount in steps %}
  select
    '{{ name }}' as entity,
    {{ is_total | string | lower }} as is_total,
    {{ step_order }} as step_order,
    '{{ stage }}' as stage,
    '{{ difference }}' as difference,
    {{ has_rows | string | lower }} as has_rows,
    {{ has_amount | string | lower }} as has_amount
  {%- if not loop.last %}
  union all
  {%- endif %}
  {%- endfor %}
{%- endmacro %}

{#- Rows of (entity, source, currency, step_order, row_count, amount): what was found, without the steps that found nothing. -#}
{% macro reconciliation_measures(name) -%}
  {%- set spec = entities()[name].get('reconcile', {}) -%}
  {%- for entry in var('mapping', {}).get(name) or [] %}
  {{ measured_mapping(name, entry, spec) }}
  union all
  {%- endfor %}
  {{ measured_union(name, spec) }}
  {%- if spec.fact %}
  union all
  {{ measured_fact(name, spec.fact) }}
  union all
  {{ measured_fact_table(name, spec) }}
  {%- endif %}
  {%- if spec.metric %}
  union all
  select
    '{{ name }}' as entity,
    '{{ all_sources() }}' as source,
    {{ currency_of_total(spec) }} as currency,
    99 as step_order,
    {{ total(spec.metric.rows, 'bigint') }} as row_count,
    {{ total(spec.metric.amount, 'decimal(28, 4)') }} as amount
  from {{ ref(spec.metric.model) }}
  {%- endif %}
{%- endmacro %}

{#- What the mapping makes of the raw rows, and the rows of a repeated key that it does not keep. -#}
{% macro measured_mapping(name, entry, spec) -%}
  select
    '{{ name }}' as entity,
    '{{ entry.source }}' as source,
    mapped.currency,
    mapped.step_order,
    mapped.row_count,
    mapped.amount
  from (
    with
    {{ mapped_source(name, entities()[name], entry) }}

    select
      {{ currency_of(spec) }} as currency,
      30 as step_order,
      count(*) as row_count,
      {{ total(spec.amount, 'decimal(28, 4)') }} as amount
    from {{ entry.source }}_typed
    group by {{ currency_of(spec) }}

    union all
    {#- Which of the rows was kept decides the amount; for a count alone nothing has to be ranked. #}
    {% if spec.amount %}
    select
      {{ currency_of(spec) }} as currency,
      35 as step_order,
      -count(*) as row_count,
      -{{ total(spec.amount, 'decimal(28, 4)') }} as amount
    from {{ entry.source }}_ranked
    where _rank > 1
    group by {{ currency_of(spec) }}
    {%- else %}
    select
      cast('' as text) as currency,
      35 as step_order,
      -cast(sum(copies - 1) as bigint) as row_count,
      cast(null as decimal(28, 4)) as amount
    from {{ entry.source }}_repeated
    where {% for column in entities()[name].key %}{{ column }} is not null{% if not loop.last %} and {% endif %}{% endfor %}
    {%- endif %}
  ) as mapped
{%- endmacro %}

{% macro measured_fact(name, fact) -%}
  select
    '{{ name }}' as entity,
    source_relation as source,
    {{ currency_of(fact) }} as currency,
    70 as step_order,
    count(*) as row_count,
    {{ total(fact.amount, 'decimal(28, 4)') }} as amount
  from {{ ref(fact.model) }}
  group by source_relation, {{ currency_of(fact) }}
{%- endmacro %}

{#- The rows of every source, those that the fact leaves out by reason, and what their currency does to the rest: one pass. -#}
{% macro measured_union(name, spec) -%}
  {%- set entity = entities()[name] -%}
  {%- set by_order = has_currency_of_order(name) and spec.fact -%}
  {%- set rate = exchange_rate('priced.fact_currency', 'rates') -%}
  select
    '{{ name }}' as entity,
    pieces.source,
    pieces.currency,
    pieces.step_order,
    sum(pieces.row_count) as row_count,
    sum(pieces.amount) as amount
  from (
    with labelled as (
      select
        source_relation as source,
        {{ currency_of(spec) }} as currency,
        {{ excluded_because(name) if spec.fact else 'cast(null as text)' }} as reason
        {%- if by_order %},
        case when currency is null then order_id end as priced_like
        {%- endif %}
        {%- if spec.amount %},
        {{ business_date(entity.business_date) if entity.columns[entity.business_date].type == 'timestamp' else entity.business_date }} as business_date,
        {{ spec.amount }} as amount
        {%- endif %}
      from {{ ref('int_' ~ name ~ '__unioned') }}
    ),

    priced as (
      select
        labelled.source,
        labelled.currency,
        labelled.reason,
        {%- if spec.amount %}
        labelled.business_date,
        labelled.amount,
        {%- endif %}
        {{ 'coalesce(orders.currency, labelled.currency)' if by_order else 'labelled.currency' }} as fact_currency
      from labelled
      {%- if by_order %}
      left join {{ ref('fct_orders') }} as orders
        on labelled.priced_like = orders.order_id
      {%- endif %}
    ),

    counted as (
      select
        priced.source,
        priced.currency,
        priced.fact_currency,
        priced.reason,
        count(*) as row_count,
        {%- if spec.amount %}
        sum(priced.amount) as amount,
        sum(case when priced.reason is null then {{ in_workspace_currency('priced.amount', rate) }} - priced.amount end) as conversion,
        sum(case when priced.reason is null and {{ rate }} is null then -priced.amount end) as not_converted
        {%- else %}
        cast(null as decimal(28, 4)) as amount
        {%- endif %}
      from priced
      {%- if spec.amount %}
      left join {{ ref('int_exchange_rates__daily') }} as rates
        on priced.fact_currency = rates.currency and priced.business_date = rates.rate_on
      {%- endif %}
      group by priced.source, priced.currency, priced.fact_currency, priced.reason
    )

    select source, currency, 50 as step_order, row_count, amount
    from counted
    {%- if spec.fact %}
    {%- for reason in exclusions(name) %}
    union all
    select source, currency, {{ 51 + loop.index0 }} as step_order, -row_count as row_count, -amount as amount
    from counted
    where reason = '{{ reason }}'
    {%- endfor %}
    {%- if by_order %}
    {%- for currency, sign in (('currency', '-'), ('fact_currency', '')) %}
    union all
    select source, {{ currency }} as currency, 60 as step_order, {{ sign }}row_count as row_count, {{ sign }}amount as amount
    from counted
    where reason is null and currency <> fact_currency
    {%- endfor %}
    {%- endif %}
    {%- if spec.amount %}
    {%- for step_order, amount in ((65, 'conversion'), (66, 'not_converted')) %}
    union all
    select source, fact_currency as currency, {{ step_order }} as step_order, cast(null as bigint) as row_count, {{ amount }} as amount
    from counted
    where reason is null
    {%- endfor %}
    {%- endif %}
    {%- endif %}
  ) as pieces
  group by pieces.source, pieces.currency, pieces.step_order
{%- endmacro %}

{#- The whole fact, whatever its source, and what of it the daily metric does not count. -#}
{% macro measured_fact_table(name, spec) -%}
  {%- set not_counted = spec.metric.get('not_counted', {}) if spec.metric else {} -%}
  select
    '{{ name }}' as entity,
    '{{ all_sources() }}' as source,
    {{ currency_of_total(spec) }} as currency,
    90 as step_order,
    count(*) as row_count,
    {{ total(spec.fact.amount, 'decimal(28, 4)') }} as amount
  from {{ ref(spec.fact.model) }}
  {%- for reason in not_counted %}
  union all
  select
    '{{ name }}' as entity,
    '{{ all_sources() }}' as source,
    {{ currency_of_total(spec) }} as currency,
    {{ 91 + loop.index0 }} as step_order,
    -count(*) as row_count,
    -{{ total(spec.fact.amount, 'decimal(28, 4)') }} as amount
  from {{ ref(spec.fact.model) }}
  where {{ first_that_holds(not_counted) }} = '{{ reason }}'
  {%- endfor %}
{%- endmacro %}

{% macro total(expression, type) -%}
  {{ 'cast(sum(' ~ expression ~ ') as ' ~ type ~ ')' if expression else 'cast(null as ' ~ type ~ ')' }}
{%- endmacro %}

{#- The currency that an amount is counted in; an empty text for an entity without amounts. -#}
{% macro currency_of(spec) -%}
  {{ "coalesce(upper(currency), '" ~ var('currency') ~ "')" if spec.amount else "cast('' as text)" }}
{%- endmacro %}

{% macro currency_of_total(spec) -%}
  '{{ var('currency') if spec.amount else '' }}'
{%- endmacro %}
