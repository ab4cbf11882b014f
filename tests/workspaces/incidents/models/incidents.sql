with events as (

  select
    "number" as ticket_id,
    incident_state,
    made_sla,
    reassignment_count,
    reopen_count,
    opened_at,
    resolved_at,
    sys_updated_at,
    row_number() over (partition by "number" order by sys_mod_count desc, sys_updated_at desc) as recency
  from {{ source('raw_servicedesk', 'events') }}

),

first_touches as (

  select
    ticket_id,
    min(sys_updated_at) as first_touched_at
  from events
  where incident_state <> 'New'
  group by ticket_id

)

select
  events.ticket_id,
  cast(events.opened_at as date) as opened_on,
  cast(events.resolved_at as date) as resolved_on,
  events.made_sla,
  events.reassignment_count > 0 as is_reassigned,
  events.reopen_count > 0 as is_reopened,
  extract(epoch from (events.resolved_at - events.opened_at)) / 3600.0 as resolution_hours,
  extract(epoch from (first_touches.first_touched_at - events.opened_at)) / 60.0 as first_touch_minutes
from events
left join first_touches
  on events.ticket_id = first_touches.ticket_id
where events.recency = 1
