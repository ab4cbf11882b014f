select
  post_id,
  source_relation,
  published_at,
  {{ business_date('published_at') }} as business_date,
  network,
  campaign,
  likes,
  reposts,
  shares,
  comments,
  -- a network that does not know one of the two has none of it
  coalesce(likes + reposts, likes, reposts) as reactions
from {{ ref('int_social_posts__unioned') }}
