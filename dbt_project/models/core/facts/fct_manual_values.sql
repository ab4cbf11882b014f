select
  {{ surrogate_key(['metric', 'valued_on', 'segment']) }} as manual_value_key,
  source_relation,
  metric,
  valued_on as business_date,
  segment,
  value as typed_value,
  weight,
  value * weight as weighted_value
from {{ ref('int_manual_values__unioned') }}
