"""Days at the edge of the calendar: 9999-12-31 means no end, and what lies outside of the years 1 to 9999 is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.unit.semantic.manifests import entity, manifest, measure, metric, model

DAY = "{{ TimeDimension('metric_time', 'day') }}"
LAST = date.max


def layer(**options: Any) -> SemanticLayer:
    month = {"window": {"count": 1, "granularity": "month"}, "period_agg": "last"}
    orders = model("orders", [entity("order", "primary", "id")], [], [measure("amount")], at="second")
    metrics = [
        metric("amount", measure="amount"),
        metric("trailing", "cumulative", measure="amount", cumulative_type_params=month),
    ]
    return SemanticLayer(manifest([orders], metrics), **options)


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    """1 in January, 2 in February, 4 without a day."""
    with duckdb.connect() as connection:
        connection.execute(
            """create schema core;
            create table core.orders as select * from (values (1, timestamp '2024-01-15 12:00', 1),
                (2, timestamp '2024-02-15 12:00', 2), (3, null, 4)) as t(id, "at", amount);
            create table core.days as select cast(d as date) as date_day
                from range(date '2024-01-01', date '2024-03-01', interval 1 day) as t(d)"""
        )
        yield connection


def ask(con: duckdb.DuckDBPyConnection, asked: Query, **options: Any) -> list[tuple[Any, ...]]:
    return con.execute(layer(**options).compile(asked)).fetchall()


@pytest.mark.parametrize("zone", [None, "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("options", [{"end": LAST}, {"where": [f"{DAY} <= '9999-12-31'"]}])
def test_the_last_day_of_the_calendar_is_no_end(
    options: dict[str, Any], zone: str | None, shop: duckdb.DuckDBPyConnection
) -> None:
    """A row without a day is outside of every range of days."""
    months = ["metric_time__month"]
    assert ask(shop, Query(["amount"], **options, timezone=zone)) == [(3,)]
    assert ask(shop, Query(["amount"], months, **options, timezone=zone, order_by=months)) == [
        (date(2024, 1, 1), 1),
        (date(2024, 2, 1), 2),
    ]


def test_nothing_comes_after_the_last_day(shop: duckdb.DuckDBPyConnection) -> None:
    assert ask(shop, Query(["amount"], where=[f"{DAY} > '9999-12-31'"])) == [(None,)]


def test_no_end_beside_the_other_options(shop: duckdb.DuckDBPyConnection) -> None:
    """2 in February after 1 in January; 1 in January after nothing. The spine has days up to the end of February."""
    months = ["metric_time__month"]
    compared = Query(["amount"], months, start=date(2024, 2, 1), end=LAST, compare=["previous_period"], order_by=months)
    assert ask(shop, compared)[0] == (date(2024, 2, 1), 2, 1, 1.0)
    assert ask(shop, Query(["trailing"], end=LAST)) == [(None,)]
    assert ask(shop, Query(["amount"], months, end=LAST, order_by=months), history_start=date(2024, 2, 1)) == [
        (date(2024, 2, 1), 2)
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": date.min, "end": date(2024, 1, 31), "compare": ["1 month"]}, "1 months before 0001-01-01 lies outside"),
        ({"start": date.min, "end": date(2024, 1, 31), "compare": ["1 day"]}, "1 days before 0001-01-01 lies outside"),
        ({"start": date(2024, 1, 1), "end": LAST, "compare": ["previous_period"]}, "1 days after 9999-12-31 lies outside"),
        ({"start": date(500, 1, 1), "end": LAST, "compare": ["1000 years"]}, "12000 months before 0500-01-01 lies outside"),
        ({"start": date.min, "timezone": "Asia/Tokyo"}, "0001-01-01 in Asia/Tokyo begins outside of the calendar"),
    ],
)
def test_days_outside_of_the_calendar_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        layer().compile(Query(["amount"], **options))


def test_a_window_that_begins_before_the_calendar_is_refused() -> None:
    with pytest.raises(QueryError, match="1 months before 0001-01-01 lies outside"):
        layer().compile(Query(["trailing"], ["metric_time__day"], start=date.min, end=date(2024, 1, 1)))


@pytest.mark.parametrize("distance", ["1001 years", "3000 years", "99999 years", "99999 weeks", "12001 months"])
def test_more_than_a_thousand_years_are_no_distance(distance: str) -> None:
    with pytest.raises(QueryError, match="more than 1000 years"):
        Query(["amount"], ["metric_time__month"], compare=[distance])


def test_the_first_day_of_the_calendar_is_a_start(shop: duckdb.DuckDBPyConnection) -> None:
    assert ask(shop, Query(["amount"], start=date.min)) == [(3,)]
    assert ask(shop, Query(["amount"], start=date.min, timezone="America/New_York")) == [(3,)]
