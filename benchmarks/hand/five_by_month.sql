with visits as (
    select date_trunc('month', day) as month, sum(sessions) as sessions
    from (
        select cast(started_at as date) as day, count(*) as sessions
        from core.fct_sessions
        where started_at >= date '2022-01-01' and started_at < date '2025-01-01'
        group by day
    )
    group by month
),

purchases as (
    select date_trunc('month', day) as month, sum(orders) as orders, sum(revenue) as revenue
    from (
        select cast(ordered_at as date) as day, count(*) as orders, sum(amount) as revenue
        from core.fct_orders
        where ordered_at >= date '2022-01-01' and ordered_at < date '2025-01-01'
        group by day
    )
    group by month
),

ads as (
    select date_trunc('month', spent_on) as month, sum(cost) as spend
    from (
        select spent_on, sum(cost) as cost
        from core.fct_ad_spend
        where spent_on >= date '2022-01-01' and spent_on < date '2025-01-01'
        group by spent_on
    )
    group by month
)

select
    cast(month as date) as metric_time__month,
    sessions,
    cast(orders as double) / nullif(sessions, 0) as conversion_rate,
    revenue,
    cast(revenue as double) / nullif(orders, 0) as average_order_value,
    cast(revenue as double) / nullif(spend, 0) as roas
from visits
full join purchases using (month)
full join ads using (month)
