select
  content_id,
  source_relation,
  published_at,
  {{ business_date('published_at') }} as business_date,
  content_type,
  title
from {{ ref('int_content_items__unioned') }}
