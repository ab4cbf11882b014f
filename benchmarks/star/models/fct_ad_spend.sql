-- One row per day, campaign and country; the display campaigns begin in July 2022.
select
    dates.date_day as spent_on,
    campaigns.campaign_id,
    campaigns.channel,
    {{ countries() }}[countries.range + 1] as country,
    cast({{ draw('dates.date_day, campaigns.campaign_id, countries.range, 30', 5000) }} as integer) as impressions,
    cast({{ draw('dates.date_day, campaigns.campaign_id, countries.range, 31', 200) }} as integer) as clicks,
    cast({{ draw('dates.date_day, campaigns.campaign_id, countries.range, 32', 9000) }} / 100.0 as decimal(12, 2)) as cost
from {{ ref('dim_dates') }} as dates
cross join {{ ref('dim_campaigns') }} as campaigns
cross join range(20) as countries
where campaigns.channel <> 'display' or dates.date_day >= date '2022-07-01'
order by dates.date_day
