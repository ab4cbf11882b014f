with days as (
    select business_date as day, sum(revenue) as revenue
    from core.metrics_daily
    where business_date >= date '2023-12-05' and business_date < date '2025-01-01'
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
