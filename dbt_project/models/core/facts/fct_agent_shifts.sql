select
  shift_id,
  source_relation,
  agent,
  team,
  starts_at,
  ends_at,
  {{ business_date('starts_at') }} as business_date,
  case
    when ends_at is not null
      then cast(
        greatest(extract(epoch from (ends_at - starts_at)) / 60.0 - coalesce(break_minutes, 0), 0) as double precision
      )
  end as work_minutes
from {{ ref('int_agent_shifts__unioned') }}
