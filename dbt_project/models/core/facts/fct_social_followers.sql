select
  {{ surrogate_key(['network', 'account', 'counted_on']) }} as social_follower_key,
  source_relation,
  counted_on as business_date,
  network,
  account,
  network || ':' || account as social_account,
  followers,
  new_followers,
  unfollows
from {{ ref('int_social_followers__unioned') }}
