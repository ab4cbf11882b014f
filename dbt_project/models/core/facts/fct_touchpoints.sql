select
  touchpoint_id,
  source_relation,
  visitor_id,
  touched_at,
  {{ business_date('touched_at') }} as business_date,
  interaction,
  channel,
  source,
  medium,
  campaign
from {{ ref('int_touchpoints__unioned') }}
