select
  {{ surrogate_key(['video_id', 'viewed_on']) }} as video_view_key,
  source_relation,
  viewed_on as business_date,
  video_id,
  coalesce(video, video_id) as video,
  impressions,
  views_3s,
  views_15s,
  views_30s
from {{ ref('int_video_views__unioned') }}
