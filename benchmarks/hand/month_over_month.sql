with months as (
    select date_trunc('month', day) as month, sum(revenue) as revenue
    from (
        select cast(ordered_at as date) as day, sum(amount) as revenue
        from core.fct_orders
        where ordered_at >= date '2023-12-01' and ordered_at < date '2025-01-01'
        group by day
    )
    group by month
)

select
    cast(months.month as date) as metric_time__month,
    cast(months.revenue as double) / nullif(before.revenue, 0) - 1 as revenue_growth
from months
left join months as before on before.month = months.month - interval '1 month'
where months.month >= date '2024-01-01'
