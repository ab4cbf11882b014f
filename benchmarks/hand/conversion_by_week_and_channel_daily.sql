with weeks as (
    select dates.week, channel, sum(sessions) as sessions, sum(orders) as orders
    from core.metrics_daily
    inner join core.dim_dates as dates on metrics_daily.business_date = dates.date_day
    where
        business_date >= date '2022-01-01' and business_date < date '2025-01-01'
        and (sessions is not null or orders is not null)
    group by dates.week, channel
)

select
    cast(week as date) as metric_time__week,
    channel,
    cast(orders as double) / nullif(sessions, 0) as conversion_rate
from weeks
