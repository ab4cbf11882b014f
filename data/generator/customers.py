"""Customers and what they do beside ordering: accounts, subscriptions, reviews; and the stock behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.generator.calendar import HORIZON
from data.generator.company import CATEGORIES, COUNTRIES, COUNTRY_CODES, FIRST_NAMES, LAST_NAMES, PLANS
from data.generator.frames import World, instant, labelled, on_date, rows_of_counts
from data.generator.randomness import Ints
from data.generator.sales import DAY, Orders, sku

LEGACY_SUBSCRIBERS = 620  # subscriptions older than the history, at scale 1
STARTS_PER_DAY = 2.7
DAILY_HAZARD = 0.0023
LEGACY_ID, REGISTERED_ID = 1_000_000, 3_000_000_000
_GROUPS = ("retail", "business", "student")
_CURRENCIES = [country.currency for country in COUNTRIES]


def mail_addresses(world: World, ids: Ints, domain: str = "example.org") -> list[str]:
    stream = world.stream("names")
    first = stream.integers("first", 0, len(FIRST_NAMES), ids)
    last = stream.integers("last", 0, len(LAST_NAMES), ids)
    return [f"{FIRST_NAMES[a]}.{LAST_NAMES[b]}{c % 100_000}@{domain}" for a, b, c in zip(first, last, ids, strict=True)]


def customer_table(world: World, orders: Orders) -> pd.DataFrame:
    """Buyers, people who only registered, and the subscribers of before the history."""
    stream = world.stream("customers")
    first = orders.is_first
    legacy = np.arange(round(LEGACY_SUBSCRIBERS * world.desk_scale))
    days = np.arange(world.days)
    extra_day, extra = rows_of_counts(
        stream.poisson("registered", 3.2 * world.scale * world.calendar.demand[: world.days], days)
    )
    registered = REGISTERED_ID + extra_day * 10_000 + extra
    ids = np.concatenate([LEGACY_ID + legacy, orders.customer[first], registered])
    country = np.concatenate([_legacy_country(world, legacy), orders.country[first], _country(world, registered)])
    starts = world.calendar.starts_utc
    created = np.concatenate(
        [
            starts[0] - DAY - (stream.uniform("legacy", legacy) * 400 * DAY).astype(np.int64),
            orders.ordered[first] - 120,
            world.calendar.at_utc(extra_day, stream.uniform("time", extra_day, extra) * 86_399),
        ]
    )
    day = np.concatenate([np.full(len(legacy), -1), orders.day[first], extra_day])
    reached = created + stream.exponential("activation", 4.5 * DAY, ids).astype(np.int64)
    activated = stream.chance("activates", 0.66, ids) & (reached < world.end_utc)
    regions = [region for each in COUNTRIES for region in each.regions]
    offset = np.cumsum([0] + [len(each.regions) for each in COUNTRIES])
    width = np.array([len(each.regions) for each in COUNTRIES])[country]
    frame = pd.DataFrame(
        {
            "id": ids,
            "created_at": instant(created),
            "email": mail_addresses(world, ids),
            "default_country": np.array(COUNTRY_CODES)[country],
            "default_province": np.array(regions)[offset[country] + stream.integers("region", 0, width, ids)],
            "customer_group": np.array(_GROUPS)[stream.choice("group", (0.8, 0.08, 0.12), ids)],
            "first_routine_at": instant(reached, known=activated),
            "_day": day,
            "_seen_on": day,
        }
    )
    return frame.sort_values(["_day", "id"], kind="stable")


def _country(world: World, ids: Ints) -> Ints:
    return world.stream("customer_country").choice("country", [each.share for each in COUNTRIES], ids)


def _legacy_country(world: World, numbers: Ints) -> Ints:
    return _country(world, LEGACY_ID + numbers)


def subscription_table(world: World, customers: pd.DataFrame) -> pd.DataFrame:
    """Start, plan, monthly amount and end. The hazard of cancelling follows the review rating of thirty days before."""
    stream = world.stream("subscriptions")
    legacy = np.arange(round(LEGACY_SUBSCRIBERS * world.desk_scale))
    mean = STARTS_PER_DAY * world.desk_scale * world.calendar.demand[: world.days]
    started_on, number = rows_of_counts(stream.poisson("starts", mean, np.arange(world.days)))
    day = np.concatenate([np.zeros(len(legacy), dtype=np.int64), started_on])
    ids = np.concatenate([legacy, 100_000 + started_on * 1000 + number])
    started = world.calendar.at_utc(day, stream.uniform("time", ids) * 86_399)
    known = customers["_day"].to_numpy()
    pool = np.searchsorted(known, day, side="left").clip(1)
    buyer = stream.integers("buyer", 0, pool, ids)
    is_legacy = ids < 100_000
    customer = np.where(is_legacy, LEGACY_ID + ids, customers["id"].to_numpy()[buyer])
    legacy_created = started - (DAY + stream.uniform("age", ids) * 380 * DAY).astype(np.int64)
    plan = stream.choice("plan", [share for _, _, share in PLANS], ids)
    hazard = np.cumsum(DAILY_HAZARD * world.drivers.churn)
    threshold = np.where(day > 0, hazard[np.maximum(day - 1, 0)], 0.0) + stream.exponential("life", 1.0, ids)
    cancelled_on = np.searchsorted(hazard, threshold)
    cancelled = np.maximum(
        world.calendar.at_utc(np.minimum(cancelled_on, HORIZON - 1), stream.uniform("cancel_time", ids) * 86_399),
        started + 3600,
    )
    is_cancelled = (cancelled_on < HORIZON) & (cancelled < world.end_utc)
    country_of = customers.set_index("id")["default_country"].map(COUNTRY_CODES.index)
    country = country_of.reindex(customer).to_numpy().astype(np.int64)
    factor = np.array([each.price_factor for each in COUNTRIES])[country]
    frame = pd.DataFrame(
        {
            "subscription_id": np.char.add("sub_", ids.astype(str)),
            "customer_id": customer,
            "plan": np.array([name for name, _, _ in PLANS])[plan],
            "status": np.where(is_cancelled, "canceled", "active"),
            "start_date": instant(np.where(is_legacy, legacy_created, started)),
            "canceled_at": instant(cancelled, known=is_cancelled),
            "monthly_amount": (np.array([price for _, price, _ in PLANS])[plan] * factor).round(2),
            "currency": np.array(_CURRENCIES)[country],
            "_day": day,
            "_seen_on": day,
        }
    )
    return frame.sort_values(["_day", "subscription_id"], kind="stable")


def review_table(world: World, orders: Orders) -> pd.DataFrame:
    """A quarter of the delivered orders is reviewed; the level of the ratings drifts with the hidden quality."""
    stream = world.stream("reviews")
    key = (orders.day, orders.order_id)
    written = orders.delivered + DAY + stream.exponential("delay", 4 * DAY, *key).astype(np.int64)
    rows = np.flatnonzero(stream.chance("writes", 0.25, *key) & (written < world.end_utc))
    key = (orders.day[rows], orders.order_id[rows])
    day = world.calendar.day_of_utc(written[rows])
    taste = 4.75 + 1.25 * world.drivers.rating[day] + 1.15 * stream.normal("taste", *key)
    first_line = np.searchsorted(orders.line_order, rows)
    stars = np.clip(np.rint(taste), 1, 5).astype(np.int64)
    words = np.array(["Not again", "Could be better", "All right", "Good", "Lovely"])
    frame = pd.DataFrame(
        {
            "review_id": np.char.add("rv", orders.order_id[rows].astype(str)),
            "order_id": orders.order_id[rows],
            "product_sku": [sku(product) for product in orders.line_product[first_line]],
            "customer_id": orders.customer[rows],
            "stars": stars,
            "headline": words[stars - 1],
            "submitted_at": instant(written[rows]),
            "_day": day,
            "_seen_on": day,
        }
    )
    return frame.sort_values(["submitted_at", "review_id"], kind="stable")


def inventory_table(world: World, orders: Orders) -> pd.DataFrame:
    """Movements per product and day: goods in on Mondays, goods out as ordered, and what is lost or broken."""
    stream = world.stream("inventory")
    products = 10 * len(CATEGORIES)
    cell = orders.day[orders.line_order] * products + orders.line_product
    sold = np.bincount(cell, orders.line_quantity, world.days * products).astype(np.int64)
    days, product = np.divmod(np.arange(world.days * products), products)
    weekly = 0.60 * 7 * world.scale * world.calendar.demand[days]
    kinds = {
        "shipment": -sold,
        "receipt": stream.poisson("receipt", weekly * 1.04 + 0.05, days, product) * (world.calendar.weekday[days] == 0),
        "damaged": -stream.poisson("damaged", sold * 0.006 + 0.002 * world.scale, days, product),
        "lost": -stream.poisson("lost", sold * 0.004 + 0.001 * world.scale, days, product),
        "count_correction": _corrections(world, days, product),
    }
    tables = []
    for kind, units in kinds.items():
        rows = np.flatnonzero(units)
        tables.append(
            pd.DataFrame(
                {
                    "movement_date": on_date(days[rows]),
                    "sku": [sku(number) for number in product[rows]],
                    "movement_type": kind,
                    "units": units[rows],
                    "_day": days[rows],
                    "_seen_on": days[rows],
                }
            )
        )
    frame = pd.concat(tables).sort_values(["_day", "sku", "movement_type"], kind="stable")
    return frame.assign(movement_type=labelled(pd.factorize(frame["movement_type"])[0], pd.unique(frame["movement_type"])))


def _corrections(world: World, days: Ints, product: Ints) -> Ints:
    """Stock is counted on the first Monday of a month."""
    stream = world.stream("counts")
    month = world.calendar.month[days]
    counted = (world.calendar.weekday[days] == 0) & (days >= 7) & (month != world.calendar.month[np.maximum(days - 7, 0)])
    miss = np.rint(stream.normal("miss", days, product) * (0.3 + 0.25 * world.scale)).astype(np.int64)
    return np.asarray(np.where(counted, -np.abs(miss), 0))
