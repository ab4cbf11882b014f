with visits as (
    select date_trunc('week', day) as week, channel, sum(sessions) as sessions
    from (
        select cast(started_at as date) as day, channel, count(*) as sessions
        from core.fct_sessions
        where started_at >= date '2022-01-01' and started_at < date '2025-01-01'
        group by day, channel
    )
    group by week, channel
),

purchases as (
    select date_trunc('week', day) as week, channel, sum(orders) as orders
    from (
        select cast(ordered_at as date) as day, channel, count(*) as orders
        from core.fct_orders
        where ordered_at >= date '2022-01-01' and ordered_at < date '2025-01-01'
        group by day, channel
    )
    group by week, channel
)

select
    cast(coalesce(visits.week, purchases.week) as date) as metric_time__week,
    coalesce(visits.channel, purchases.channel) as channel,
    cast(purchases.orders as double) / nullif(visits.sessions, 0) as conversion_rate
from visits
full join purchases on visits.week = purchases.week and visits.channel is not distinct from purchases.channel
