select
  customer_id,
  source_relation,
  created_at,
  {{ business_date('created_at') }} as created_on,
  {{ hashed('email') }} as email_hash,
  country,
  region,
  segment as customer_segment,
  activated_at
from {{ ref('int_customers__unioned') }}
