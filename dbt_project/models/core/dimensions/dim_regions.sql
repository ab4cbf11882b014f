{{ conformed_dimension('region', [
  ref('fct_web_sessions_daily'),
  ref('fct_orders')
]) }}
