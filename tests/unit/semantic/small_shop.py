"""Two facts of a small shop and a daily table over both, as a manifest and as DuckDB or PostgreSQL tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from metrics.semantic.manifest import Manifest
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model, time

ORDER_COLUMNS = (
    'order_id integer, "at" date, paid_on date, channel varchar, status varchar, buyer integer, amount decimal(18,2)'
)
VISIT_COLUMNS = 'visit integer, "at" date, channel varchar, device varchar, is_bounce boolean'

# One row per day, channel and status: orders by at, orders by paid_on and visits by at, stacked.
DAILY = """
create table core.shop_daily as
select day, channel, status,
    cast(sum(order_rows) as bigint) as order_rows, cast(sum(order_count) as bigint) as order_count, sum(amount) as amount,
    max(biggest) as biggest, min(smallest) as smallest,
    cast(sum(paid_rows) as bigint) as paid_rows, sum(paid_amount) as paid_amount,
    cast(sum(visits) as bigint) as visits, cast(sum(bounces) as bigint) as bounces
from (
    select "at" as day, channel, status, 1 as order_rows, case when order_id is not null then 1 else 0 end as order_count, amount,
        amount as biggest, amount as smallest,
        cast(null as integer) as paid_rows, cast(null as decimal(18,2)) as paid_amount,
        cast(null as integer) as visits, cast(null as integer) as bounces
    from core.orders where "at" is not null
    union all
    select paid_on, channel, status, null, null, null, null, null, 1, amount, null, null
    from core.orders where paid_on is not null
    union all
    select "at", channel, null, null, null, null, null, null, null, null, 1, case when is_bounce then 1 else 0 end
    from core.visits where "at" is not null
) as parts
group by day, channel, status
"""

ROLLUP = {
    "date": "day",
    "facts": [
        {
            "model": "orders",
            "time": "at",
            "rows": "order_rows",
            "measures": [{"row_count": "order_rows"}, "order_count", "amount", "biggest", "smallest"],
            "dimensions": ["channel", {"order__status": "status"}],
        },
        {
            "model": "orders",
            "time": "paid_on",
            "rows": "paid_rows",
            "measures": ["paid_amount"],
            "dimensions": ["channel", "order__status"],
        },
        {
            "model": "visits",
            "time": "at",
            "dated": True,
            "rows": "visits",
            "measures": ["visits", "bounces"],
            "dimensions": ["channel"],
        },
    ],
}


def rolled_up(name: str = "shop_daily", rollup: Any = None) -> dict[str, Any]:
    """The semantic model that declares the daily table."""
    return {**model(name, []), "config": {"meta": {"rollup": ROLLUP if rollup is None else rollup}}}


def _before(name: str, count: int, grain: str) -> dict[str, Any]:
    return {"name": name, "alias": "before", "offset_window": {"count": count, "granularity": grain}}


def small_shop(rollups: Sequence[dict[str, Any]] | None = None) -> Manifest:
    """Metrics of every kind; those of ``orders`` by two dates."""
    orders = model(
        "orders",
        [entity("order", "primary", "order_id"), entity("channel", "foreign")],
        [dimension("status"), time("paid_on")],
        [
            measure("row_count", "sum", "1"),
            measure("order_count", "count", "order_id"),
            measure("amount"),
            measure("biggest", "max", "amount"),
            measure("smallest", "min", "amount"),
            measure("average_amount", "average", "amount"),
            measure("middle", "median", "amount"),
            measure("buyers", "count_distinct", "buyer"),
            measure("paid_amount", "sum", "amount", agg_time_dimension="paid_on"),
        ],
    )
    visits = model(
        "visits",
        [entity("visit", "primary"), entity("channel", "foreign")],
        [dimension("device")],
        [measure("visits", "sum", "1"), measure("bounces", "sum_boolean", "is_bounce")],
    )
    week = {"window": {"count": 7, "granularity": "days"}, "period_agg": "last"}
    metrics = [
        metric("rows", measure="row_count"),
        metric("orders", measure={"name": "order_count", "filter": None, "fill_nulls_with": 0}),
        metric("amount", measure="amount"),
        metric("biggest", measure="biggest"),
        metric("smallest", measure="smallest"),
        metric("average_amount", measure="average_amount"),
        metric("middle", measure="middle"),
        metric("buyers", measure="buyers"),
        metric("paid_amount", measure="paid_amount"),
        metric("visits", measure="visits"),
        metric("bounces", measure="bounces"),
        metric("daily_amount", measure={"name": "amount", "join_to_timespine": True, "fill_nulls_with": 0}),
        metric("web_amount", measure="amount", filter="{{ Entity('channel') }} = 'web'"),
        metric("conversion", "ratio", numerator="orders", denominator="visits"),
        metric("bounce_rate", "ratio", numerator="bounces", denominator="visits"),
        metric("due", "derived", expr="amount - paid_amount", metrics=["amount", "paid_amount"]),
        metric("growth", "derived", expr="amount / before - 1", metrics=["amount", _before("amount", 1, "month")]),
        metric("day_change", "derived", expr="rows - before", metrics=["rows", _before("rows", 1, "day")]),
        metric("trailing", "cumulative", measure="amount", cumulative_type_params=week),
        metric("trailing_rows", "cumulative", measure="row_count", cumulative_type_params=week),
        metric("trailing_buyers", "cumulative", measure="buyers", cumulative_type_params=week),
        metric("to_date", "cumulative", measure="amount", cumulative_type_params={"grain_to_date": "month"}),
        metric("all_time", "cumulative", measure="order_count", cumulative_type_params={}),
    ]
    return manifest([orders, visits, *([rolled_up()] if rollups is None else rollups)], metrics)


def build(
    con: Any, orders: Sequence[tuple[Any, ...]], visits: Sequence[tuple[Any, ...]], spine: tuple[date, date], mark: str = "?"
) -> None:
    """Fill the tables through ``con.execute``; ``mark`` is the driver's parameter."""
    con.execute("drop schema if exists core cascade")
    con.execute("create schema core")
    con.execute(f"create table core.orders ({ORDER_COLUMNS})")
    con.execute(f"create table core.visits ({VISIT_COLUMNS})")
    con.execute("create table core.days (date_day date)")
    days = [(spine[0] + timedelta(days=index),) for index in range((spine[1] - spine[0]).days + 1)]
    for table, rows in (("orders", orders), ("visits", visits), ("days", days)):
        if rows:
            marks = ", ".join([f"({', '.join([mark] * len(rows[0]))})"] * len(rows))
            con.execute(f"insert into core.{table} values {marks}", [value for row in rows for value in row])
    con.execute(DAILY)
