with visits as (
    select count(*) as sessions, count(case when is_bounced then 1 end) as bounces
    from core.fct_sessions
    where started_at >= date '2024-12-31' and started_at < date '2025-01-01'
),

purchases as (
    select
        count(*) filter (where ordered_at >= date '2024-12-31') as orders,
        sum(amount) filter (where ordered_at >= date '2024-12-31') as revenue,
        sum(amount) as revenue_28d
    from core.fct_orders
    where ordered_at >= date '2024-12-04' and ordered_at < date '2025-01-01'
),

ads as (
    select sum(cost) as spend
    from core.fct_ad_spend
    where spent_on >= date '2024-12-31' and spent_on < date '2025-01-01'
),

support as (
    select count(*) as tickets_created
    from core.fct_tickets
    where created_at >= date '2024-12-31' and created_at < date '2025-01-01'
)

select
    sessions,
    cast(bounces as double) / nullif(sessions, 0) as bounce_rate,
    cast(orders as double) / nullif(sessions, 0) as conversion_rate,
    revenue,
    cast(revenue as double) / nullif(orders, 0) as average_order_value,
    revenue_28d,
    cast(revenue as double) / nullif(spend, 0) as roas,
    tickets_created
from visits, purchases, ads, support
