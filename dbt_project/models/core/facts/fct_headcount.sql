select
  {{ surrogate_key(['month_on', 'team']) }} as headcount_key,
  source_relation,
  cast(date_trunc('month', month_on) as date) as business_date,
  team,
  headcount_start,
  headcount_end,
  cast((headcount_start + headcount_end) / 2.0 as double precision) as mean_headcount,
  joiners,
  leavers
from {{ ref('int_headcount__unioned') }}
