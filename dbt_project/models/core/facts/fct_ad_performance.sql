with performance as (

  select
    platform,
    performance_on as business_date,
    campaign_id,
    campaign,
    channel,
    source,
    medium,
    country,
    upper(currency) as currency,
    spend,
    impressions,
    clicks,
    conversions,
    conversions_value,
    video_views_3s,
    video_views_15s,
    video_views_30s,
    source_relation
  from {{ ref('int_ad_performance__unioned') }}

)

select
  {{ surrogate_key(['performance.platform', 'performance.business_date', 'performance.campaign_id', 'performance.country']) }}
    as ad_performance_key,
  performance.source_relation,
  performance.platform,
  performance.business_date,
  performance.campaign_id,
  performance.campaign,
  performance.channel,
  performance.source,
  performance.medium,
  performance.country,
  performance.currency,
  {{ exchange_rate('performance.currency', 'rates') }} as exchange_rate,
  {{ in_workspace_currency('performance.spend', exchange_rate('performance.currency', 'rates')) }} as ad_spend,
  performance.impressions,
  performance.clicks,
  performance.conversions,
  {{ in_workspace_currency('performance.conversions_value', exchange_rate('performance.currency', 'rates')) }}
    as conversions_value,
  performance.video_views_3s,
  performance.video_views_15s,
  performance.video_views_30s
from performance
left join {{ ref('int_exchange_rates__daily') }} as rates
  on performance.currency = rates.currency and performance.business_date = rates.rate_on
