{#- Finds rows that name no currency and whose order is not there to lend its own, where other currencies than the workspace's
    are known of, from orders or exchange rates: that such rows are counted in the workspace's currency is a guess. -#}
{% test currency_is_of_order(model, column_name, to) %}
select
  rows_of_orders.order_id,
  rows_of_orders.business_date
from {{ model }} as rows_of_orders
where
  rows_of_orders.{{ column_name }} is null
  and not exists (
    select 1 from {{ to }} as orders
    where orders.order_id = rows_of_orders.order_id
  )
  and (
    exists (
      select 1 from {{ to }} as orders
      where orders.currency <> '{{ var('currency') }}'
    )
    or exists (select 1 from {{ ref('int_exchange_rates__daily') }})
  )
{% endtest %}
