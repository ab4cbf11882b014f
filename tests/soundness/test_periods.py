"""Periods put together from days, or read off a calendar, are those that truncating the time of every row gives.

The plain way is taken by switching the faster ones off; the plain way itself is held by the other tests of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import product
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer, render, render_periods
from metrics.semantic import layer as layers
from tests.soundness.conftest import fetch

RANGES = (
    (None, None),
    (None, date(2024, 3, 20)),
    (date(2024, 1, 1), date(2024, 12, 31)),
    (date(2024, 2, 10), date(2024, 5, 7)),
)
GRAINS = ("week", "month", "year")


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Every row, those of NULLs too, in an order of its own; fractions to ten digits."""
    plain = [
        tuple(float(f"{value:.10g}") if isinstance(value, float) else value for value in row) for row in fetch(con, sql)
    ]
    return sorted(plain, key=repr)


@contextmanager
def _row_by_row(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(render_periods, "by_day", lambda branch, models, dialect: None)
        patch.setattr(render_periods, "calendar", lambda branch, dialect: None)
        patch.setattr(render, "shared_days", lambda branches, dialect: {})
        patch.setattr(layers, "_COMPILED", {})
        yield


Pair = Callable[[Query], tuple[str, str] | None]


@pytest.fixture
def pair(layer: SemanticLayer, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """The text and the plain text of a query, or None where it is refused."""

    def texts(query: Query) -> tuple[str, str] | None:
        try:
            fast = layer.compile(query)
        except QueryError:
            return None
        with _row_by_row(monkeypatch):
            return fast, layer.compile(query)

    return texts


@pytest.mark.parametrize("grain", GRAINS)
def test_every_metric_has_the_same_periods_either_way(
    grain: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, pair: Pair
) -> None:
    asked = faster = 0
    for metric, more, (start, end) in product(layer.metrics, ((), ("channel",), ("customer",)), RANGES):
        texts = pair(Query([metric], [f"metric_time__{grain}", *more], start=start, end=end))
        if texts is None:
            continue
        asked += 1
        faster += texts[0] != texts[1]
        same = _rows(con, texts[0]) == _rows(con, texts[1])
        assert same, f"{metric} by {grain} and {more}, {start} to {end}"
    assert asked > 200
    assert faster > asked / 3


@pytest.mark.parametrize("grain", ["day", *GRAINS])
def test_metrics_asked_together_share_days_and_keep_their_values(
    grain: str, con: duckdb.DuckDBPyConnection, pair: Pair
) -> None:
    metrics = ["amount_growth", "paid_change", "amount_week_change", "refunded_amount", "paid_amount", "orders_filled"]
    if grain == "week":
        metrics.remove("amount_growth")
    for start, end in RANGES:
        texts = pair(Query(metrics, [f"metric_time__{grain}"], start=start, end=end))
        assert texts
        assert _rows(con, texts[0]) == _rows(con, texts[1]), f"{grain}, {start} to {end}"


def test_a_month_and_the_one_before_are_one_read(layer: SemanticLayer) -> None:
    query = Query(["amount_growth"], ["metric_time__month"], start=date(2024, 2, 1), end=date(2024, 6, 30))
    assert layer.compile(query).count('"fct_orders"') == 1


def test_days_that_do_not_meet_are_two_reads(layer: SemanticLayer) -> None:
    """What lies between them would be read for nothing."""
    week = Query(["amount_week_change"], ["metric_time__day"], start=date(2024, 2, 20), end=date(2024, 2, 21))
    assert layer.compile(week).count('"fct_orders"') == 2
