with purchases as (
    select date_trunc('month', day) as month, channel, sum(revenue) as revenue
    from (
        select cast(ordered_at as date) as day, channel, sum(amount) as revenue
        from core.fct_orders
        where ordered_at >= date '2022-01-01' and ordered_at < date '2025-01-01'
        group by day, channel
    )
    group by month, channel
),

ads as (
    select date_trunc('month', spent_on) as month, channel, sum(cost) as spend
    from (
        select spent_on, channel, sum(cost) as cost
        from core.fct_ad_spend
        where spent_on >= date '2022-01-01' and spent_on < date '2025-01-01'
        group by spent_on, channel
    )
    group by month, channel
)

select
    coalesce(purchases.channel, ads.channel) as channel,
    cast(coalesce(purchases.month, ads.month) as date) as metric_time__month,
    cast(purchases.revenue as double) / nullif(ads.spend, 0) as roas
from purchases
full join ads on purchases.month = ads.month and purchases.channel is not distinct from ads.channel
