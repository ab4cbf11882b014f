"""Money of four currencies on DuckDB and on PostgreSQL: rows, daily totals, and totals of weeks and months by the compiler.

The truth is worked out with Decimal and zoneinfo: each order at the last rate published on or before its day in Auckland.
"""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.semantic import Query, SemanticLayer
from tests.contract.dbt_project_runs import (
    RawTable,
    duckdb_database,
    open_duckdb,
    open_postgres,
    postgres_database,
    postgres_server,
)
from tests.contract.dbt_small_company import NOTHING_LOADED, VARIABLES

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ZONE = ZoneInfo("Pacific/Auckland")
CENTS = Decimal("0.0001")
_RANDOM = random.Random(20240407)
RATES: list[tuple[date, str, Decimal]] = [
    (date(2023, 12, 20) + timedelta(days=day), currency, Decimal(_RANDOM.randint(low, high)).scaleb(-scale))
    for currency, low, high, scale, step in (("USD", 140, 180, 2, 1), ("JPY", 9000, 13000, 6, 3), ("GBP", 190, 230, 2, 9))
    for day in range(0, 190, step)
]
# Around the ends of summer time in Auckland (7 April) and of months, and everywhere between.
MOMENTS = [datetime(2024, 1, 2, tzinfo=UTC) + timedelta(seconds=_RANDOM.randrange(150 * 86400)) for _ in range(300)] + [
    datetime(2024, month, day, hour, 59, 59, tzinfo=UTC) + timedelta(seconds=second)
    for month, day in ((1, 31), (2, 29), (3, 31), (4, 6), (4, 7), (4, 30))
    for hour in (10, 11, 12, 13)
    for second in (0, 1)
]
ORDERS: list[tuple[int, datetime, Decimal, str | None]] = [
    (
        number,
        moment.replace(tzinfo=None),
        Decimal(_RANDOM.randint(-500, 10_000_000)).scaleb(-_RANDOM.choice((0, 2, 4))),
        _RANDOM.choice(("USD", "jpy", "GBP", "NZD", None)),
    )
    for number, moment in enumerate(MOMENTS)
]
TABLES = [
    *NOTHING_LOADED,
    RawTable("raw_shop.orders", "id bigint, created_at timestamp, total numeric(18, 4), cur text", ORDERS),
    RawTable("raw_fx.rates", "day date, cur text, rate numeric(18, 10)", RATES),
]


def _mapping(source: str, table: str, **columns: str) -> list[dict[str, Any]]:
    place = {"source": source, "schema": f"raw_{source}", "table": table, "relations": [table]}
    return [
        {**place, "columns": {name: f'"{column}"' for name, column in columns.items()}, "query": None, "latest_by": None}
    ]


COMPANY = {
    **VARIABLES,
    "timezone": "Pacific/Auckland",
    "currency": "NZD",
    "source_timezones": {},
    "mapping": {
        "orders": _mapping("shop", "orders", order_id="id", ordered_at="created_at", gross_amount="total", currency="cur"),
        "exchange_rates": _mapping("fx", "rates", rate_on="day", currency="cur", rate="rate"),
    },
}
BUILD = ("run", "--select", "+fct_orders", "+metrics_sales_daily", "+time_spine_daily")


def _truth() -> dict[int, tuple[date, Decimal]]:
    published: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for day, currency, rate in sorted(RATES):
        published[currency].append((day, rate))
    found = {}
    for number, moment, amount, currency in ORDERS:
        day = moment.replace(tzinfo=UTC).astimezone(ZONE).date()
        rate = Decimal(1)
        if currency not in (None, "NZD"):
            known = published[currency.upper()]
            rate = known[bisect.bisect_right(known, day, key=lambda one: one[0]) - 1][1]
        found[number] = (day, (amount * rate).quantize(CENTS, ROUND_HALF_UP))
    return found


TRUTH = _truth()
Read = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Read]]:
    """The engine's name, the manifest and a function that reads rows."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "duckdb":
        database = duckdb_database(folder / "dbt", COMPANY, TABLES)
        database.dbt(*BUILD)
        with open_duckdb(database) as con:
            yield request.param, database.target, lambda sql: con.execute(sql).fetchall()
        return
    with postgres_server(folder / "server") as new_database:
        uri = new_database("money")
        database = postgres_database(folder / "dbt", uri, COMPANY, TABLES)
        database.dbt(*BUILD)
        with open_postgres(uri) as cursor:

            def read(sql: str) -> list[tuple[Any, ...]]:
                cursor.execute(sql)
                return list(cursor.fetchall())

            yield request.param, database.target, read


def test_each_order_at_the_rate_of_its_day(built: tuple[str, Path, Read]) -> None:
    _, _, read = built
    rows = read("select order_id, business_date, gross_amount from core.fct_orders")
    assert {int(order): (day, amount) for order, day, amount in rows} == TRUTH


def _period(day: date, grain: str) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "quarter": date(day.year, (day.month - 1) // 3 * 3 + 1, 1)}[grain]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter"])
@pytest.mark.parametrize(("raw", "table"), [(False, "core.metrics_sales_daily"), (True, "core.fct_orders")])
def test_totals_of_converted_money(built: tuple[str, Path, Read], raw: bool, table: str, grain: str) -> None:
    engine, target, read = built
    layer = SemanticLayer.from_manifest(target / "semantic_manifest.json")
    query = Query(["gross_revenue", "average_order_value"], [f"metric_time__{grain}"], raw=raw)
    assert table in {fact.relation for fact in layer.explain(query).facts}
    totals: dict[date, list[Decimal]] = defaultdict(list)
    for day, amount in TRUTH.values():
        totals[_period(day, grain)].append(amount)
    rows = read(layer.compile(query, engine))
    assert {day: [float(total), float(mean)] for day, total, mean in rows if mean is not None} == {
        period: pytest.approx([float(sum(amounts)), float(sum(amounts) / len(amounts))], rel=1e-12)
        for period, amounts in totals.items()
    }
