"""Web analytics: visits with their engagement, the carts and orders they end in, and touchpoints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.generator import incidents
from data.generator.company import (
    CAMPAIGNS,
    CHANNEL_NAMES,
    CHANNELS,
    COUNTRIES,
    COUNTRY_CODES,
    DEVICE_CART,
    DEVICE_SHARES,
    DEVICES,
    EMAIL_CAMPAIGNS,
)
from data.generator.frames import (
    World,
    days_late,
    instant,
    labelled,
    link_to_earlier,
    nullable,
    rows_of_counts,
    within_day,
)
from data.generator.randomness import Bools, Floats, Ints, Stream

VISITS_PER_DAY = 548.0  # at scale 1, mean of the base years
CART_RATE, CHECKOUT_RATE = 0.178, 0.288  # per engaged visit; per filled cart
HOUR_WEIGHTS = (6, 3, 2, 1, 1, 3, 9, 18, 28, 36, 40, 42, 45, 42, 40, 40, 42, 46, 52, 60, 66, 62, 44, 20)
OUTAGE_HOURS = (9, 17)
LOAD_STOPS_AT = 10.5  # hour after which the partial load holds nothing
PAGES = (
    "/",
    "/coffee",
    "/kitchen",
    "/textiles",
    "/care",
    "/garden",
    "/gifts",
    "/subscription",
    "/blog/brewing",
    "/business",
)
PAGE_WEIGHTS = (28, 14, 9, 9, 8, 7, 6, 7, 8, 4)


@dataclass(frozen=True)
class Traffic:
    """One combination of channel, source, medium and campaign."""

    channel: int
    source: str
    medium: str
    campaign: str | None
    share: float


def _traffic() -> list[Traffic]:
    rows: list[Traffic] = []
    for number, channel in enumerate(CHANNELS):
        paid = [campaign for campaign in CAMPAIGNS if campaign.channel == channel.name]
        if paid:
            rows += [Traffic(number, each.source, each.medium, each.name, each.daily_spend / each.cpc) for each in paid]
        elif channel.name == "email":
            rows += [Traffic(number, "newsletter", "email", name, 0.4) for name in (EMAIL_CAMPAIGNS[0], EMAIL_CAMPAIGNS[3])]
            rows += [Traffic(number, "flow", "email", name, 0.1) for name in EMAIL_CAMPAIGNS[1:3]]
        else:
            rows += [Traffic(number, source, medium, None, share) for source, medium, share in channel.sources]
    return rows


TRAFFIC = _traffic()


@dataclass(frozen=True)
class Visits:
    """All visits that happened, sorted by start; the export may miss some of them."""

    day: Ints
    number: Ints  # within the day
    channel: Ints
    country: Ints
    device: Ints
    traffic: Ints
    seconds: Floats  # local, after midnight
    started: Ints  # UTC
    visitor: Ints
    is_bounce: Bools
    has_cart: Bools
    is_order: Bools

    @property
    def session_id(self) -> Ints:
        return 10_000_000_000 + self.day * 1_000_000 + self.number


def simulate_visits(world: World) -> Visits:
    stream = world.stream("visits")
    day, channel, country, is_bot = _arrivals(world, stream)
    number = within_day(day)
    hours = stream.choice("hour", HOUR_WEIGHTS, day, number)
    seconds = (hours + stream.uniform("minute", day, number)) * 3600
    down = incidents.factor("outage")[day] < 1
    kept = ~(down & (hours >= OUTAGE_HOURS[0]) & (hours < OUTAGE_HOURS[1]))
    order = np.flatnonzero(kept)
    order = order[np.lexsort((seconds[order], day[order]))]
    day, channel, country, is_bot, seconds = day[order], channel[order], country[order], is_bot[order], seconds[order]
    number = within_day(day)
    device = _devices(stream, channel, day, number)
    is_bounce = _bounces(stream, channel, is_bot, day, number)
    has_cart, is_order = _purchases(world, stream, day, number, channel, device, is_bounce)
    returns = stream.chance("returns", 0.36, day, number) & ~is_bot
    distance = stream.exponential("distance", 5 * VISITS_PER_DAY * world.scale, day, number)
    share = np.array([each.share for each in COUNTRIES])[country]
    visitor = link_to_earlier(day, country, returns, distance * share)
    return Visits(
        day,
        number,
        channel,
        country,
        device,
        _traffic_of(stream, channel, day, number),
        seconds,
        world.calendar.at_utc(day, seconds),
        2_000_000_000 + visitor,
        is_bounce,
        has_cart,
        is_order,
    )


def _arrivals(world: World, stream: Stream) -> tuple[Ints, Ints, Ints, Bools]:
    """Day, channel and country of every visit, by day."""
    calendar = world.calendar
    mean = VISITS_PER_DAY * world.scale * calendar.demand * world.drivers.sessions * incidents.factor("sessions")
    by_channel = np.array([each.share for each in CHANNELS]) * incidents.factor_of("sessions", "channel", CHANNEL_NAMES)
    mail = CHANNEL_NAMES.index("email")
    by_channel[:, mail] *= np.array([0.85, 0.85, 1.0, 1.5, 1.1, 0.85, 0.85])[calendar.weekday]
    by_country = np.array([each.share for each in COUNTRIES]) * incidents.factor_of("sessions", "country", COUNTRY_CODES)
    cells = mean[:, None, None] * by_channel[:, :, None] * by_country[:, None, :]
    cells = cells[: world.days]
    keys = np.indices(cells.shape)
    counts = stream.poisson("arrivals", cells, keys[0], keys[1], keys[2])
    bots = np.zeros_like(counts)
    extra = (incidents.factor("bots")[: world.days] - 1.0) * cells.sum(axis=(1, 2))
    bots[:, CHANNEL_NAMES.index("referral"), COUNTRY_CODES.index("US")] = np.rint(extra)
    both = np.stack([counts, bots], axis=-1)
    position, _ = rows_of_counts(both.ravel())
    day, channel, country, bot = np.unravel_index(position, both.shape)
    return day, channel, country, bot.astype(bool)


def _devices(stream: Stream, channel: Ints, day: Ints, number: Ints) -> Ints:
    shares = np.array([DEVICE_SHARES.get(name, DEVICE_SHARES[""]) for name in CHANNEL_NAMES])
    return stream.choice_by_row("device", shares, channel, day, number)


def _traffic_of(stream: Stream, channel: Ints, day: Ints, number: Ints) -> Ints:
    shares = np.zeros((len(CHANNELS), len(TRAFFIC)))
    for position, each in enumerate(TRAFFIC):
        shares[each.channel, position] = each.share
    return stream.choice_by_row("traffic", shares, channel, day, number)


def _bounces(stream: Stream, channel: Ints, is_bot: Bools, day: Ints, number: Ints) -> Bools:
    chance = np.array([each.bounce for each in CHANNELS])[channel] * incidents.factor("bounce")[day]
    return stream.chance("bounce", chance, day, number) | is_bot


def _purchases(
    world: World, stream: Stream, day: Ints, number: Ints, channel: Ints, device: Ints, is_bounce: Bools
) -> tuple[Bools, Bools]:
    """Which visits fill a cart and which of these order; only visits that do not bounce can."""
    sale = 1.0 + 1.2 * world.calendar.discount_share
    readiness = np.array([each.cart for each in CHANNELS])[channel] * np.array(DEVICE_CART)[device]
    # The share that bounces is held out of the chance, so that an incident in bounces alone leaves the carts alone.
    engaged = 1.0 - np.array([each.bounce for each in CHANNELS])[channel] * incidents.factor("bounce")[day]
    normal = 1.0 - np.array([each.bounce for each in CHANNELS])[channel]
    cart = CART_RATE * (world.drivers.cart * incidents.factor("cart") * sale)[day] * readiness * normal / engaged
    cart = cart * incidents.factor_of("cart", "device", DEVICES)[day, device]
    has_cart = stream.chance("cart", np.minimum(cart, 0.9), day, number) & ~is_bounce
    checkout = CHECKOUT_RATE * (world.drivers.checkout * incidents.factor("checkout") * sale)[day]
    is_order = stream.chance("order", np.minimum(checkout, 0.95), day, number) & has_cart
    return has_cart, is_order


def sessions_table(world: World, visits: Visits, customer_of_visit: Ints) -> pd.DataFrame:
    """The analytics export; ``customer_of_visit`` is 0 for visitors who did not log in."""
    stream = world.stream("sessions")
    key = (visits.day, visits.number)
    engaged = ~visits.is_bounce
    more = np.floor(stream.exponential("pages", 2.6, *key)).astype(np.int64)
    pages = np.where(engaged, 2 + np.minimum(more, 38), 1)
    seen = incidents.factor("page_views")[visits.day]
    pages = np.where(seen < 1, np.maximum(1, np.rint(pages * seen)), pages).astype(np.int64)
    scrolled = np.where(engaged, 63, 24) + 17 * stream.normal("scroll", *key)
    shown = stream.poisson("cta", 0.7 * pages, *key)
    late = days_late(stream, (0.006, 0.002), *key)
    stops = incidents.factor("load")[visits.day] < 1
    lost = stops & (visits.seconds > LOAD_STOPS_AT * 3600)
    frame = pd.DataFrame(
        {
            "ga_session_id": visits.session_id,
            "user_pseudo_id": visits.visitor,
            "user_id": nullable(customer_of_visit, customer_of_visit > 0),
            "session_start": instant(visits.started),
            "default_channel_group": labelled(visits.channel, (each.label for each in CHANNELS)),
            "session_source": labelled(visits.traffic, (each.source for each in TRAFFIC)),
            "session_medium": labelled(visits.traffic, (each.medium for each in TRAFFIC)),
            "session_campaign": labelled(visits.traffic, (each.campaign for each in TRAFFIC)),
            "device_category": labelled(visits.device, DEVICES),
            "country_code": labelled(visits.country, COUNTRY_CODES),
            "region": _regions(stream, visits),
            "landing_page": labelled(stream.choice("landing", PAGE_WEIGHTS, *key), PAGES),
            "screen_page_views": pages,
            "avg_percent_scrolled": np.clip(scrolled, 2, 100).round(1),
            "engaged_session": engaged.astype(np.int64),
            "add_to_carts": visits.has_cart * (1 + stream.integers("carts", 0, 3, *key) // 2),
            "form_submits": (engaged & stream.chance("form", 0.021, *key)).astype(np.int64),
            "cta_impressions": shown,
            "cta_clicks": np.minimum(shown, stream.poisson("cta_click", 0.07 * shown * engaged, *key)),
            "_day": visits.day,
            "_seen_on": visits.day + late,
        }
    )
    return frame[~lost]


def _regions(stream: Stream, visits: Visits) -> pd.Categorical:
    names = [region for country in COUNTRIES for region in country.regions]
    first = np.cumsum([0] + [len(country.regions) for country in COUNTRIES])
    width = np.array([len(country.regions) for country in COUNTRIES])[visits.country]
    within = stream.integers("region", 0, width, visits.day, visits.number)
    return labelled(first[visits.country] + within, names)


def touchpoints_table(world: World, visits: Visits, sessions: pd.DataFrame) -> pd.DataFrame:
    """Clicks that brought a visit, and ad views that brought none, by visitor: the paths that attribution reads."""
    stream = world.stream("touchpoints")
    direct = CHANNEL_NAMES.index("direct")
    views = stream.chance("view", 0.12, visits.day, visits.number) & np.isin(
        visits.channel, [CHANNEL_NAMES.index(name) for name in ("paid_search", "paid_social", "display")]
    )
    clicked = sessions.loc[sessions["default_channel_group"] != CHANNELS[direct].label]
    columns = {
        "default_channel_group": "channel_grouping",
        "session_source": "utm_source",
        "session_medium": "utm_medium",
        "session_campaign": "utm_campaign",
    }
    kept = ["user_pseudo_id", "ga_session_id", "session_start", *columns, "_day", "_seen_on"]
    clicks = clicked[kept].assign(interaction="click")
    seen = sessions.loc[sessions.index.intersection(np.flatnonzero(views)), kept].assign(interaction="view")
    earlier = stream.integers("earlier", 600, 40_000, seen["_day"], seen.index)
    start = world.calendar.starts_utc[seen["_day"]].astype("datetime64[s]")
    before = seen["session_start"] - pd.to_timedelta(earlier, unit="s").as_unit("s").to_numpy()
    seen["session_start"] = before.where(before >= start, seen["session_start"])
    seen["ga_session_id"] = seen["ga_session_id"] + 500_000
    both = pd.concat([clicks, seen.drop_duplicates("ga_session_id")]).sort_values(["_day", "ga_session_id"], kind="stable")
    both = both.rename(columns={**columns, "session_start": "touched_at", "ga_session_id": "touchpoint_id"})
    return both.assign(interaction=both["interaction"].astype("category"))
