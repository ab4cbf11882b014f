select
  {{ surrogate_key(['sent_on', 'campaign_id']) }} as email_send_key,
  source_relation,
  sent_on as business_date,
  campaign_id,
  campaign,
  sent,
  delivered,
  unique_opens,
  unique_clicks,
  unsubscribed
from {{ ref('int_email_sends__unioned') }}
