select cast(started_at as date) as metric_time__day, count(*) as sessions
from core.fct_sessions
where started_at >= date '2024-10-03' and started_at < date '2025-01-01'
group by metric_time__day
