-- One row per day, channel and country, with additive parts; a part is NULL where its fact has no row.
with parts as (
    select cast(started_at as date) as business_date, channel, country,
        count(*) as sessions, sum(page_views) as page_views, count(case when is_bounced then 1 end) as bounces,
        null as orders, null as revenue, null as impressions, null as clicks, null as spend, null as tickets
    from {{ ref('fct_sessions') }} group by all
    union all by name
    select cast(ordered_at as date) as business_date, channel, country, count(*) as orders, sum(amount) as revenue
    from {{ ref('fct_orders') }} group by all
    union all by name
    select spent_on as business_date, channel, country, sum(impressions) as impressions, sum(clicks) as clicks, sum(cost) as spend
    from {{ ref('fct_ad_spend') }} group by all
    union all by name
    select cast(created_at as date) as business_date, country, count(*) as tickets
    from {{ ref('fct_tickets') }} group by all
)

select
    business_date, channel, country,
    cast(sum(sessions) as bigint) as sessions,
    cast(sum(page_views) as bigint) as page_views,
    cast(sum(bounces) as bigint) as bounces,
    cast(sum(orders) as bigint) as orders,
    cast(sum(revenue) as decimal(18, 2)) as revenue,
    cast(sum(impressions) as bigint) as impressions,
    cast(sum(clicks) as bigint) as clicks,
    cast(sum(spend) as decimal(18, 2)) as spend,
    cast(sum(tickets) as bigint) as tickets
from parts
group by business_date, channel, country
order by business_date, channel, country
