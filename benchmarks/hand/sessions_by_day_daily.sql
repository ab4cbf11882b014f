select business_date as metric_time__day, sum(sessions) as sessions
from core.metrics_daily
where business_date >= date '2024-10-03' and business_date < date '2025-01-01' and sessions is not null
group by metric_time__day
