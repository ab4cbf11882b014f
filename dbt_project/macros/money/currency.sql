{#- Rate of a row's currency to the workspace's: 1 for its own or for none, null (never 1) for a currency without a rate.
    `rates` is int_exchange_rates__daily joined on the row's currency and business date. -#}
{% macro exchange_rate(currency, rates) -%}
  case
      when {{ currency }} is null or {{ currency }} = '{{ var('currency') }}' then cast(1 as decimal(18, 10))
      else {{ rates }}.rate
    end
{%- endmacro %}

{#- Entities whose rows belong to an order: what they sold or gave back without naming a currency is in the order's. -#}
{% macro has_currency_of_order(entity) -%}
  {{ return(entity in ('order_lines', 'refunds')) }}
{%- endmacro %}

{#- DuckDB multiplies two decimals of 18 digits within 18 digits and overflows at ten thousand; hence the wider one. -#}
{% macro in_workspace_currency(amount, rate) -%}
  cast(cast({{ amount }} as decimal(28, 4)) * {{ rate }} as decimal(18, 4))
{%- endmacro %}
