select
  activities.activity_id,
  activities.source_relation,
  activities.occurred_at,
  {{ business_date('activities.occurred_at') }} as business_date,
  activities.activity_kind,
  activities.duration_minutes,
  coalesce(activities.lead_id, opportunities.lead_id) as lead_id,
  activities.opportunity_id,
  activities.owner,
  activities.team,
  leads.channel,
  leads.source,
  leads.medium,
  leads.campaign,
  coalesce(nullif(leads.country, 'unknown'), opportunities.country, 'unknown') as country
from {{ ref('int_sales_activities__unioned') }} as activities
left join {{ ref('int_opportunities__unioned') }} as opportunities
  on activities.opportunity_id = opportunities.opportunity_id
left join {{ ref('int_leads__unioned') }} as leads
  on coalesce(activities.lead_id, opportunities.lead_id) = leads.lead_id
