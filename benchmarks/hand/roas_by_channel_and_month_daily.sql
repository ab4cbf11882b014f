with months as (
    select dates.month, channel, sum(revenue) as revenue, sum(spend) as spend
    from core.metrics_daily
    inner join core.dim_dates as dates on metrics_daily.business_date = dates.date_day
    where
        business_date >= date '2022-01-01' and business_date < date '2025-01-01'
        and (orders is not null or spend is not null)
    group by dates.month, channel
)

select
    channel,
    cast(month as date) as metric_time__month,
    cast(revenue as double) / nullif(spend, 0) as roas
from months
