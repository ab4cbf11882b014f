"""Calendars of one's own, with answers counted by hand: a fiscal year from March, retail weeks from Sunday."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.manifest import parse_manifest
from tests.unit.semantic.manifests import dimension, entity, measure, metric, model, time

ROWS = """
    create schema core;
    create table core.days (date_day date, fiscal_quarter varchar, retail_week date);
    insert into core.days
        select day, 'FY' || (year(day) - 2000 + case when month(day) < 3 then 0 else 1 end)
                || ' Q' || (1 + ((month(day) + 9) % 12) // 3),
            case when day < date '2024-12-01' then day - dayofweek(day)::integer end
        from (select cast(range as date) as day from range(timestamp '2023-12-01', timestamp '2025-01-01', interval 1 day));
    create table core.orders (order_id integer, person varchar, amount integer, "at" timestamp, shipped_on date);
    insert into core.orders values
        (1, 'a', 1, '2024-02-29 23:59', '2024-03-01'),    -- a Thursday: FY24 Q4, week from 25 February
        (2, 'a', 2, '2024-03-01 00:00', '2024-03-03'),    -- FY25 Q1, the same week
        (3, 'b', 4, '2024-03-03 12:00', null),            -- Sunday: the next week
        (4, 'b', 8, '2024-06-01 00:00', '2024-06-08'),    -- FY25 Q2, Saturday: week from 26 May
        (5, null, 16, '2024-12-05 00:00', '2025-06-01');  -- FY25 Q4, no retail week; shipped on a day that the spine lacks
    create table core.stock (item varchar, amount integer, "at" date);
    insert into core.stock values ('x', 5, '2024-02-01'), ('x', 7, '2024-02-29'), ('x', 9, '2024-03-01'), ('y', 3, '2024-05-31');
"""
CALENDAR = [{"name": "fiscal_quarter", "column_name": None}, {"name": "retail_wk", "column_name": "retail_week"}]


def layer(calendar: list[dict[str, Any]] | None = None) -> SemanticLayer:
    orders = model(
        "orders",
        [entity("order", "primary", "order_id"), entity("person", "foreign")],
        [time("shipped_on"), dimension("is_large", "amount > 3")],
        [measure("amount"), measure("buyers", "count_distinct", "person")],
    )
    stock = {"name": "at", "window_choice": "max", "window_groupings": []}
    balance = model(
        "stock", [entity("item", "primary")], [], [measure("in_stock", expr="amount", non_additive_dimension=stock)]
    )
    plans = model("plans", [entity("plan", "primary")], [], [measure("planned")], at="month")
    before = {"name": "amount", "alias": "before", "offset_window": {"count": 1, "granularity": "month"}}
    week = {"window": {"count": 7, "granularity": "day"}, "period_agg": "last"}
    filled = {"name": "amount", "fill_nulls_with": 0, "join_to_timespine": True}
    metrics = [
        metric("amount", measure="amount"),
        metric("buyers", measure="buyers"),
        metric("in_stock", measure="in_stock"),
        metric("planned", measure="planned"),
        metric("filled", measure=filled),
        metric("growth", "derived", expr="amount - before", metrics=["amount", before]),
        metric("trailing", "cumulative", measure="amount", cumulative_type_params=week),
        metric("trailing_buyers", "cumulative", measure="buyers", cumulative_type_params={**week, "period_agg": "average"}),
        metric("so_far", "cumulative", measure="amount", cumulative_type_params={"period_agg": "first"}),
        metric("first_quarter", measure="amount", filter="{{ TimeDimension('metric_time', 'fiscal_quarter') }} = 'FY25 Q1'"),
    ]
    spine = {
        "node_relation": {"alias": "days", "schema_name": "core", "database": "db"},
        "primary_column": {"name": "date_day", "time_granularity": "day"},
        "custom_granularities": CALENDAR if calendar is None else calendar,
    }
    raw = {
        "semantic_models": [orders, balance, plans],
        "metrics": metrics,
        "project_configuration": {"time_spines": [spine]},
    }
    return SemanticLayer(parse_manifest(raw, "digest"))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(ROWS)
    return connection


def ask(con: duckdb.DuckDBPyConnection, metrics: str, *group_by: str, **more: Any) -> dict[Any, Any]:
    rows = con.execute(layer().compile(Query(metrics.split(), list(group_by), **more))).fetchall()
    keys = len(group_by)
    found = {(row[0] if keys == 1 else row[:keys]): (row[keys] if len(row) == keys + 1 else row[keys:]) for row in rows}
    assert len(found) == len(rows), "a key came twice"
    return found


Q4, Q1, Q2, LAST = "FY24 Q4", "FY25 Q1", "FY25 Q2", "FY25 Q4"


def test_periods_of_the_calendar_are_grouped_by(con: duckdb.DuckDBPyConnection) -> None:
    assert ask(con, "amount buyers", "metric_time__fiscal_quarter") == {Q4: (1, 1), Q1: (6, 2), Q2: (8, 1), LAST: (16, 0)}
    weeks = {date(2024, 2, 25): 3, date(2024, 3, 3): 4, date(2024, 5, 26): 8, None: 16}
    assert ask(con, "amount", "metric_time__retail_wk") == weeks


def test_beside_standard_grains_other_times_and_dimensions(con: duckdb.DuckDBPyConnection) -> None:
    found = ask(con, "amount", "metric_time__fiscal_quarter", "metric_time__month", "order__shipped_on__fiscal_quarter")
    assert found == {
        (Q4, date(2024, 2, 1), Q1): 1, (Q1, date(2024, 3, 1), Q1): 2, (Q1, date(2024, 3, 1), None): 4,
        (Q2, date(2024, 6, 1), Q2): 8, (LAST, date(2024, 12, 1), None): 16,
    }  # fmt: skip
    assert ask(con, "amount in_stock", "metric_time__fiscal_quarter")[Q1] == (6, 3)


def test_filters_ranges_and_metrics_of_one_period(con: duckdb.DuckDBPyConnection) -> None:
    where = ["{{ TimeDimension('metric_time', 'fiscal_quarter') }} in ('FY25 Q1', 'FY25 Q2')"]
    assert ask(con, "amount", where=where) == {(): 14}
    assert ask(con, "amount", "metric_time__fiscal_quarter", start=date(2024, 3, 2), end=date(2024, 6, 30)) == {Q1: 4, Q2: 8}
    assert ask(con, "first_quarter") == {(): 6}
    shipped = ["{{ TimeDimension('order__shipped_on', 'retail_wk') }} = '2024-03-03'"]
    assert ask(con, "amount", where=shipped) == {(): 2}


def test_a_stock_is_that_of_the_last_day_of_the_calendars_period(con: duckdb.DuckDBPyConnection) -> None:
    assert ask(con, "in_stock", "metric_time__fiscal_quarter") == {Q4: 7, Q1: 3}


def test_every_period_has_a_row_where_the_metric_says_so(con: duckdb.DuckDBPyConnection) -> None:
    found = ask(con, "filled", "metric_time__fiscal_quarter", start=date(2024, 2, 1), end=date(2024, 12, 31))
    assert found == {Q4: 1, Q1: 6, Q2: 8, "FY25 Q3": 0, LAST: 16}
    assert set(ask(con, "filled", "metric_time__fiscal_quarter")) >= {Q4, Q1, Q2, "FY25 Q3", LAST}


def test_accumulated_values_are_those_of_a_day_of_the_period(con: duckdb.DuckDBPyConnection) -> None:
    """Trailing on the last day of FY24 Q4, 29 February: 1. On the last day asked for of FY25 Q1, 4 March: 1 + 2 + 4."""
    days = {"start": date(2024, 2, 20), "end": date(2024, 3, 4)}
    assert ask(con, "trailing", "metric_time__fiscal_quarter", **days) == {Q4: 1, Q1: 7}
    # First day of each period that has something to accumulate: 29 February, 1 March.
    assert ask(con, "so_far", "metric_time__fiscal_quarter", **days) == {Q4: 1, Q1: 3}
    # Buyers of the last seven days: 1 on 29 February; 1, 1, 2, 2 on 1 to 4 March.
    assert ask(con, "trailing_buyers", "metric_time__fiscal_quarter", **days) == {Q4: 1.0, Q1: 1.5}
    both = ask(
        con, "trailing", "metric_time__fiscal_quarter", "metric_time__day", start=date(2024, 3, 3), end=date(2024, 3, 4)
    )
    assert both == {(Q1, date(2024, 3, 3)): 7, (Q1, date(2024, 3, 4)): 7}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            Query(["growth"], ["metric_time__fiscal_quarter"]),
            "periods of the calendar .fiscal_quarter. have no fixed length",
        ),
        (Query(["planned"], ["metric_time__fiscal_quarter"]), "known by month, not by fiscal_quarter; ask for month"),
        (Query(["amount"], ["order__is_large__fiscal_quarter"]), "it is not a time"),
        (
            Query(["trailing"], ["metric_time__day"], where=["{{ TimeDimension('metric_time', 'retail_wk') }} is null"]),
            "filters metric_time by the calendar's retail_wk, and 'trailing' looks beyond the days",
        ),
        (
            Query(["amount"], where=["{{ TimeDimension('metric_time', 'fortnight') }} = 1"]),
            "year, fiscal_quarter, retail_wk",
        ),
    ],
)
def test_what_has_no_exact_answer_is_refused(query: Query, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        layer().compile(query)


def test_they_are_listed_where_they_can_be_asked_for() -> None:
    names = layer().dimensions("amount")
    assert names[5:7] == ["metric_time__fiscal_quarter", "metric_time__retail_wk"]
    assert "order__shipped_on__retail_wk" in names
    assert "metric_time__retail_wk" not in layer().dimensions("growth")
    assert "metric_time__retail_wk" not in layer().dimensions("planned")
    for name in names:
        assert layer().compile(Query(["amount"], [name]), "postgres")


def test_without_a_calendar_its_grains_mean_nothing() -> None:
    with pytest.raises(QueryError, match="there is no 'metric_time__fiscal_quarter'"):
        layer([]).compile(Query(["amount"], ["metric_time__fiscal_quarter"]))


@pytest.mark.parametrize(
    ("metric_name", "group_by", "changed"),
    [
        # 1 and 3 March have orders; the days between them are another quarter too, and nobody bought
        ("first_quarter", [], [date(2024, 3, 1), date(2024, 3, 3)]),
        ("amount", ["metric_time__fiscal_quarter"], [date(2024, 3, 1), date(2024, 3, 3)]),
        # by the day of shipping: order 2 of 1 March went out on the 3rd, order 1 of 29 February on the 1st
        ("amount", ["order__shipped_on__fiscal_quarter"], [date(2024, 2, 29), date(2024, 3, 1)]),
        ("amount", [], []),
        ("amount", ["metric_time__retail_wk"], []),
    ],
)
def test_another_calendar_changes_the_days_that_are_read_by_it(
    metric_name: str, group_by: list[str], changed: list[date]
) -> None:
    """The first days of March move into the quarter before."""
    found = layer()
    ((fact, targets),) = found.facts(metric_name, group_by).items()
    digest = found.digest(fact, targets)
    with duckdb.connect() as con:
        con.execute(ROWS)
        before = dict(con.execute(f"select day, digest from ({digest.sql})").fetchall())
        con.execute(
            "update core.days set fiscal_quarter = 'FY24 Q4' where date_day between date '2024-03-01' and '2024-03-05'"
        )
        after = dict(con.execute(f"select day, digest from ({digest.sql})").fetchall())
    assert before.keys() == after.keys()
    assert sorted(day for day in before if before[day] != after[day]) == changed
