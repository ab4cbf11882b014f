{%- set acquisition = ['channel', 'source', 'medium', 'campaign', 'country'] -%}

{{ daily_parts(
  dimensions=['platform', 'channel', 'source', 'medium', 'campaign', 'device', 'country', 'region'],
  measures={
    'ad_performance_rows': 'bigint',
    'impressions': 'bigint',
    'clicks': 'bigint',
    'ad_spend': 'decimal(28, 4)',
    'sessions': 'bigint',
    'page_views': 'bigint',
    'bounced_sessions': 'bigint',
    'add_to_cart_sessions': 'bigint',
    'leads': 'bigint',
    'valid_leads': 'bigint',
    'deals_won_from_leads': 'bigint'
  },
  parts=[
    {
      'fact': ref('fct_ad_performance'),
      'date': 'business_date',
      'dimensions': acquisition + ['platform'],
      'measures': {
        'ad_performance_rows': '1',
        'impressions': 'impressions',
        'clicks': 'clicks',
        'ad_spend': 'ad_spend'
      }
    },
    {
      'fact': ref('fct_web_sessions_daily'),
      'date': 'business_date',
      'dimensions': acquisition + ['device', 'region'],
      'measures': {
        'sessions': 'sessions',
        'page_views': 'page_views',
        'bounced_sessions': 'bounced_sessions',
        'add_to_cart_sessions': 'add_to_cart_sessions'
      }
    },
    {
      'fact': ref('fct_leads'),
      'date': 'business_date',
      'dimensions': acquisition,
      'measures': {
        'leads': '1',
        'valid_leads': 'case when is_valid then 1 else 0 end',
        'deals_won_from_leads': flag('has_won_deal')
      }
    }
  ]
) }}
