with day as (
    select
        sum(sessions) as sessions,
        sum(bounces) as bounces,
        sum(orders) as orders,
        sum(revenue) as revenue,
        sum(spend) as spend,
        sum(tickets) as tickets
    from core.metrics_daily
    where business_date >= date '2024-12-31' and business_date < date '2025-01-01'
),

lately as (
    select sum(revenue) as revenue_28d
    from core.metrics_daily
    where business_date >= date '2024-12-04' and business_date < date '2025-01-01'
)

select
    sessions,
    cast(bounces as double) / nullif(sessions, 0) as bounce_rate,
    cast(orders as double) / nullif(sessions, 0) as conversion_rate,
    revenue,
    cast(revenue as double) / nullif(orders, 0) as average_order_value,
    revenue_28d,
    cast(revenue as double) / nullif(spend, 0) as roas,
    tickets as tickets_created
from day, lately
