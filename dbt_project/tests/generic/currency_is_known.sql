{#- Fails for every currency and day without an exchange rate: such amounts are null, never taken as the workspace's own
    currency. Map exchange_rates for that currency, or correct the source's currency column. -#}
{% test currency_is_known(model, column_name) %}
select
  {{ column_name }} as currency,
  min(business_date) as first_on,
  max(business_date) as last_on,
  count(*) as row_count
from {{ model }}
where exchange_rate is null
group by {{ column_name }}
{% endtest %}
