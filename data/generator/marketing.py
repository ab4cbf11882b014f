"""What marketing spends and says: ads with restatements, e-mail, social networks, content and videos."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.generator import incidents
from data.generator.company import CAMPAIGNS, CHANNEL_NAMES, COUNTRIES, COUNTRY_CODES, EMAIL_CAMPAIGNS
from data.generator.finance import euro_rates
from data.generator.frames import World, instant, on_date, rows_of_counts
from data.generator.randomness import Floats, Ints

RESTATED_DAYS = 3  # a platform revises a day until it is this old
SPEND_KNOWN = (0.91, 0.97, 0.995)  # of the final spend on the day itself, the next, ...
CONVERSIONS_KNOWN = (0.55, 0.80, 0.93)
SOCIAL_NETWORKS = (("instagram", 5200, 11.0), ("tiktok", 1900, 9.0), ("linkedin", 1400, 2.5), ("youtube", 800, 1.5))
VIDEOS = ("brew-guide", "pan-care", "founders", "garden-tour", "gift-wrap", "roastery")


def ad_table(world: World) -> pd.DataFrame:
    """One row per day, campaign and country, as the last day's export shows it: the newest days are not final."""
    cells = [(number, country) for number, each in enumerate(CAMPAIGNS) for country in each.countries]
    days = np.repeat(np.arange(world.days), len(cells))
    campaign = np.tile([number for number, _ in cells], world.days)
    country = np.tile([COUNTRY_CODES.index(code) for _, code in cells], world.days)
    spend, impressions, clicks, conversions = _performance(world, days, campaign, country)
    stream = world.stream("ads")
    age = np.minimum(world.last_day - days, RESTATED_DAYS)
    wobble = 1.0 + 0.03 * stream.normal("restated", days, campaign, country) * (age < RESTATED_DAYS)
    spend = spend * np.array([*SPEND_KNOWN, 1.0])[age] * wobble
    conversions = conversions * np.array([*CONVERSIONS_KNOWN, 1.0])[age]
    in_dollars = np.array([each.currency == "USD" for each in CAMPAIGNS])[campaign]
    spend = np.where(in_dollars, spend * euro_rates(world)["USD"][days], spend)
    starts = np.array([each.video_share for each in CAMPAIGNS])[campaign]
    plays = _video_plays(world, impressions * starts, days, campaign, country)

    def of_campaign(attribute: str) -> pd.Series:
        return pd.Series([getattr(each, attribute) for each in CAMPAIGNS]).iloc[campaign].reset_index(drop=True)

    return pd.DataFrame(
        {
            "report_date": on_date(days),
            "data_source": of_campaign("platform"),
            "campaign_id": of_campaign("campaign_id"),
            "campaign_name": of_campaign("name"),
            "network": of_campaign("network"),
            "utm_source": of_campaign("source"),
            "utm_medium": of_campaign("medium"),
            "geo": pd.Series(COUNTRY_CODES).iloc[country].reset_index(drop=True),
            "account_currency": of_campaign("currency"),
            "cost": spend.round(2),
            "impressions": impressions,
            "clicks": clicks,
            "conversions": conversions.round(2),
            "conversion_value": (conversions * 74.0).round(2),
            "video_play_3s": plays[0],
            "video_play_15s": plays[1],
            "video_play_30s": plays[2],
            "_day": days,
            "_seen_on": days,
        }
    )


def _performance(world: World, days: Ints, campaign: Ints, country: Ints) -> tuple[Floats, Ints, Ints, Floats]:
    """Final spend in euro, impressions, clicks, conversions."""
    stream, key = world.stream("ads"), (days, campaign, country)
    channel = np.array([CHANNEL_NAMES.index(each.channel) for each in CAMPAIGNS])[campaign]
    audience = np.array([each.share for each in COUNTRIES])
    reach = np.array([sum(audience[COUNTRY_CODES.index(code)] for code in each.countries) for each in CAMPAIGNS])
    budget = np.array([each.daily_spend for each in CAMPAIGNS])[campaign] * audience[country] / reach[campaign]
    level = world.calendar.demand * world.drivers.spend * incidents.factor("spend")
    by_channel = incidents.factor_of("spend", "channel", CHANNEL_NAMES)[days, channel]
    spend = stream.lognormal("spend", budget * world.scale * level[days] * by_channel, 0.18, *key)
    price = np.array([each.cpc for each in CAMPAIGNS])[campaign] * incidents.factor("cpc")[days]
    clicks = stream.poisson("clicks", spend / stream.lognormal("cpc", price, 0.10, *key), *key)
    rate = stream.lognormal("ctr", np.array([each.ctr for each in CAMPAIGNS])[campaign], 0.10, *key)
    impressions = np.maximum(stream.poisson("impressions", spend / price / rate, *key), clicks)
    fraud = incidents.factor("ad_clicks")[days] * incidents.factor_of("ad_clicks", "channel", CHANNEL_NAMES)[days, channel]
    clicks = np.minimum(np.rint(clicks * fraud).astype(np.int64), impressions)
    conversions = clicks * 0.028 * stream.uniform("conversions", *key) * 2
    return spend, impressions, clicks, conversions


def _video_plays(world: World, starts: Floats, *key: Ints) -> list[Ints]:
    stream = world.stream("video_plays")
    plays, share = [], 0.42
    for seconds in ("3s", "15s", "30s"):
        starts = starts * np.clip(share * (1 + 0.1 * stream.normal(seconds, *key)), 0, 1)
        plays.append(np.floor(starts).astype(np.int64))
    return plays


def email_table(world: World) -> pd.DataFrame:
    """One row per campaign and day on which it was sent."""
    stream, calendar = world.stream("email"), world.calendar
    size = np.array([9000, 260, 180, 8000]) * world.scale
    days = np.arange(world.days)
    sends = np.stack(
        [
            calendar.weekday[days] == 3,
            days >= 0,
            days >= 0,
            (calendar.discount_share[days] > 0) & (calendar.weekday[days] != 3),
        ],
        axis=1,
    )
    day, campaign = np.nonzero(sends)
    key = (day, campaign)
    growth = 1.0 + 0.4 * day / 730
    sent = np.maximum(1, stream.poisson("sent", size[campaign] * growth, *key))
    bounces = stream.poisson("bounces", sent * 0.014, *key)
    delivered = np.maximum(sent - bounces, 0)
    opens = np.minimum(delivered, stream.poisson("opens", delivered * np.array([0.34, 0.52, 0.22, 0.31])[campaign], *key))
    clicks = np.minimum(opens, stream.poisson("clicks", delivered * np.array([0.035, 0.09, 0.018, 0.05])[campaign], *key))
    return pd.DataFrame(
        {
            "send_date": on_date(day),
            "campaign_name": pd.Series(EMAIL_CAMPAIGNS).iloc[campaign].reset_index(drop=True),
            "sent": sent,
            "delivered": delivered,
            "unique_opens": opens,
            "unique_clicks": clicks,
            "bounced": sent - delivered,
            "unsubscribed": stream.poisson("unsubscribed", delivered * 0.0018, *key),
            "_day": day,
            "_seen_on": day,
        }
    )


def follower_table(world: World) -> pd.DataFrame:
    """Followers by network and day."""
    stream = world.stream("social")
    days, network = np.divmod(np.arange(world.days * len(SOCIAL_NETWORKS)), len(SOCIAL_NETWORKS))
    names = pd.Series([name for name, _, _ in SOCIAL_NETWORKS])
    gained = stream.poisson(
        "gained", np.array([gain for _, _, gain in SOCIAL_NETWORKS])[network] * world.scale, days, network
    )
    lost = stream.poisson(
        "lost", np.array([gain for _, _, gain in SOCIAL_NETWORKS])[network] * world.scale * 0.35, days, network
    )
    base = np.array([round(start * world.scale) for _, start, _ in SOCIAL_NETWORKS])
    stock = np.maximum(base + np.cumsum((gained - lost).reshape(world.days, -1), axis=0), 0)
    return pd.DataFrame(
        {
            "day": on_date(days),
            "network": names.iloc[network].reset_index(drop=True),
            "followers": stock.ravel(),
            "new_followers": gained,
            "unfollows": lost,
            "_day": days,
            "_seen_on": days,
        }
    )


def post_table(world: World, followers: pd.DataFrame) -> pd.DataFrame:
    """Posts with the reactions that they found; the more followers, the more reactions."""
    stream = world.stream("social")
    days, network = np.divmod(np.arange(world.days * len(SOCIAL_NETWORKS)), len(SOCIAL_NETWORKS))
    names = pd.Series([name for name, _, _ in SOCIAL_NETWORKS])
    posts = stream.poisson("posts", np.array([0.8, 0.6, 0.3, 0.1])[network], days, network)
    row, number = rows_of_counts(posts)
    day, key = days[row], (days[row], network[row], number)
    fans = followers["followers"].to_numpy()[row] + 50 * world.scale
    posted = world.calendar.at_utc(day, (9 + 10 * stream.uniform("hour", *key)) * 3600)
    frame = pd.DataFrame(
        {
            "post_id": [
                f"{SOCIAL_NETWORKS[n][0][:2]}-{d:05d}-{i}" for d, n, i in zip(day, network[row], number, strict=True)
            ],
            "network": names.iloc[network[row]].reset_index(drop=True),
            "published_at": instant(posted),
            "likes": stream.poisson("likes", stream.lognormal("liked", fans * 0.03, 0.6, *key), *key),
            "reposts": stream.poisson("reposts", stream.lognormal("reposted", fans * 0.003, 0.6, *key), *key),
            "shares": stream.poisson("shares", stream.lognormal("shared", fans * 0.004, 0.6, *key), *key),
            "comments": stream.poisson("comments", stream.lognormal("commented", fans * 0.005, 0.6, *key), *key),
            "_day": day,
            "_seen_on": day,
        }
    )
    return frame.sort_values(["published_at", "post_id"], kind="stable")


def content_table(world: World) -> pd.DataFrame:
    """Content that went live."""
    stream = world.stream("content")
    kinds = (("blog_post", 0.30), ("newsletter", 1 / 7), ("video", 0.06), ("landing_page", 0.05))
    days, kind = np.divmod(np.arange(world.days * len(kinds)), len(kinds))
    count = stream.poisson("published", np.array([mean for _, mean in kinds])[kind], days, kind)
    row, number = rows_of_counts(count * (world.calendar.is_workday[days]))
    day = days[row]
    published = pd.DataFrame(
        {
            "content_id": [f"c{d:05d}{k}{i}" for d, k, i in zip(day, kind[row], number, strict=True)],
            "content_type": pd.Series([name for name, _ in kinds]).iloc[kind[row]].reset_index(drop=True),
            "title": [
                f"{kinds[k][0].replace('_', ' ').capitalize()} {d + 1}-{i + 1}"
                for d, k, i in zip(day, kind[row], number, strict=True)
            ],
            "live_at": instant(world.calendar.at_utc(day, (8 + 9 * stream.uniform("hour", day, kind[row], number)) * 3600)),
            "author": pd.Series(["Mara", "Theo", "Sunniva"])
            .iloc[stream.integers("author", 0, 3, day, kind[row], number)]
            .to_numpy(),
            "_day": day,
            "_seen_on": day,
        }
    )
    return published.sort_values(["live_at", "content_id"], kind="stable")


def video_table(world: World) -> pd.DataFrame:
    """Plays of the videos on the own site by day."""
    stream = world.stream("content")
    days, video = np.divmod(np.arange(world.days * len(VIDEOS)), len(VIDEOS))
    shown = stream.poisson(
        "shown", np.maximum(stream.lognormal("reach", 900 * world.scale, 0.4, days, video), 2), days, video
    )
    plays = _video_plays(world, shown.astype(float), days, video + 100)
    return pd.DataFrame(
        {
            "view_date": on_date(days),
            "video": pd.Series(VIDEOS).iloc[video].reset_index(drop=True),
            "impressions": shown,
            "views_3s": plays[0],
            "views_15s": plays[1],
            "views_30s": plays[2],
            "_day": days,
            "_seen_on": days,
        }
    )


def marketing_tables(world: World) -> dict[str, pd.DataFrame]:
    """All tables of this module by name."""
    followers = follower_table(world)
    return {
        "ad_performance": ad_table(world),
        "campaign_sends": email_table(world),
        "posts": post_table(world, followers),
        "followers": followers,
        "published": content_table(world),
        "video_views": video_table(world),
    }
