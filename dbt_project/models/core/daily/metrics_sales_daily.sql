{%- set buyer = ['channel', 'source', 'medium', 'campaign', 'device', 'country', 'region'] -%}

{{ daily_parts(
  dimensions=buyer + ['product_category', 'team', 'owner'],
  measures={
    'orders': 'bigint',
    'gross_revenue': 'decimal(28, 4)',
    'cost_of_goods': 'decimal(28, 4)',
    'orders_with_refund': 'bigint',
    'refund_rows': 'bigint',
    'refunds': 'decimal(28, 4)',
    'order_lines': 'bigint',
    'items_sold': 'decimal(28, 4)',
    'refunded_items': 'decimal(28, 4)',
    'refunds_by_order_date': 'decimal(28, 4)',
    'new_customers': 'bigint',
    'first_orders_mature': 'bigint',
    'first_orders_repeated': 'bigint',
    'opportunity_rows': 'bigint',
    'opportunities_closed': 'bigint',
    'opportunities_won': 'bigint',
    'sales_cycles_known': 'bigint',
    'sales_result_rows': 'bigint',
    'won_amount': 'decimal(28, 4)',
    'sales_quota': 'decimal(28, 4)',
    'quotas_set': 'bigint',
    'sales_activity_rows': 'bigint',
    'calls': 'bigint',
    'emails_to_prospects': 'bigint',
    'meetings': 'bigint'
  },
  parts=[
    {
      'fact': ref('fct_orders'),
      'date': 'business_date',
      'dimensions': buyer,
      'measures': {
        'orders': '1',
        'gross_revenue': 'gross_amount',
        'cost_of_goods': 'cogs_amount',
        'orders_with_refund': flag('has_refund')
      }
    },
    {
      'fact': ref('fct_order_lines'),
      'date': 'business_date',
      'dimensions': buyer + ['product_category'],
      'measures': {'order_lines': '1', 'items_sold': 'quantity'}
    },
    {
      'fact': ref('fct_refunds'),
      'date': 'business_date',
      'dimensions': buyer + ['product_category'],
      'measures': {'refund_rows': '1', 'refunds': 'amount'}
    },
    {
      'fact': ref('fct_refunds'),
      'date': 'ordered_on',
      'dimensions': buyer + ['product_category'],
      'measures': {'refunded_items': 'quantity', 'refunds_by_order_date': 'amount'}
    },
    {
      'fact': ref('fct_customer_first_orders'),
      'date': 'business_date',
      'dimensions': buyer,
      'measures': {
        'new_customers': '1',
        'first_orders_mature': 'case when is_mature then 1 end',
        'first_orders_repeated': 'case when is_mature then case when is_repeated_within_30_days then 1 else 0 end end'
      }
    },
    {
      'fact': ref('fct_opportunities'),
      'date': 'closed_on',
      'dimensions': ['channel', 'source', 'medium', 'campaign', 'country', 'team', 'owner'],
      'measures': {
        'opportunity_rows': '1',
        'opportunities_closed': 'case when is_closed then 1 end',
        'opportunities_won': 'case when is_closed then case when is_won then 1 else 0 end end',
        'sales_cycles_known': 'case when sales_cycle_days is not null then 1 end'
      }
    },
    {
      'fact': ref('fct_sales_results'),
      'date': 'business_date',
      'dimensions': ['team', 'owner'],
      'measures': {
        'sales_result_rows': '1',
        'won_amount': 'won_amount',
        'sales_quota': 'quota_amount',
        'quotas_set': 'case when quota_amount is not null then 1 end'
      }
    },
    {
      'fact': ref('fct_sales_activities'),
      'date': 'business_date',
      'dimensions': ['channel', 'source', 'medium', 'campaign', 'country', 'team', 'owner'],
      'measures': {
        'sales_activity_rows': '1',
        'calls': "case when activity_kind = 'call' then 1 else 0 end",
        'emails_to_prospects': "case when activity_kind = 'email' then 1 else 0 end",
        'meetings': "case when activity_kind = 'meeting' then 1 else 0 end"
      }
    }
  ]
) }}
