-- One row per order, on the day of its session; 2 % of the orders have no session, hence no channel.
select
    row_number() over () as order_id,
    least(
        started_at + to_seconds({{ draw('session_id, 20', 7200) }}),
        date_trunc('day', started_at) + interval '86399 seconds'
    ) as ordered_at,
    case when {{ draw('session_id, 21', 100) }} >= 2 then session_id end as session_id,
    case when {{ draw('session_id, 21', 100) }} >= 2 then channel end as channel,
    country,
    coalesce(customer_id, {{ draw('session_id, 22', share(40)) }} + 1) as customer_id,
    cast((500 + {{ draw('session_id, 23', 25000) }}) / 100.0 as decimal(12, 2)) as amount
from {{ ref('fct_sessions') }}
where {{ draw('session_id, 24', 1000) }} < 75
order by started_at
