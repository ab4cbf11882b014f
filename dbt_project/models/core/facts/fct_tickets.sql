with tickets as (

  select
    ticket_id,
    source_relation,
    customer_id,
    created_at,
    first_replied_at,
    solved_at,
    reopen_count,
    is_first_contact_resolved,
    ticket_channel,
    priority,
    team,
    owner,
    country
  from {{ ref('int_tickets__unioned') }}
  where {{ excluded_because('tickets') }} is null

),

human_replies as (

  select
    replies.ticket_id,
    min(replies.replied_at) as first_replied_at,
    count(*) as reply_count
  from {{ ref('int_ticket_replies__unioned') }} as replies
  -- A message stamped before the ticket was opened does not answer it.
  inner join tickets
    on replies.ticket_id = tickets.ticket_id and replies.replied_at >= tickets.created_at
  where replies.author_kind = 'agent' and replies.is_public
  group by replies.ticket_id

),

answered as (

  select
    tickets.ticket_id,
    tickets.source_relation,
    tickets.customer_id,
    tickets.created_at,
    {{ business_date('tickets.created_at') }} as business_date,
    coalesce(tickets.first_replied_at, human_replies.first_replied_at) as first_replied_at,
    tickets.solved_at,
    {{ business_date('tickets.solved_at') }} as solved_on,
    tickets.reopen_count,
    -- Without any replies mapped the number is unknown, not zero.
    {% if is_mapped('ticket_replies') -%}
    coalesce(human_replies.reply_count, 0) as human_reply_count,
    {%- else -%}
    human_replies.reply_count as human_reply_count,
    {%- endif %}
    tickets.is_first_contact_resolved,
    tickets.ticket_channel,
    tickets.priority,
    tickets.team,
    tickets.owner,
    coalesce(nullif(tickets.country, 'unknown'), customers.country, 'unknown') as country
  from tickets
  left join human_replies
    on tickets.ticket_id = human_replies.ticket_id
  left join {{ ref('int_customers__unioned') }} as customers
    on tickets.customer_id = customers.customer_id

)

select
  answered.ticket_id,
  answered.source_relation,
  answered.customer_id,
  answered.created_at,
  answered.business_date,
  answered.first_replied_at,
  answered.solved_at,
  answered.solved_on,
  {{ business_minutes('answered.created_at', 'created_day', 'answered.first_replied_at', 'replied_day') }}
    as first_response_minutes,
  -- Around the clock: the customer waits at night, too.
  case
    when answered.solved_at >= answered.created_at
      then cast(extract(epoch from (answered.solved_at - answered.created_at)) / 3600.0 as double precision)
  end as resolution_hours,
  answered.reopen_count,
  answered.human_reply_count,
  case
    when answered.solved_at is not null
      then coalesce(
        answered.is_first_contact_resolved,
        answered.human_reply_count = 1 and answered.reopen_count = 0
      )
  end as is_first_contact_resolved,
  answered.ticket_channel,
  answered.priority,
  answered.team,
  answered.owner,
  answered.country
from answered
left join {{ ref('dim_dates') }} as created_day
  on answered.business_date = created_day.date_on
left join {{ ref('dim_dates') }} as replied_day
  on {{ business_date('answered.first_replied_at') }} = replied_day.date_on
