select
  business_date,
  channel,
  source,
  medium,
  campaign,
  device,
  country,
  region,
  count(*) as sessions,
  cast(sum(page_views) as bigint) as page_views,
  cast(sum({{ flag('is_bounce') }}) as bigint) as bounced_sessions,
  cast(sum({{ flag('is_engaged') }}) as bigint) as engaged_sessions,
  cast(sum({{ flag('has_add_to_cart') }}) as bigint) as add_to_cart_sessions,
  cast(sum(cast(scroll_depth_share as decimal(9, 6))) as decimal(28, 6)) as scroll_depth_share_sum,
  count(scroll_depth_share) as scroll_depth_sessions,
  cast(sum(form_submits) as bigint) as form_submits,
  cast(sum(cta_impressions) as bigint) as cta_impressions,
  cast(sum(cta_interactions) as bigint) as cta_interactions
from {{ ref('fct_web_sessions') }}
group by
  business_date,
  channel,
  source,
  medium,
  campaign,
  device,
  country,
  region
