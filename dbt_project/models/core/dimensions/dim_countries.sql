{{ conformed_dimension('country', [
  ref('fct_ad_performance'),
  ref('fct_web_sessions_daily'),
  ref('fct_leads'),
  ref('fct_opportunities'),
  ref('fct_orders'),
  ref('fct_tickets'),
  ref('fct_survey_responses'),
  ref('fct_subscriptions'),
  ref('fct_reviews'),
  ref('fct_customer_activations'),
  ref('fct_host_messages')
]) }}
