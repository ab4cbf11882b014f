{%- set buyer = ['channel', 'source', 'medium', 'campaign', 'device', 'country', 'region'] -%}

{{ daily_parts(
  dimensions=buyer + ['product_category', 'team', 'owner'],
  measures={
    'orders': 'bigint',
    'gross_revenue': 'decimal(28, 4)',
    'orders_with_refund': 'bigint',
    'refunds': 'decimal(28, 4)',
    'items_sold': 'decimal(28, 4)',
    'refunded_items': 'decimal(28, 4)',
    'new_customers': 'bigint',
    'first_orders_mature': 'bigint',
    'first_orders_repeated': 'bigint',
    'opportunities_closed': 'bigint',
    'opportunities_won': 'bigint'
  },
  parts=[
    {
      'fact': ref('fct_orders'),
      'date': 'business_date',
      'dimensions': buyer,
      'measures': {'orders': '1', 'gross_revenue': 'gross_amount', 'orders_with_refund': flag('has_refund')}
    },
    {
      'fact': ref('fct_order_lines'),
      'date': 'business_date',
      'dimensions': buyer + ['product_category'],
      'measures': {'items_sold': 'quantity'}
    },
    {
      'fact': ref('fct_refunds'),
      'date': 'business_date',
      'dimensions': buyer + ['product_category'],
      'measures': {'refunds': 'amount'}
    },
    {
      'fact': ref('fct_refunds'),
      'date': 'ordered_on',
      'dimensions': buyer + ['product_category'],
      'measures': {'refunded_items': 'quantity'}
    },
    {
      'fact': ref('fct_customer_first_orders'),
      'date': 'business_date',
      'dimensions': buyer,
      'measures': {
        'new_customers': '1',
        'first_orders_mature': flag('is_mature'),
        'first_orders_repeated': flag('is_mature and is_repeated_within_30_days')
      }
    },
    {
      'fact': ref('fct_opportunities'),
      'date': 'closed_on',
      'dimensions': ['channel', 'source', 'medium', 'campaign', 'country', 'team', 'owner'],
      'measures': {'opportunities_closed': flag('is_closed'), 'opportunities_won': flag('is_closed and is_won')}
    }
  ]
) }}
