with leads as (

  select
    lead_id,
    created_at,
    lower(email) as email,
    is_test,
    is_duplicate,
    coalesce(
      {{ matches('lower(email)', '^[^@[:space:]]+@[^@[:space:].]+([.][^@[:space:].]+)+$') }}, false
    ) as has_valid_email,
    coalesce(
      {{ matches('phone', '^[+]?[0-9 ()/.-]+$') }}
      and length(regexp_replace(phone, '[^0-9]', '', 'g')) between 7 and 15,
      false
    ) as has_valid_phone
  from {{ ref('int_leads__unioned') }}

),

-- A test lead never takes the place of the first real one.
numbered as (

  select
    lead_id,
    has_valid_email,
    has_valid_phone,
    is_duplicate,
    row_number() over (
      partition by email, is_test, has_valid_email
      order by created_at, lead_id
    ) as occurrence
  from leads

),

judged as (

  select
    lead_id,
    has_valid_email,
    has_valid_phone,
    coalesce(is_duplicate, has_valid_email and occurrence > 1) as is_duplicate
  from numbered

),

won as (

  select
    lead_id,
    min(closed_at) as first_won_at
  from {{ ref('int_opportunities__unioned') }}
  where is_won and lead_id is not null
  group by lead_id

)

select
  leads.lead_id,
  leads.source_relation,
  leads.created_at,
  {{ business_date('leads.created_at') }} as business_date,
  {{ hashed('leads.email') }} as email_hash,
  {{ hashed("regexp_replace(leads.phone, '[^0-9+]', '', 'g')") }} as phone_hash,
  leads.channel,
  leads.source,
  leads.medium,
  leads.campaign,
  leads.country,
  leads.owner,
  leads.team,
  leads.is_test,
  judged.has_valid_email,
  judged.has_valid_phone,
  judged.is_duplicate,
  (judged.has_valid_email or judged.has_valid_phone) and not judged.is_duplicate and not leads.is_test as is_valid,
  leads.qualified_at,
  {{ business_date('leads.qualified_at') }} as qualified_on,
  leads.accepted_at,
  {{ business_date('leads.accepted_at') }} as accepted_on,
  leads.sales_rating,
  -- Without any opportunities mapped the outcome is unknown.
  {% if is_mapped('opportunities') -%}
  won.lead_id is not null as has_won_deal,
  {%- else -%}
  cast(null as boolean) as has_won_deal,
  {%- endif %}
  won.first_won_at
from {{ ref('int_leads__unioned') }} as leads
inner join judged
  on leads.lead_id = judged.lead_id
left join won
  on leads.lead_id = won.lead_id
