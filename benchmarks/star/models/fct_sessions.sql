-- One row per web session, in the order of time; none on 2024-11-15.
with numbered as (
    select
        range as i,
        timestamp '2022-01-01' + to_seconds(range * 94694400 // {{ var('sessions') }}) as started_at,
        {{ draw('range, 10', 100) }} as by_channel
    from range({{ var('sessions') }})
),

in_channels as (
    select
        *,
        case
            when by_channel < 22 then 0
            when by_channel < 36 then 1
            when by_channel < 44 then 2
            when by_channel < 54 then 3
            when by_channel < 60 then 4
            when by_channel < 82 then 5
            when by_channel < 95 then 6
            else 7
        end as channel
    from numbered
)

select
    i + 1 as session_id,
    started_at,
    ['paid_search', 'paid_social', 'display', 'email', 'affiliate', 'organic', 'direct', 'referral'][channel + 1] as channel,
    case
        when channel < 5 then cast(channel + 1 + 5 * {{ draw('i, 11', campaigns_of_channel()) }} as integer)
    end as campaign_id,
    ['desktop', 'mobile', 'tablet'][least({{ draw('i, 12', 10) }} // 4, 2) + 1] as device,
    {{ country('i, 13') }} as country,
    {{ draw('i, 14', share(3)) }} as visitor_id,
    case when {{ draw('i, 15', 10) }} = 0 then {{ draw('i, 16', share(40)) }} + 1 end as customer_id,
    cast(1 + {{ draw('i, 17', 12) }} as integer) as page_views,
    {{ draw('i, 17', 12) }} = 0 and {{ draw('i, 18', 4) }} > 0 as is_bounced
from in_channels
where cast(started_at as date) <> date '2024-11-15'
