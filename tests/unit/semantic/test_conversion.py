"""Conversion metrics on nine visits and six orders, with answers counted by hand from the rows below."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.fact_days import FactDate
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model

ROWS = """
    create schema core;
    create table core.visits (visit_id integer, person varchar, channel varchar, plan varchar, "at" timestamp);
    create table core.orders (order_id integer, person varchar, plan varchar, kind varchar, "at" date);
    create table core.people (person varchar, city varchar);
    create table core.days (date_day date);
    insert into core.days select cast(range as date) from range(timestamp '2024-01-01', timestamp '2024-04-01', interval 1 day);
    insert into core.people values ('a', 'Bonn'), ('c', 'Bonn'), ('e', 'Rome'), ('f', null);
    insert into core.visits values
        (1, 'a', 'ads', 'x', '2024-01-01 10:00'), (2, 'a', 'mail', 'y', '2024-01-05 23:00'),  -- order of the 6th: mail
        (3, 'b', 'ads', 'x', '2024-01-01 10:00'),                       -- order seven days later: a day too late
        (4, 'c', 'ads', 'x', '2024-01-31 10:00'), (5, 'c', 'mail', 'x', '2024-02-02 10:00'),  -- order of 3 February: mail
        (6, null, 'ads', 'x', '2024-01-01 10:00'),                      -- nobody: the order of nobody is not theirs
        (7, 'd', 'ads', 'x', '2024-01-03 10:00'),                       -- ordered the day before
        (8, 'e', 'ads', 'x', '2024-01-10 10:00'),                       -- two orders
        (9, 'f', null, 'x', '2024-01-20 18:00');                        -- order of the same day
    insert into core.orders values
        (1, 'a', 'x', 'new', '2024-01-06'), (2, 'b', 'x', 'new', '2024-01-08'), (3, 'c', 'x', 'new', '2024-02-03'),
        (4, null, 'x', 'new', '2024-01-01'), (5, 'd', 'x', 'new', '2024-01-02'), (6, 'e', 'x', 'new', '2024-01-11'),
        (7, 'e', 'x', 'again', '2024-01-12'), (8, 'f', 'x', 'new', '2024-01-20');
"""
WEEK = {"count": 7, "granularity": "day"}


def conversion(name: str, calculation: str = "conversions", **params: Any) -> dict[str, Any]:
    given = {
        "base_measure": {"name": "visits"},
        "conversion_measure": {"name": "orders"},
        "entity": "person",
        "calculation": calculation,
        "window": WEEK,
        **params,
    }
    filters = given.pop("filter", None)
    return metric(name, "conversion", conversion_type_params=given, filter=filters)


def _filter(text: str) -> dict[str, Any]:
    return {"where_filters": [{"where_sql_template": text}]}


def visits_and_orders(*more: dict[str, Any]) -> SemanticLayer:
    visits = model(
        "visits",
        [entity("visit", "primary", "visit_id"), entity("person", "foreign")],
        [dimension("channel"), dimension("plan")],
        [
            measure("visits", "count", "visit_id"),
            measure("visitors", "count_distinct", "person"),
            measure("plans", "max", "1"),
        ],
    )
    orders = model(
        "orders",
        [entity("order", "primary", "order_id"), entity("person", "foreign")],
        [dimension("plan"), dimension("kind")],
        [measure("orders", "sum", "1"), measure("buyers", "count_distinct", "person")],
    )
    people = model("people", [entity("person", "primary")], [dimension("city")])
    before = {"name": "converted", "alias": "before", "offset_window": {"count": 1, "granularity": "month"}}
    metrics = [
        metric("visits", measure="visits"),
        metric("orders", measure="orders"),
        conversion("converted"),
        conversion("rate", "conversion_rate"),
        conversion("ever", window=None),
        conversion("same_plan", constant_properties=[{"base_property": "plan", "conversion_property": "plan"}]),
        conversion("buyers", conversion_measure={"name": "buyers"}),
        conversion("after_ads", filter="{{ Dimension('visit__channel') }} = 'ads'"),
        conversion(
            "after_mail", base_measure={"name": "visits", "filter": _filter("{{ Dimension('visit__channel') }} = 'mail'")}
        ),
        conversion(
            "first", conversion_measure={"name": "orders", "filter": _filter("{{ Dimension('order__kind') }} = 'new'")}
        ),
        conversion("rate_filled", "conversion_rate", conversion_measure={"name": "orders", "fill_nulls_with": 0}),
        conversion("every_day", conversion_measure={"name": "orders", "fill_nulls_with": 0, "join_to_timespine": True}),
        conversion("filled", conversion_measure={"name": "orders", "fill_nulls_with": 0}),
        metric("growth", "derived", expr="converted - before", metrics=["converted", before]),
        metric("per_visit", "ratio", numerator="ever", denominator="visits"),
    ]
    return SemanticLayer(manifest([visits, orders, people], [*metrics, *more]))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(ROWS)
    return connection


def _ask(con: duckdb.DuckDBPyConnection, metrics: str, *group_by: str, **more: Any) -> dict[Any, Any]:
    rows = con.execute(visits_and_orders().compile(Query(metrics.split(), list(group_by), **more))).fetchall()
    keys = len(group_by)
    found = {(row[0] if keys == 1 else row[:keys]): (row[keys] if len(row) == keys + 1 else row[keys:]) for row in rows}
    assert len(found) == len(rows), "a key came twice"
    return found


JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


def test_each_order_counts_for_the_last_visit_of_its_person_within_the_window(con: duckdb.DuckDBPyConnection) -> None:
    assert _ask(con, "converted visits") == {(): (5, 9)}
    assert _ask(con, "rate")[()] == pytest.approx(5 / 9)
    assert _ask(con, "converted", "metric_time__month") == {JANUARY: 4, FEBRUARY: 1}
    days = {date(2024, 1, 5): 1, date(2024, 1, 10): 2, date(2024, 1, 20): 1, date(2024, 2, 2): 1}
    assert _ask(con, "converted", "metric_time__day") == days


def test_the_members_are_those_of_the_visit(con: duckdb.DuckDBPyConnection) -> None:
    assert _ask(con, "converted visits", "visit__channel") == {"ads": (2, 6), "mail": (2, 2), None: (1, 1)}
    assert _ask(con, "converted visits", "person__city") == {"Bonn": (2, 4), "Rome": (2, 1), None: (1, 4)}
    assert _ask(con, "rate", "metric_time__month", "visit__channel") == {
        (JANUARY, "ads"): pytest.approx(2 / 6),
        (JANUARY, "mail"): pytest.approx(1 / 1),
        (JANUARY, None): pytest.approx(1 / 1),
        (FEBRUARY, "mail"): pytest.approx(1 / 1),
    }


def test_the_range_asked_for_moves_no_order_to_another_visit(con: duckdb.DuckDBPyConnection) -> None:
    """The visit of 2 February takes the order of the 3rd from that of 31 January, although it lies outside January."""
    assert _ask(con, "converted visits", start=date(2024, 1, 1), end=date(2024, 1, 31)) == {(): (4, 8)}
    assert _ask(con, "converted", start=date(2024, 2, 1), end=date(2024, 2, 2)) == {(): 1}
    where = ["{{ TimeDimension('metric_time', 'day') }} <= '2024-01-31'"]
    assert _ask(con, "converted", where=where) == {(): 4}
    assert _ask(con, "converted", "metric_time__day", start=date(2024, 1, 31), end=date(2024, 1, 31)) == {}


def test_without_a_window_an_order_counts_however_late(con: duckdb.DuckDBPyConnection) -> None:
    assert _ask(con, "ever", "visit__channel") == {"ads": 3, "mail": 2, None: 1}
    assert _ask(con, "per_visit")[()] == pytest.approx(6 / 9)


def test_constant_properties_have_to_be_equal(con: duckdb.DuckDBPyConnection) -> None:
    """Of person a, only the visit of 1 January has the plan of the order."""
    assert _ask(con, "same_plan", "visit__channel") == {"ads": 3, "mail": 1, None: 1}


def test_a_distinct_count_counts_once_and_a_rate_without_conversions_is_missing_unless_filled(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert _ask(con, "buyers", "metric_time__month") == {JANUARY: 3, FEBRUARY: 1}
    day = date(2024, 1, 1)
    assert _ask(con, "rate rate_filled", "metric_time__day", start=day, end=day) == {day: (None, 0.0)}


def test_filled_conversions_are_zero_where_there_was_something_to_convert(con: duckdb.DuckDBPyConnection) -> None:
    days = {"start": date(2024, 1, 1), "end": date(2024, 1, 10)}
    found = _ask(con, "filled", "metric_time__day", "visit__channel", **days)
    first, third, fifth, tenth = (date(2024, 1, day) for day in (1, 3, 5, 10))
    assert found == {(first, "ads"): 0, (third, "ads"): 0, (fifth, "mail"): 1, (tenth, "ads"): 2}


def test_a_filter_says_which_visits_there_are_to_convert(con: duckdb.DuckDBPyConnection) -> None:
    """As MetricFlow has it: after a visit by ads, whatever other visit came between."""
    assert _ask(con, "after_ads") == {(): 4}
    assert _ask(con, "converted visits", where=["{{ Dimension('visit__channel') }} = 'ads'"]) == {(): (4, 6)}
    assert _ask(con, "after_mail") == {(): 2}
    assert _ask(con, "first", "metric_time__month") == {JANUARY: 3, FEBRUARY: 1}


def test_every_period_and_periods_before(con: duckdb.DuckDBPyConnection) -> None:
    found = _ask(con, "every_day", "metric_time__month", start=JANUARY, end=date(2024, 3, 31))
    assert found == {JANUARY: 4, FEBRUARY: 1, MARCH: 0}
    growth = _ask(con, "growth", "metric_time__month", start=FEBRUARY, end=date(2024, 2, 29))
    assert growth == {FEBRUARY: 1 - 4}
    daily = _ask(con, "growth converted", "metric_time__day", start=date(2024, 2, 2), end=date(2024, 2, 10))
    assert daily == {date(2024, 2, 2): (None, 1), date(2024, 2, 5): (None, None), date(2024, 2, 10): (None, None)}


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (conversion("odd", entity="visit"), r"'orders' has no entity 'visit' to follow from the base event"),
        (conversion("odd", calculation="share"), r"calculation 'share' is not known; use conversion_rate or conversions"),
        (conversion("odd", base_measure={"name": "plans"}), r"measure 'plans' is max\(1\), and a conversion counts events"),
        (
            conversion("odd", window={"count": 3, "granularity": "hour"}),
            r"the conversion window '3 hours' is not supported",
        ),
        (
            conversion("odd", constant_properties=[{"base_property": "plan", "conversion_property": "pan"}]),
            r"'pan' is neither a dimension nor an entity of 'orders'.*'plan'",
        ),
        (conversion("odd", base_measure=None), r"'odd' has no base_measure and conversion_measure: .* newer form"),
        (conversion("odd", conversion_measure={"name": "order"}), r"unknown measure 'order'"),
    ],
)
def test_definitions_that_mean_nothing_are_refused(metrics: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        visits_and_orders(metrics).compile(Query(["odd"]))


def test_what_only_the_conversion_knows_is_refused() -> None:
    with pytest.raises(QueryError, match=r"measure 'visits' of 'visits', the base event of a conversion.*order__kind"):
        visits_and_orders().compile(Query(["converted"], ["order__kind"]))
    where = ["{{ TimeDimension('metric_time', 'day') }} > '2024-01-01' or {{ Dimension('visit__channel') }} = 'ads'"]
    with pytest.raises(QueryError, match="matched with earlier events before its days are chosen"):
        visits_and_orders().compile(Query(["converted"], where=where))


def test_both_facts_are_named_in_the_plan_and_in_what_is_watched() -> None:
    explained = visits_and_orders().explain(Query(["rate"], ["metric_time__month"], start=JANUARY, end=date(2024, 1, 31)))
    assert [(fact.relation, fact.days) for fact in explained.facts] == [
        ("core.visits", "2024-01-01 to 2024-02-07"),
        ("core.orders", "2024-01-01 to 2024-02-07"),
        ("core.visits", "2024-01-01 to 2024-01-31"),
    ]
    assert "counts for the last of these of the same person at or before it if at most 7 days later" in str(explained)
    assert set(visits_and_orders().facts("converted", [])) == {FactDate("visits", "at"), FactDate("orders", "at")}
    assert "visit__channel" in visits_and_orders().dimensions("rate")
    assert "order__kind" not in visits_and_orders().dimensions("rate")


def test_months_are_compared_where_one_fact_knows_no_days(con: duckdb.DuckDBPyConnection) -> None:
    con.execute('create or replace table core.plans as select person, cast("at" as date) as "at" from core.orders')
    con.execute('update core.plans set "at" = date_trunc(\'month\', "at")')
    plans = model(
        "plans", [entity("plan", "primary"), entity("person", "foreign")], [], [measure("plan_rows", "sum", "1")], at="month"
    )
    month = {"count": 1, "granularity": "month"}
    base = model(
        "visits", [entity("visit", "primary", "visit_id"), entity("person", "foreign")], [], [measure("visits", "sum", "1")]
    )
    layer = SemanticLayer(manifest([plans, base], [conversion("m", conversion_measure={"name": "plan_rows"}, window=month)]))
    found = con.execute(layer.compile(Query(["m"], ["metric_time__month"]))).fetchall()
    # January: a, b, d, e twice, f; February: c. The order of nobody has no visit.
    assert sorted(found) == [(JANUARY, 6), (FEBRUARY, 1)]
    with pytest.raises(QueryError, match="compares its two events by month, not by day"):
        layer.compile(Query(["m"], ["metric_time__day"]))
    assert layer.dimensions("m")[0] == "metric_time__month"
    # The visit's own week, though the two are compared by month: the last of a, b and d; e; f; c in February.
    weeks = {date(2024, 1, 1): 3, date(2024, 1, 8): 2, date(2024, 1, 15): 1, date(2024, 1, 29): 1}
    assert dict(con.execute(layer.compile(Query(["m"], ["visit__at__week"]))).fetchall()) == weeks


def test_hours_are_compared_where_both_facts_know_them(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """create or replace table core.clicks (person varchar, page varchar, "at" timestamp);
        create or replace table core.carts (person varchar, "at" timestamp);
        insert into core.clicks values ('a', 'x', '2024-01-01 10:10'), ('a', 'y', '2024-01-01 12:00'),
            ('b', 'x', '2024-01-01 09:00'), (null, 'x', '2024-01-01 09:00'), ('c', 'x', '2024-01-05 23:59');
        insert into core.carts values ('a', '2024-01-01 11:30'),  -- page x: y came later that day
            ('a', '2024-01-01 12:30'), ('b', '2024-01-01 08:59'), (null, '2024-01-01 10:00'), ('c', '2024-01-06 23:00'),
            ('c', '2024-01-06 22:59')"""
    )
    clicks = model(
        "clicks",
        [entity("click", "primary"), entity("person", "foreign")],
        [dimension("page")],
        [measure("clicks", "sum", "1")],
        at="minute",
    )
    carts = model(
        "carts", [entity("cart", "primary"), entity("person", "foreign")], [], [measure("carts", "sum", "1")], at="hour"
    )
    day = {"count": 1, "granularity": "day"}
    made = [
        conversion(name, base_measure={"name": "clicks"}, conversion_measure={"name": "carts"}, window=window)
        for name, window in (("ever", None), ("day", day))
    ]
    layer = SemanticLayer(manifest([clicks, carts], made))
    # The cart of 8:59 came an hour before b's click; that of 22:59 is 23 hours after c's, that of 23:00 is 24.
    found = con.execute(layer.compile(Query(["ever", "day"], ["click__page"]))).fetchall()
    assert sorted(found) == [("x", 3, 2), ("y", 1, 1)]
    found = con.execute(layer.compile(Query(["ever", "day"], ["metric_time__day"]))).fetchall()
    assert sorted(found) == [(date(2024, 1, 1), 2, 2), (date(2024, 1, 5), 2, 1)]
