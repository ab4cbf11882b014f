{{ conformed_dimension('campaign', [
  ref('fct_ad_performance'),
  ref('fct_email_sends'),
  ref('fct_web_sessions_daily'),
  ref('fct_leads'),
  ref('fct_opportunities'),
  ref('fct_orders')
]) }}
