select
    cast(range as date) as date_day,
    cast(date_trunc('week', range) as date) as week,
    cast(date_trunc('month', range) as date) as month
from range(date '2022-01-01', date '2025-01-01', interval 1 day)
