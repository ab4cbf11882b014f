{%- set acquisition = ['channel', 'source', 'medium', 'campaign', 'country'] -%}

{{ daily_parts(
  dimensions=['platform', 'channel', 'source', 'medium', 'campaign', 'device', 'country', 'region'],
  measures={
    'ad_performance_rows': 'bigint',
    'impressions': 'bigint',
    'clicks': 'bigint',
    'ad_spend': 'decimal(28, 4)',
    'ad_conversions': 'decimal(28, 4)',
    'sessions': 'bigint',
    'page_views': 'bigint',
    'bounced_sessions': 'bigint',
    'add_to_cart_sessions': 'bigint',
    'social_traffic': 'bigint',
    'scroll_depth_sum': 'decimal(28, 6)',
    'sessions_with_scroll_depth': 'bigint',
    'forms_submitted': 'bigint',
    'cta_impressions': 'bigint',
    'cta_interactions': 'bigint',
    'leads': 'bigint',
    'valid_leads': 'bigint',
    'rated_leads': 'bigint',
    'sales_rating_points': 'bigint',
    'qualified_lead_rows': 'bigint',
    'qualified_leads': 'bigint',
    'qualified_leads_accepted': 'bigint',
    'accepted_lead_rows': 'bigint',
    'accepted_leads': 'bigint',
    'deals_won_from_leads': 'bigint',
    'attributed_order_rows': 'bigint',
    'ad_attributed_orders': 'bigint',
    'ad_attributed_revenue': 'decimal(28, 4)',
    'ad_attributed_gross_profit': 'decimal(28, 4)'
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
        'ad_spend': 'ad_spend',
        'ad_conversions': 'conversions'
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
        'add_to_cart_sessions': 'add_to_cart_sessions',
        'social_traffic': "case when channel = 'social' then sessions when channel is not null then 0 end",
        'scroll_depth_sum': 'scroll_depth_share_sum',
        'sessions_with_scroll_depth': 'nullif(scroll_depth_sessions, 0)',
        'forms_submitted': 'form_submits',
        'cta_impressions': 'cta_impressions',
        'cta_interactions': 'cta_interactions'
      }
    },
    {
      'fact': ref('fct_leads'),
      'date': 'business_date',
      'dimensions': acquisition,
      'measures': {
        'leads': '1',
        'valid_leads': 'case when is_valid then 1 else 0 end',
        'rated_leads': 'case when sales_rating between 1 and 5 and not is_test and not is_duplicate then 1 end',
        'sales_rating_points': 'case when sales_rating between 1 and 5 and not is_test and not is_duplicate then sales_rating end',
        'deals_won_from_leads': flag('has_won_deal')
      }
    },
    {
      'fact': ref('fct_order_attribution'),
      'date': 'business_date',
      'dimensions': acquisition,
      'measures': {
        'attributed_order_rows': '1',
        'ad_attributed_orders': 'case when is_by_advertising then 1 end',
        'ad_attributed_revenue': 'case when is_by_advertising then gross_amount end',
        'ad_attributed_gross_profit': 'case when is_by_advertising then gross_profit end'
      }
    },
    {
      'fact': ref('fct_leads'),
      'date': 'qualified_on',
      'dimensions': acquisition,
      'measures': {
        'qualified_lead_rows': '1',
        'qualified_leads': 'case when is_test or is_duplicate then 0 else 1 end',
        'qualified_leads_accepted': 'case when is_test or is_duplicate or accepted_on is null then 0 else 1 end'
      }
    },
    {
      'fact': ref('fct_leads'),
      'date': 'accepted_on',
      'dimensions': acquisition,
      'measures': {
        'accepted_lead_rows': '1',
        'accepted_leads': 'case when is_test or is_duplicate then 0 else 1 end'
      }
    }
  ]
) }}
