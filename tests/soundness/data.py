"""The rows of the soundness suite: small, seeded, and full of what makes semantic layers silently wrong.

Two facts per customer and day, days without rows, NULL and orphaned keys, zero denominators, equal rows twice, a
channel known to one fact only, three-hop dimensions, tickets that are not solved yet, accounts whose balance is not
taken daily.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

FIRST, LAST = date(2024, 1, 3), date(2024, 4, 17)
SPINE_FIRST, SPINE_LAST = date(2023, 10, 1), date(2024, 8, 31)
CLOSED_DAYS = frozenset({date(2024, 1, 20), date(2024, 2, 10), date(2024, 2, 11), date(2024, 2, 28), date(2024, 3, 30)})
CHANNELS = ("search", "social", "mail", "direct", None)

Rows = list[tuple[Any, ...]]

_DEFINITIONS = {
    "dim_channels": "channel varchar, is_paid boolean",
    "dim_zones": "zone varchar, hemisphere varchar",
    "dim_regions": "region varchar, zone varchar, climate varchar",
    "dim_countries": "country varchar, region varchar, currency_area varchar",
    "dim_loyalty": "card varchar, tier varchar",
    "dim_customers": "customer_id integer, country varchar, loyalty_card varchar, segment varchar, joined_on date",
    "dim_products": "product_id integer, category varchar",
    "fct_orders": "order_id integer, customer_id integer, session_id integer, channel varchar, ordered_on date, "
    "shipped_at timestamp, status varchar, amount decimal(18,2), list_amount decimal(18,2), is_first boolean, "
    "select varchar",
    "fct_order_lines": "order_line_id integer, order_id integer, product_id integer, ordered_on date, "
    "quantity integer, line_amount decimal(18,2)",
    "fct_sessions": "session_id integer, customer_id integer, visitor_id varchar, channel varchar, "
    "started_at timestamp, device varchar, is_bounce boolean",
    "fct_ad_spend": "spent_on date, channel varchar, campaign varchar, spend decimal(18,2), clicks integer",
    "fct_balances": "balance_on date, account_id varchar, customer_id integer, product_line varchar, amount decimal(18,2)",
    "fct_tickets": "ticket_id integer, customer_id integer, created_on date, solved_on date, team varchar, "
    "reply_minutes double precision",
    "dim_customer_plans": "customer_id integer, plan varchar, valid_from date, valid_to date",
    "time_spine_daily": "date_day date, fiscal_quarter varchar, retail_week date",
}
TABLES: dict[str, dict[str, str]] = {
    table: dict(column.split(" ", 1) for column in text.split(", ")) for table, text in _DEFINITIONS.items()
}


def build_rows() -> dict[str, Rows]:
    """Every table's rows, the same on each call."""
    rng = random.Random(20240417)
    rows: dict[str, Rows] = _dimensions(rng)
    sessions, orders, lines = _shop(rng)
    rows["fct_sessions"], rows["fct_orders"], rows["fct_order_lines"] = sessions, orders, lines
    rows["fct_ad_spend"] = [
        (day, channel, campaign, _money(rng, 0, 90), rng.choice((0, 0, 3, 8, 21)))
        for day in _days(FIRST - timedelta(days=9), LAST)
        for channel, campaign in (("search", "brand"), ("social", "spring"), ("affiliate", None), (None, "lost"))
        if rng.random() < 0.6
    ]
    rows["fct_balances"] = [
        (day, account, customer, rng.choice(("gold", "basic")), _money(rng, -50, 900))
        for day in _days(FIRST, LAST)
        for account, customer in (("A", 1), ("B", 2), ("C", None), ("D", 4), (None, 5))
        if rng.random() < 0.22
    ]
    rows["fct_tickets"] = [_ticket(rng, number) for number in range(1, 181)]
    rows["dim_customer_plans"] = _plans(random.Random(14))
    rows["time_spine_daily"] = [(day, fiscal_quarter(day), retail_week(day)) for day in _days(SPINE_FIRST, SPINE_LAST)]
    return rows


def fiscal_quarter(day: date) -> str:
    """The fiscal year begins in February and bears the number of the year in which it ends."""
    months = (day.month - 2) % 12
    return f"{day.year + (day.month > 1)}-Q{months // 3 + 1}"


def retail_week(day: date) -> date:
    """Weeks begin on Sunday."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _plans(rng: random.Random) -> Rows:
    """Plans that follow one another, with gaps, customers without any, and last ones without an end or with one."""
    rows: Rows = []
    for customer in range(1, 36):
        since = FIRST - timedelta(days=rng.randrange(-20, 60))
        for _ in range(rng.randrange(1, 4)):
            until = rng.choice((since + timedelta(days=rng.randrange(5, 50)), None))
            rows.append((customer, rng.choice(("basic", "plus")), since, until))
            if until is None:
                break
            since = until + timedelta(days=rng.choice((0, 0, 9)))
    return rows


def _dimensions(rng: random.Random) -> dict[str, Rows]:
    countries = (
        ("DE", "west", "EUR"),
        ("FR", "west", "EUR"),
        ("PL", "east", "PLN"),
        ("NZ", None, "NZD"),
        ("XX", "nowhere", None),
    )
    customers = [
        (number, rng.choice(("DE", "FR", "PL", "NZ", "XX", "ZZ", None)), rng.choice((f"card{number}", None, "lost")),
         rng.choice(("new", "loyal", None)), FIRST - timedelta(days=rng.randrange(400)))
        for number in range(1, 41)
    ]  # fmt: skip
    return {
        "dim_channels": [("search", True), ("social", True), ("mail", False), ("affiliate", True)],
        "dim_zones": [("north", "northern"), ("south", "southern")],
        "dim_regions": [("west", "north", "mild"), ("east", "north", None), ("unused", "south", "hot")],
        "dim_countries": list(countries),
        "dim_loyalty": [(f"card{number}", rng.choice(("silver", "gold", None))) for number in range(1, 30)],
        "dim_customers": list(customers),
        "dim_products": [(1, "shoes"), (2, "shirts"), (3, None), (4, "hats")],
    }


def _shop(rng: random.Random) -> tuple[Rows, Rows, Rows]:
    sessions: Rows = []
    orders: Rows = []
    lines: Rows = []
    for day in _days(FIRST, LAST):
        if day in CLOSED_DAYS:
            continue
        for _ in range(rng.randrange(1, 14)):
            number = len(sessions) + 1
            customer = rng.choice((None, *range(1, 45)))
            started = datetime(day.year, day.month, day.day) + timedelta(minutes=rng.randrange(24 * 60))  # noqa: DTZ001
            channel = rng.choice(CHANNELS) if day.month != 3 else rng.choice(CHANNELS[1:])
            visitor = rng.choice((None, f"v{rng.randrange(60)}"))
            sessions.append(
                (
                    number,
                    customer,
                    visitor,
                    channel,
                    started,
                    rng.choice(("mobile", "desktop", None)),
                    rng.random() < 0.4,
                )
            )
        for _ in range(rng.choice((0, 0, 1, 2, 5))):
            orders.append(_order(rng, len(orders) + 1, day, len(sessions)))
            for _ in range(rng.randrange(0, 4)):
                line = (
                    len(lines) + 1,
                    len(orders),
                    rng.choice((1, 2, 3, 4, 9, None)),
                    day,
                    rng.randrange(1, 5),
                    _money(rng, 1, 40),
                )
                lines.append(line)
    lines.append((len(lines) + 1, 999_999, 1, LAST, 2, Decimal("7.77")))
    orders += [(len(orders) + 1 + index, *order[1:]) for index, order in enumerate(orders[:12])]
    return sessions, orders, lines


def _order(rng: random.Random, number: int, day: date, sessions: int) -> tuple[Any, ...]:
    shipped = rng.choice((None, datetime(day.year, day.month, day.day, 23, 59) + timedelta(days=rng.randrange(12))))  # noqa: DTZ001
    amount = rng.choice((_money(rng, 5, 120), _money(rng, 5, 120), Decimal("0.00"), None))
    return (
        number,
        rng.choice((None, *range(1, 45))),
        rng.choice((None, rng.randrange(1, sessions + 1), 888_888)),
        rng.choice(CHANNELS),
        day,
        shipped,
        rng.choice(("paid", "paid", "refunded", None)),
        amount,
        amount and amount + _money(rng, 0, 9),
        rng.choice((True, False, None)),
        rng.choice(("from", "where")),
    )


def _ticket(rng: random.Random, number: int) -> tuple[Any, ...]:
    created = FIRST + timedelta(days=rng.randrange((LAST - FIRST).days))
    solved = rng.choice((None, created + timedelta(days=rng.randrange(20))))
    minutes = rng.choice((None, round(rng.expovariate(1 / 90), 1)))
    return (number, rng.choice((None, *range(1, 45))), created, solved, rng.choice(("first", "second", None)), minutes)


def _money(rng: random.Random, low: int, high: int) -> Decimal:
    return Decimal(rng.randrange(low * 100, high * 100)) / 100


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=index) for index in range((last - first).days + 1))
