{#- Which rows of an entity its fact leaves out, and why: name of the reason -> condition over int_<entity>__unioned. The facts
    filter by it and the reconciliation counts by it, so that a reason is written down once. -#}
{% macro exclusions(entity) -%}
  {%- if entity == 'orders' -%}
    {{ return({'test_order': 'is_test'}) }}
  {%- elif entity in ('order_lines', 'refunds') -%}
    {%- set of_test_order -%}
      order_id in (select test_orders.order_id from {{ ref('int_orders__unioned') }} as test_orders where test_orders.is_test)
    {%- endset -%}
    {{ return({'of_test_order': of_test_order | trim}) }}
  {%- elif entity == 'tickets' -%}
    {{ return({'test_ticket': 'is_test'}) }}
  {%- endif -%}
  {{ return({}) }}
{%- endmacro %}

{#- SQL for the reason why a row is left out, null for a row that the fact keeps. -#}
{% macro excluded_because(entity) -%}
  {{ first_that_holds(exclusions(entity)) }}
{%- endmacro %}

{#- SQL for the name of the first condition that holds, null when none does. -#}
{% macro first_that_holds(conditions) -%}
  {%- if conditions -%}
  case
    {%- for name, condition in conditions.items() %}
    when {{ condition }} then '{{ name }}'
    {%- endfor %}
  end
  {%- else -%}
  cast(null as text)
  {%- endif -%}
{%- endmacro %}
