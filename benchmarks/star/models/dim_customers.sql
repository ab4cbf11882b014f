-- One row per customer.
select
    range + 1 as customer_id,
    ['consumer', 'small business', 'enterprise'][{{ draw('range, 1', 3) }} + 1] as segment,
    {{ country('range, 2') }} as country,
    cast(date '2022-01-01' + cast(range * 1096 // {{ share(40) }} as integer) as date) as signed_up_on
from range({{ share(40) }})
