"""Random queries over the soundness schema, and the comparison of two answers to one of them.

MetricFlow stops after two joins. For names three and four joins away it is given customers as one wide table, made by hand
from the four tables of the snowflake, and the near name that the same column has there.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from metrics.semantic import Query

# Names that are three or four joins away, and where the wide table has them.
FAR = {
    "customer__country__region__climate": "customer__climate",
    "customer__country__region__zone": "customer__zone_name",
    "customer__country__region__zone__hemisphere": "customer__hemisphere",
    "purchase__customer__country__region__climate": "purchase__customer__climate",
}
WIDE_CUSTOMERS = """create or replace view core.wide_customers as
    select customers.*, regions.climate, zones.zone as zone_name, zones.hemisphere
    from core.dim_customers as customers
    left join core.dim_countries as countries on customers.country = countries.country
    left join core.dim_regions as regions on countries.region = regions.region
    left join core.dim_zones as zones on regions.zone = zones.zone"""

# Group-by names by the facts that reach them exactly as MetricFlow spells them.
ORDERS = (
    "channel customer purchase__status purchase__is_large purchase__keyword purchase__shipped_at__week "
    "channel__is_paid customer__segment customer__country customer__joined_on__month session__device "
    "customer__country__currency_area session__customer__segment customer__loyalty__tier purchase__channel "
    "customer__country__region__climate customer__country__region__zone__hemisphere customer__plan "
    "purchase__shipped_at__retail_wk"
)
LINES = (
    "product product__category purchase purchase__status purchase__channel purchase__customer__segment "
    "purchase__session__device purchase__customer__country__region__climate"
)
SESSIONS = (
    "channel customer session session__device channel__is_paid customer__segment customer__country__region "
    "customer__country__region__zone"
)
SPEND = "channel ad_day__campaign channel__is_paid"
BALANCES = "account balance__product_line customer__segment customer__country customer__country__region__climate"
TICKETS = "ticket__team customer customer__segment ticket__solved_on__month customer__loyalty__tier customer__plan"
ORDERS_AND_SESSIONS = "channel customer channel__is_paid customer__segment session__device customer__country__currency_area"
BY_CHANNEL = "channel channel__is_paid"
BY_CUSTOMER = (
    "customer customer__segment customer__country customer__loyalty__tier customer__country__region__climate "
    "customer__country__region__zone__hemisphere"
)
BY_TIME_ONLY = ""

# A session's own dimensions would differ between sessions of one day, of which MetricFlow takes any.
CONVERTED = "customer customer__segment customer__country customer__loyalty__tier"
CONVERTED_CHANNEL = f"channel channel__is_paid {CONVERTED}"

# Sets of metrics that share a set of group-by names.
_FAMILIES = (
    (
        "orders order_rows amount amount_max amount_min amount_average amount_median amount_p90 amount_p75_discrete "
        "buyers first_orders amount_shipped discount paid_amount mobile_orders orders_filled refunded_amount "
        "average_order_value paid_share large_paid_share net_amount",
        ORDERS,
    ),
    (
        "amount_growth amount_week_change net_growth buyers_before filled_change paid_change amount_trailing_7d "
        "amount_trailing_2m amount_month_to_date amount_all_time amount_average_trailing_7d paid_trailing_7d "
        "amount_median_trailing_7d trailing_change amount_since_month_start amount",
        ORDERS,
    ),
    ("items line_amount items_to_paid", LINES),
    ("sessions bounces visitors bounce_rate visitors_trailing_3d", SESSIONS),
    ("spend clicks cost_per_click", SPEND),
    ("balance balance_opening balance_of_accounts", BALANCES),
    ("tickets_created tickets_solved reply_minutes", TICKETS),
    ("conversion_rate orders sessions amount visitors trailing_conversion mobile_orders", ORDERS_AND_SESSIONS),
    ("spend spend_per_buyer margin_index sessions cost_per_click amount_growth amount_all_time", BY_CHANNEL),
    ("balance tickets_solved orders sessions reply_minutes amount_trailing_2m", BY_CUSTOMER),
    # advertising, accounts, tickets and lines share no dimension but time
    ("spend clicks cost_per_click balance balance_opening tickets_created reply_minutes items line_amount", BY_TIME_ONLY),
    ("session_to_order session_to_order_filled converted_buyers converted_daily sessions orders", CONVERTED),
    ("converted_ever sessions visitors bounces", CONVERTED_CHANNEL),
)
FAMILIES = tuple((tuple(metrics.split()), tuple(names.split())) for metrics, names in _FAMILIES)

FILTERS: dict[str, tuple[str, ...]] = {
    "channel": ("{{ Entity('channel') }} in ('search', 'mail')", "{{ Entity('channel') }} is null"),
    "customer__segment": ("{{ Dimension('customer__segment') }} = 'loyal' or {{ Dimension('customer__segment') }} is null",),
    "session__device": ("{{ Dimension('session__device') }} = 'mobile'",),
    "purchase__status": ("{{ Dimension('purchase__status') }} != 'refunded'",),
    "account": ("{{ Entity('account') }} is not null",),
    "ticket__team": ("{{ Dimension('ticket__team') }} like 'f%'",),
    "product__category": ("not {{ Dimension('product__category') }} in ('hats')",),
    "ad_day__campaign": ("{{ Dimension('ad_day__campaign') }} = 'brand'",),
    "customer__country__region__climate": ("{{ Dimension('customer__country__region__climate') }} is null",),
    "customer__country__region__zone__hemisphere": (
        "{{ Dimension('customer__country__region__zone__hemisphere') }} = 'northern'",
    ),
}

ABOUT_TIME = (
    "{{ TimeDimension('metric_time', 'day') }} > '2024-02-07'",
    "{{ TimeDimension('metric_time', 'month') }} in ('2024-02-01', '2024-04-01')",
)

RANGES: dict[str, tuple[tuple[date, date], ...]] = {
    "day": (
        (date(2024, 1, 29), date(2024, 3, 2)),
        (date(2024, 3, 30), date(2024, 4, 2)),
        (date(2024, 2, 28), date(2024, 2, 28)),
    ),
    "week": ((date(2024, 1, 1), date(2024, 3, 3)), (date(2024, 4, 1), date(2024, 4, 21))),
    "month": ((date(2024, 1, 1), date(2024, 3, 31)), (date(2024, 4, 1), date(2024, 4, 30))),
    "quarter": ((date(2024, 1, 1), date(2024, 6, 30)),),
    "year": ((date(2024, 1, 1), date(2024, 12, 31)),),
    "fiscal_quarter": ((date(2024, 2, 1), date(2024, 4, 30)), (date(2023, 11, 1), date(2024, 7, 31))),
    "retail_wk": ((date(2024, 1, 7), date(2024, 3, 2)), (date(2024, 3, 31), date(2024, 4, 20))),
}
COARSER = {"day": ("week", "month"), "week": ("month", "quarter", "year"), "month": ("quarter",)}
COARSER_SHARE = 0.25
# The whole time spine. MetricFlow lets a conversion fall to an earlier session where its own one lies behind the range.
SPINE = (date(2023, 10, 1), date(2024, 8, 31))


# Beyond the range of the data these go on or look back; without a range each compiler ends them where it likes.
_NEEDS_RANGE = ("growth", "change", "before", "since", "trailing", "to_date", "all_time", "filled")


def random_queries(count: int | None, seed: int) -> Iterator[Query]:
    """Queries with metrics that share dimensions, zero to three keys, filters and ranges that fill whole periods.

    One in eight has no range, where no metric needs one. ``count`` None: without end.
    """
    rng = random.Random(seed)
    for _ in itertools.count() if count is None else range(count):
        metrics, names = rng.choice(FAMILIES)
        chosen = rng.sample(metrics, rng.choice((1, 1, 2, 3)))
        grain = rng.choice(("day", "day", "week", "month", "quarter", "year", "fiscal_quarter", "retail_wk", None))
        # A coarser grain beside it, in which weeks do not nest.
        beside = rng.choice(COARSER[grain]) if grain in COARSER and rng.random() < COARSER_SHARE else None
        keys = rng.sample(names, min(len(names), rng.choice((0, 0, 1, 1, 2))))
        group_by = [f"metric_time__{item}" for item in (beside, grain) if item] + keys
        filters = [rng.choice(FILTERS[name]) for name in names if name in FILTERS and rng.random() < 0.25]
        filters += [rng.choice(ABOUT_TIME)] if rng.random() < 0.15 else []
        if "balance_of_accounts" in chosen:
            filters.append(FILTERS["account"][0])
        start, end = rng.choice(RANGES[grain or "day"])
        converts = names in (tuple(CONVERTED.split()), tuple(CONVERTED_CHANNEL.split()))
        if converts:
            start, end = rng.choice((start, SPINE[0])), SPINE[1]
        query = Query(metrics=chosen, group_by=group_by, where=filters, start=start, end=end)
        is_open = rng.random() < 1 / 8 and not any(part in metric for metric in chosen for part in _NEEDS_RANGE)
        yield replace(query, start=None, end=None) if is_open and not converts else query


def near(name: str) -> str:
    """``name`` as it is called over the wide customers; a condition with every name in it."""
    for far in sorted(FAR, key=len, reverse=True):
        name = name.replace(far, FAR[far])
    return name


def wide_manifest(manifest: Path, to: Path) -> Path:
    """Write the manifest with the wide customers, and return where."""
    raw = json.loads(manifest.read_text(encoding="utf-8"))
    (customers,) = (model for model in raw["semantic_models"] if model["name"] == "customers")
    relation = customers["node_relation"]
    relation["relation_name"] = relation["relation_name"].replace(relation["alias"], "wide_customers")
    relation["alias"] = "wide_customers"
    (segment,) = (item for item in customers["dimensions"] if item["name"] == "segment")
    customers["dimensions"] += [{**segment, "name": name, "expr": None} for name in ("climate", "zone_name", "hemisphere")]
    to.write_text(json.dumps(raw), encoding="utf-8")
    return to


@dataclass(frozen=True)
class Answer:
    """Rows by their keys: group-by values -> metric values."""

    columns: tuple[str, ...]
    rows: dict[tuple[Any, ...], list[tuple[Any, ...]]]


def answer(connection: Any, sql: str, keys: Sequence[str], metrics: Sequence[str]) -> Answer:
    """Run ``sql`` and bring its values to one form: dates without time, numbers as floats, nan and infinity as NULL."""
    cursor = connection.execute(sql)
    names = [item[0] for item in cursor.description]
    at = [names.index(name) for name in (*keys, *metrics)]
    rows: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in cursor.fetchall():
        plain = [_plain(row[index]) for index in at]
        rows.setdefault(tuple(plain[: len(keys)]), []).append(tuple(plain[len(keys) :]))
    return Answer(tuple(metrics), rows)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        number = float(value)
        return None if math.isnan(number) or math.isinf(number) else number
    return value


# Metrics whose answers are compared to a cent only: DuckDB cuts an interpolated percentile of a decimal down to the
# decimal's scale (92.196 -> 92.19), as MetricFlow renders it; ours interpolates in double precision.
# What is exactly 116.54 becomes 116.53 when the binary number below it is cut.
_A_CENT = 0.01 + 1e-9
_TO_A_CENT = frozenset({"amount_median", "amount_p90", "amount_median_trailing_7d"})


def differences(ours: Answer, theirs: Answer) -> list[str]:
    """Every key or value in which two answers differ, in words."""
    found = []
    for key in sorted(ours.rows.keys() | theirs.rows.keys(), key=repr):
        left, right = ours.rows.get(key), theirs.rows.get(key)
        if left is None or right is None:
            known = left or right or []
            if any(value is not None for row in known for value in row):
                found.append(f"{key}: ours {left}, theirs {right}")
        elif len(left) != 1 or len(right) != 1:
            found.append(f"{key}: the key has {len(left)} rows of ours and {len(right)} of theirs")
        else:
            found += [
                f"{key} {name}: ours {mine}, theirs {other}"
                for name, mine, other in zip(ours.columns, left[0], right[0], strict=True)
                if not _same(mine, other, _A_CENT if name in _TO_A_CENT else 1e-9)
            ]
    return found


def _same(left: Any, right: Any, tolerance: float) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=tolerance)
    return bool(left == right)
