with days as (
    select
        business_date,
        sum(sessions) as sessions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(spend) as spend
    from core.metrics_daily
    where business_date >= date '2022-01-01' and business_date < date '2025-01-01'
    group by business_date
),

months as (
    select
        date_trunc('month', business_date) as month,
        sum(sessions) as sessions,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(spend) as spend
    from days
    group by month
)

select
    cast(month as date) as metric_time__month,
    sessions,
    cast(orders as double) / nullif(sessions, 0) as conversion_rate,
    revenue,
    cast(revenue as double) / nullif(orders, 0) as average_order_value,
    cast(revenue as double) / nullif(spend, 0) as roas
from months
