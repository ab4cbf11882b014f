{{ daily_parts(
  dimensions=['campaign', 'network', 'content_type', 'video'],
  measures={
    'email_send_rows': 'bigint',
    'emails_sent': 'bigint',
    'emails_delivered': 'bigint',
    'email_opens': 'bigint',
    'email_clicks': 'bigint',
    'social_posts': 'bigint',
    'social_reactions': 'bigint',
    'social_shares': 'bigint',
    'social_follower_rows': 'bigint',
    'new_followers': 'bigint',
    'content_items': 'bigint',
    'blog_posts_published': 'bigint',
    'video_view_rows': 'bigint',
    'video_impressions': 'bigint',
    'video_views': 'bigint',
    'video_views_15s': 'bigint',
    'video_views_30s': 'bigint'
  },
  parts=[
    {
      'fact': ref('fct_email_sends'),
      'date': 'business_date',
      'dimensions': ['campaign'],
      'measures': {
        'email_send_rows': '1',
        'emails_sent': 'sent',
        'emails_delivered': 'delivered',
        'email_opens': 'unique_opens',
        'email_clicks': 'unique_clicks'
      }
    },
    {
      'fact': ref('fct_social_posts'),
      'date': 'business_date',
      'dimensions': ['campaign', 'network'],
      'measures': {
        'social_posts': '1',
        'social_reactions': 'reactions',
        'social_shares': 'shares'
      }
    },
    {
      'fact': ref('fct_social_followers'),
      'date': 'business_date',
      'dimensions': ['network'],
      'measures': {
        'social_follower_rows': '1',
        'new_followers': 'new_followers'
      }
    },
    {
      'fact': ref('fct_content_items'),
      'date': 'business_date',
      'dimensions': ['content_type'],
      'measures': {
        'content_items': '1',
        'blog_posts_published': flag("content_type = 'blog_post'")
      }
    },
    {
      'fact': ref('fct_video_views'),
      'date': 'business_date',
      'dimensions': ['video'],
      'measures': {
        'video_view_rows': '1',
        'video_impressions': 'impressions',
        'video_views': 'views_3s',
        'video_views_15s': 'views_15s',
        'video_views_30s': 'views_30s'
      }
    }
  ]
) }}
