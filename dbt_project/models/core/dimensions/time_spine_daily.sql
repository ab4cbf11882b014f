with days as (

  select {{ each_day(calendar_start(), 'today') }} as day
  from {{ source('mart', 'clock') }}

)

select cast(day as date) as date_day
from days
