-- One row per support ticket, in the order of time.
select
    range + 1 as ticket_id,
    timestamp '2022-01-01' + to_seconds(range * 94694400 // {{ share(33) }}) as created_at,
    {{ country('range, 40') }} as country,
    cast({{ draw('range, 41', share(40)) }} + 1 as bigint) as customer_id,
    cast({{ draw('range, 42', 600) }} as integer) as first_response_minutes
from range({{ share(33) }})
