select
  messages.question_id,
  messages.source_relation,
  messages.customer_id,
  messages.host,
  messages.asked_at,
  {{ business_date('messages.asked_at') }} as business_date,
  messages.answered_at,
  -- An answer stamped before the question answers another one.
  case
    when messages.answered_at >= messages.asked_at
      then cast(extract(epoch from (messages.answered_at - messages.asked_at)) / 60.0 as double precision)
  end as response_minutes,
  coalesce(nullif(messages.country, 'unknown'), customers.country, 'unknown') as country
from {{ ref('int_host_messages__unioned') }} as messages
left join {{ ref('int_customers__unioned') }} as customers
  on messages.customer_id = customers.customer_id
