-- One row per campaign; a campaign belongs to one of the five paid channels.
select
    cast(range + 1 as integer) as campaign_id,
    'campaign ' || (range + 1) as campaign_name,
    ['paid_search', 'paid_social', 'display', 'email', 'affiliate'][range % 5 + 1] as channel
from range({{ campaigns() }})
