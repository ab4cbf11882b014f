{#- The scored columns are null unless that survey was answered, so that a day without answers has no score and not zero. -#}
with responses as (

  select
    responses.response_id,
    responses.survey,
    responses.source_relation,
    responses.ticket_id,
    responses.customer_id,
    responses.sent_at,
    {{ business_date('responses.sent_at') }} as business_date,
    responses.responded_at,
    {{ business_date('responses.responded_at') }} as responded_on,
    responses.score,
    responses.responded_at is not null and responses.score is not null as is_answered,
    coalesce(nullif(responses.country, 'unknown'), customers.country, 'unknown') as country
  from {{ ref('int_survey_responses__unioned') }} as responses
  left join {{ ref('int_customers__unioned') }} as customers
    on responses.customer_id = customers.customer_id

)

select
  {{ surrogate_key(['survey', 'response_id']) }} as survey_response_key,
  source_relation,
  response_id,
  survey,
  ticket_id,
  customer_id,
  sent_at,
  business_date,
  responded_at,
  responded_on,
  score,
  is_answered,
  case when survey = 'csat' and is_answered then cast(1 as bigint) end as csat_answers,
  case when survey = 'csat' and is_answered then cast({{ flag("score >= 4") }} as bigint) end as csat_satisfied,
  case when survey = 'nps' and is_answered then cast(1 as bigint) end as nps_answers,
  case when survey = 'nps' and is_answered then cast({{ flag("score >= 9") }} as bigint) end as nps_promoters,
  case when survey = 'nps' and is_answered then cast({{ flag("score <= 6") }} as bigint) end as nps_detractors,
  country
from responses
