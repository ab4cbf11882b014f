with months as (
    select date_trunc('month', business_date) as month, sum(revenue) as revenue
    from (
        select business_date, sum(revenue) as revenue
        from core.metrics_daily
        where business_date >= date '2023-12-01' and business_date < date '2025-01-01'
        group by business_date
    )
    group by month
)

select
    cast(months.month as date) as metric_time__month,
    cast(months.revenue as double) / nullif(before.revenue, 0) - 1 as revenue_growth
from months
left join months as before on before.month = months.month - interval '1 month'
where months.month >= date '2024-01-01'
