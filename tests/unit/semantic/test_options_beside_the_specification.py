"""Query options beside conversions, calendars and changing dimensions: right, or refused in words; answers counted by hand.

The rows are those of test_conversion.py (visits, orders) and test_calendars.py (orders by fiscal quarter).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import duckdb
import pytest
import sqlglot

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.manifest import Relation, SemanticModel
from metrics.semantic.render import DIALECTS
from tests.unit.semantic import test_calendars as calendars
from tests.unit.semantic import test_conversion as conversions
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model
from tests.unit.semantic.test_conversion import conversion, visits_and_orders

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
WHOLE_FEBRUARY = {"start": FEBRUARY, "end": date(2024, 2, 29)}
BERLIN = "Europe/Berlin"


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(conversions.ROWS)
        yield connection


@pytest.fixture(scope="module")
def years() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(calendars.ROWS)
        yield connection


Rows = list[tuple[Any, ...]]


def ask(con: duckdb.DuckDBPyConnection, layer: SemanticLayer, metrics: str, *group_by: str, **options: Any) -> Rows:
    query = Query(metrics.split(), list(group_by), **{"order_by": group_by, **options})
    return con.execute(layer.compile(query)).fetchall()


def refusal(layer: SemanticLayer, metrics: str, *group_by: str, **options: Any) -> str:
    with pytest.raises(QueryError) as refused:
        layer.compile(Query(metrics.split(), list(group_by), **options))
    return str(refused.value)


# conversions


def with_daily_visits() -> SemanticLayer:
    held = {"model": "visits", "time": "at", "rows": "visits", "measures": ["visits"], "dimensions": ["visit__channel"]}
    meta = {"rollup": {"date": "day", "facts": [held]}}
    known = visits_and_orders().manifest
    daily = SemanticModel("visits_daily", Relation("visits_daily", "core", None), None, {}, {}, meta)
    return SemanticLayer(replace(known, models={**known.models, daily.name: daily}, digest="with daily visits"))


def test_visits_come_from_their_daily_table_and_conversions_do_not(shop: duckdb.DuckDBPyConnection) -> None:
    shop.execute(
        """create or replace table core.visits_daily as
        select cast("at" as date) as day, channel, count(visit_id) as visits from core.visits group by all"""
    )
    by_month = {"start": JANUARY, "end": date(2024, 2, 29)}
    explained = with_daily_visits().explain(Query(["rate"], ["metric_time__month", "visit__channel"], **by_month))
    assert [fact.relation for fact in explained.facts] == ["core.visits", "core.orders", "core.visits_daily"]
    assert all("a conversion is a pair of single events" in fact.route for fact in explained.facts[:2])
    assert ask(shop, with_daily_visits(), "rate", "metric_time__month", **by_month) == [(JANUARY, 4 / 8), (FEBRUARY, 1.0)]
    asked_raw = with_daily_visits().explain(Query(["rate"], raw=True, **by_month))
    assert {fact.route for fact in asked_raw.facts} == {"route: the fact itself, because the query asks for it"}


@pytest.mark.parametrize("keys", [["metric_time__month"], []])
def test_conversions_are_compared_with_those_of_the_month_before(shop: duckdb.DuckDBPyConnection, keys: list[str]) -> None:
    """4 of 8 visits in January, 1 of 1 in February; the order of 3 February belongs to a visit of the 2nd."""
    (row,) = ask(shop, visits_and_orders(), "converted rate", *keys, compare=["previous_period"], **WHOLE_FEBRUARY)
    assert row[len(keys) :] == (1, 1.0, 4, -0.75, 0.5, 1.0)


def test_the_total_of_conversions_is_that_of_all_visits(shop: duckdb.DuckDBPyConnection) -> None:
    """Buyers: e after ads, a and c after mail, f after nothing."""
    found = ask(shop, visits_and_orders(), "converted rate buyers", "visit__channel", totals=True)
    assert found == [
        ("ads", 2, 2 / 6, 1, False), ("mail", 2, 1.0, 2, False), (None, 1, 1.0, 1, False), (None, 5, 5 / 9, 4, True),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["converted", "filled", "of_visitors"])
def test_each_conversion_is_part_of_one_share(shop: duckdb.DuckDBPyConnection, name: str) -> None:
    """Whatever counts the visits: the parts are those of the orders."""
    layer = visits_and_orders(conversion("of_visitors", base_measure={"name": "visitors"}))
    found = ask(shop, layer, name, "visit__channel", share_of_total=True)
    assert found == [("ads", 2, 0.4), ("mail", 2, 0.4), (None, 1, 0.2)]


def test_shares_of_what_does_not_add_up_are_refused() -> None:
    layer = visits_and_orders()
    assert "'buyers' is count_distinct" in refusal(layer, "buyers", "visit__channel", share_of_total=True)
    assert "it is a ratio" in refusal(layer, "rate", "visit__channel", share_of_total=True)


def test_months_of_conversions_end_with_the_last_complete_one(shop: duckdb.DuckDBPyConnection) -> None:
    known = visits_and_orders().manifest
    layer = SemanticLayer(known, {"converted": date(2024, 2, 15)}, JANUARY)
    assert ask(shop, layer, "converted", "metric_time__month") == [(JANUARY, 4)]
    assert ask(shop, layer, "converted", "metric_time__month", complete_periods=False) == [(JANUARY, 4), (FEBRUARY, 1)]


def clicks_and_carts(carts_at: str = "minute") -> SemanticLayer:
    clicks = model(
        "clicks",
        [entity("click", "primary"), entity("person", "foreign")],
        [dimension("page")],
        [measure("clicks", "sum", "1")],
        at="minute",
    )
    carts = model(
        "carts", [entity("cart", "primary"), entity("person", "foreign")], [], [measure("carts", "sum", "1")], at=carts_at
    )
    day = {"count": 1, "granularity": "day"}
    params: Mapping[str, Any] = {"base_measure": {"name": "clicks"}, "conversion_measure": {"name": "carts"}, "window": day}
    return SemanticLayer(manifest([clicks, carts], [conversion("put_in_cart", **params)]))


def test_the_hour_that_comes_twice_does_not_turn_two_events_around(engine: Engine) -> None:
    """The clocks of Berlin went from 3:00 back to 2:00 on 27 October, at 1:00 of UTC.

    a clicked x at 2:50, put it in the cart at 2:10 of the second hour, and clicked y at 2:20: the cart belongs to x. b did
    both on the evening of the 26th in UTC, after midnight in Berlin.
    """
    engine.execute("create schema core")
    engine.execute('create table core.clicks (person varchar, page varchar, "at" timestamp)')
    engine.execute('create table core.carts (person varchar, "at" timestamp)')
    engine.execute(
        "insert into core.clicks values ('a', 'x', '2024-10-27 00:50'), ('a', 'y', '2024-10-27 01:20'),"
        " ('b', 'x', '2024-10-26 22:30')"
    )
    engine.execute("insert into core.carts values ('a', '2024-10-27 01:10'), ('b', '2024-10-26 23:00')")
    layer, day = clicks_and_carts(), date(2024, 10, 27)
    local = Query(["put_in_cart"], ["metric_time__day", "click__page"], timezone=BERLIN, order_by=["metric_time__day"])
    assert engine.ask(layer, local)[1] == [(day, "x", 2)]
    assert engine.ask(layer, replace(local, start=day, end=day))[1] == [(day, "x", 2)]
    assert engine.ask(layer, replace(local, timezone=None))[1] == [(date(2024, 10, 26), "x", 1), (day, "x", 1)]


def test_conversions_that_a_time_zone_says_nothing_to_are_refused() -> None:
    assert "by hour of UTC" in refusal(clicks_and_carts("hour"), "put_in_cart", timezone=BERLIN)
    assert "carts.at, which holds dates" in refusal(clicks_and_carts("day"), "put_in_cart", timezone=BERLIN)


# changing dimensions


def _edge(name: str, *, is_start: bool) -> dict[str, Any]:
    params = {"time_granularity": "second", "validity_params": {"is_start": is_start, "is_end": not is_start}}
    return {"name": name, "type": "time", "expr": None, "type_params": params}


def test_a_changing_dimension_changes_on_the_clock_of_the_query(engine: Engine) -> None:
    """The plan changed at midnight in Berlin, 22:00 of UTC on 31 March; calls before and after it on that evening of UTC."""
    engine.execute("create schema core")
    engine.execute('create table core.calls (call integer, person varchar, "at" timestamp)')
    engine.execute("create table core.plans (person varchar, plan varchar, since timestamp, until timestamp)")
    engine.execute("insert into core.calls values (1, 'a', '2024-03-31 21:30'), (2, 'a', '2024-03-31 22:30')")
    engine.execute(
        "insert into core.plans values ('a', 'old', '2024-01-01', '2024-03-31 22:00'), ('a', 'new', '2024-03-31 22:00', null)"
    )
    calls = model(
        "calls", [entity("call", "primary"), entity("person", "foreign")], [], [measure("calls", "sum", "1")], at="second"
    )
    edges = [_edge("since", is_start=True), _edge("until", is_start=False)]
    plans = model("plans", [entity("person", "natural")], [dimension("plan"), *edges])
    layer = SemanticLayer(manifest([calls, plans], [metric("calls", measure="calls")]))
    query = Query(["calls"], ["metric_time__day", "person__plan"], timezone=BERLIN, order_by=["metric_time__day"])
    assert engine.ask(layer, query)[1] == [(date(2024, 3, 31), "old", 1), (date(2024, 4, 1), "new", 1)]


# calendars


def closed(metric_name: str, day: date, since: date = JANUARY) -> SemanticLayer:
    return SemanticLayer(calendars.layer().manifest, {metric_name: day}, since)


FISCAL = "metric_time__fiscal_quarter"


@pytest.mark.parametrize(
    ("day", "since", "quarters"),
    [
        (date(2024, 5, 30), JANUARY, []),
        (date(2024, 5, 31), JANUARY, [("FY25 Q1", 6)]),
        (date(2024, 5, 31), date(2024, 3, 2), []),
        (date(2024, 12, 31), MARCH, [("FY25 Q1", 6), ("FY25 Q2", 8)]),
    ],
)
def test_an_open_fiscal_quarter_is_not_taken_for_a_complete_one(
    years: duckdb.DuckDBPyConnection, day: date, since: date, quarters: Rows
) -> None:
    """FY25 Q1 is March to May. FY24 Q4 and FY25 Q4 stand at the ends of the time spine, which may have cut them."""
    assert ask(years, closed("amount", day, since), "amount", FISCAL) == quarters


def test_what_is_computed_over_complete_fiscal_quarters(years: duckdb.DuckDBPyConnection) -> None:
    layer = closed("amount", date(2024, 9, 15))
    assert ask(years, layer, "amount", FISCAL, share_of_total=True) == [("FY25 Q1", 6, 6 / 14), ("FY25 Q2", 8, 8 / 14)]
    by_month = ask(years, layer, "amount", "metric_time__month", FISCAL)
    assert by_month == [(MARCH, "FY25 Q1", 6), (date(2024, 6, 1), "FY25 Q2", 8)]
    assert ask(years, layer, "amount", FISCAL, start=date(2024, 3, 2)) == [("FY25 Q2", 8)]
    filled = ask(years, closed("filled", date(2024, 12, 15)), "filled", FISCAL)
    assert filled == [("FY25 Q1", 6), ("FY25 Q2", 8), ("FY25 Q3", 0)]
    weeks = ask(years, closed("amount", date(2024, 12, 31)), "amount", "metric_time__retail_wk")
    assert weeks == [(date(2024, 2, 25), 3), (date(2024, 3, 3), 4), (date(2024, 5, 26), 8)]
    for dialect in DIALECTS:
        sqlglot.parse_one(layer.compile(Query(["amount", "filled"], [FISCAL]), dialect), read=dialect)
    told = str(layer.explain(Query(["amount"], [FISCAL])))
    assert f"then only periods of {FISCAL} all of whose days lie in 2024-01-01 to 2024-09-15" in told
    assert "totals: which periods of the calendar are complete" in refusal(layer, "amount", FISCAL, totals=True)
    found = ask(years, layer, "amount", FISCAL, complete_periods=False)
    assert found == [("FY24 Q4", 1), ("FY25 Q1", 6), ("FY25 Q2", 8), ("FY25 Q4", 16)]
    assert ask(years, layer, "amount", "order__shipped_on__fiscal_quarter") == [("FY25 Q1", 3), ("FY25 Q2", 8), (None, 4)]


def test_a_bare_time_is_cut_to_complete_periods_of_its_own_grain() -> None:
    """Plans are known by month: on 15 March February is the last complete one."""
    assert "'2024-03-01'" in closed("planned", date(2024, 3, 15)).compile(Query(["planned"], ["metric_time"]))


def test_periods_of_a_calendar_are_not_compared() -> None:
    for name in ("previous_period", "same_period_last_year", "7 days"):
        told = refusal(calendars.layer(), "amount", "metric_time__retail_wk", "metric_time__day", compare=[name])
        assert "periods of the calendar (retail_wk) have none" in told


def test_totals_and_shares_by_a_calendar(years: duckdb.DuckDBPyConnection) -> None:
    layer = calendars.layer()
    found = ask(years, layer, "amount", "metric_time__fiscal_quarter", totals=True, share_of_total=True)
    parts = {"FY24 Q4": 1, "FY25 Q1": 6, "FY25 Q2": 8, "FY25 Q4": 16}
    assert found == [*((name, part, part / 31, False) for name, part in parts.items()), (None, 31, 1.0, True)]
    found = ask(
        years, layer, "amount", "metric_time__fiscal_quarter", "order__is_large", share_of_total=True, end=date(2024, 5, 31)
    )
    assert found == [("FY24 Q4", False, 1, 1.0), ("FY25 Q1", False, 2, 2 / 6), ("FY25 Q1", True, 4, 4 / 6)]


def test_a_filled_metric_has_no_periods_that_a_filter_by_the_calendar_excludes(years: duckdb.DuckDBPyConnection) -> None:
    """FY25 Q1 is March to May, and only March has orders in it."""
    where = ["{{ TimeDimension('metric_time', 'fiscal_quarter') }} = 'FY25 Q1'"]
    found = ask(years, calendars.layer(), "filled", "metric_time__month", where=where, start=JANUARY, end=date(2024, 6, 30))
    assert found == [(MARCH, 6), (date(2024, 4, 1), 0), (date(2024, 5, 1), 0)]
    both = [*where, "{{ TimeDimension('metric_time', 'day') }} < '2024-05-01'"]
    found = ask(years, calendars.layer(), "filled", "metric_time__month", where=both, start=JANUARY, end=date(2024, 6, 30))
    assert found == [(MARCH, 6), (date(2024, 4, 1), 0)]


def test_rows_of_a_calendar_are_not_taken_from_a_daily_table() -> None:
    held = {"model": "orders", "time": "at", "rows": "amount", "measures": ["amount"], "dated": True}
    known = calendars.layer().manifest
    meta = {"rollup": {"date": "day", "facts": [held]}}
    daily = SemanticModel("orders_daily", Relation("orders_daily", "core", None), None, {}, {}, meta)
    layer = SemanticLayer(replace(known, models={**known.models, daily.name: daily}, digest="with daily orders"))
    assert layer.explain(Query(["amount"], ["metric_time__month"])).facts[0].relation == "core.orders_daily"
    (read,) = layer.explain(Query(["amount"], ["metric_time__fiscal_quarter"])).facts
    assert read.relation == "core.orders"
    assert "does not hold 'metric_time__fiscal_quarter'" in read.route
