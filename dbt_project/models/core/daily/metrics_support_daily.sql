{%- set desk = ['country', 'ticket_channel', 'priority', 'team', 'owner'] -%}

{{ daily_parts(
  dimensions=desk,
  measures={
    'tickets_created': 'bigint',
    'first_responses': 'bigint',
    'tickets_solved': 'bigint',
    'tickets_solved_at_first_contact': 'bigint',
    'survey_response_rows': 'bigint',
    'csat_answers': 'bigint',
    'csat_satisfied': 'bigint',
    'nps_answers': 'bigint',
    'nps_promoters': 'bigint',
    'nps_detractors': 'bigint',
    'brand_recall_answers': 'bigint',
    'brand_recalled': 'bigint'
  },
  parts=[
    {
      'fact': ref('fct_tickets'),
      'date': 'business_date',
      'dimensions': desk,
      'measures': {'tickets_created': '1', 'first_responses': 'case when first_response_minutes is not null then 1 end'}
    },
    {
      'fact': ref('fct_tickets'),
      'date': 'solved_on',
      'dimensions': desk,
      'measures': {'tickets_solved': '1', 'tickets_solved_at_first_contact': flag('is_first_contact_resolved')}
    },
    {
      'fact': ref('fct_survey_responses'),
      'date': 'responded_on',
      'dimensions': ['country'],
      'measures': {
        'survey_response_rows': '1',
        'csat_answers': 'csat_answers',
        'csat_satisfied': 'csat_satisfied',
        'nps_answers': 'nps_answers',
        'nps_promoters': 'nps_promoters',
        'nps_detractors': 'nps_detractors',
        'brand_recall_answers': "case when survey = 'brand_recall' and is_answered then 1 end",
        'brand_recalled': "case when survey = 'brand_recall' and is_answered then case when score >= 1 then 1 else 0 end end"
      }
    }
  ]
) }}
