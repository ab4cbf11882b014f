{#- Last non-direct touch: what brought the buyer last within 30 x 24 hours before the order, direct visits passed over. A view
    without a click brought nobody. -#}
with touches as (

  select
    visitor_id,
    started_at as touched_at,
    session_id as touch_id,
    channel,
    source,
    medium,
    campaign
  from {{ ref('fct_web_sessions') }}
  where visitor_id is not null and channel <> 'direct'

  union all

  select
    visitor_id,
    touched_at,
    touchpoint_id as touch_id,
    channel,
    source,
    medium,
    campaign
  from {{ ref('fct_touchpoints') }}
  where visitor_id is not null and channel <> 'direct' and interaction = 'click'

),

orders as (

  select
    orders.order_id,
    orders.source_relation,
    orders.ordered_at,
    orders.business_date,
    orders.gross_amount,
    orders.cogs_amount,
    orders.channel,
    orders.source,
    orders.medium,
    orders.campaign,
    orders.country,
    sessions.visitor_id
  from {{ ref('fct_orders') }} as orders
  left join {{ ref('fct_web_sessions') }} as sessions
    on orders.session_id = sessions.session_id

),

ranked as (

  select
    orders.order_id,
    touches.touched_at,
    touches.channel,
    touches.source,
    touches.medium,
    touches.campaign,
    row_number() over (
      partition by orders.order_id
      order by touches.touched_at desc, touches.touch_id desc, touches.channel desc, coalesce(touches.campaign, '') desc
    ) as place
  from orders
  inner join touches
    on
      orders.visitor_id = touches.visitor_id
      and orders.ordered_at >= touches.touched_at
      and orders.ordered_at <= touches.touched_at + interval '720 hours'

),

attributed as (

  -- Channel, source, medium and campaign are those of one touch, or all of them the order's own.
  select
    orders.order_id,
    orders.source_relation,
    orders.ordered_at,
    orders.business_date,
    orders.gross_amount,
    orders.gross_amount - orders.cogs_amount as gross_profit,
    orders.country,
    ranked.touched_at,
    case when ranked.order_id is null then 'order' else 'touch' end as attributed_by,
    case when ranked.order_id is null then orders.channel else ranked.channel end as channel,
    case when ranked.order_id is null then orders.source else ranked.source end as source,
    case when ranked.order_id is null then orders.medium else ranked.medium end as medium,
    case when ranked.order_id is null then orders.campaign else ranked.campaign end as campaign
  from orders
  left join ranked
    on orders.order_id = ranked.order_id and ranked.place = 1

),

advertised as (

  select distinct channel
  from {{ ref('fct_ad_performance') }}
  where channel is not null

)

select
  attributed.order_id,
  attributed.source_relation,
  attributed.ordered_at,
  attributed.business_date,
  attributed.touched_at,
  attributed.attributed_by,
  attributed.gross_amount,
  cast(attributed.gross_profit as decimal(18, 4)) as gross_profit,
  advertised.channel is not null as is_by_advertising,
  attributed.channel,
  attributed.source,
  attributed.medium,
  attributed.campaign,
  attributed.country
from attributed
left join advertised
  on attributed.channel = advertised.channel
