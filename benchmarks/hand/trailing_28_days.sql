with days as (
    select cast(ordered_at as date) as day, sum(amount) as revenue
    from core.fct_orders
    where ordered_at >= date '2023-12-05' and ordered_at < date '2025-01-01'
    group by day
),

windows as (
    select
        dates.date_day,
        sum(days.revenue) over (order by dates.date_day rows between 27 preceding and current row) as revenue_28d
    from core.dim_dates as dates
    left join days on dates.date_day = days.day
    where dates.date_day >= date '2023-12-05' and dates.date_day < date '2025-01-01'
)

select date_day as metric_time__day, revenue_28d
from windows
where date_day >= date '2024-01-01'
