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
    'opportunities_won': 'bigint'
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
        'opportunities_won': 'case when is_closed then case when is_won then 1 else 0 end end'
      }
    }
  ]
) }}
