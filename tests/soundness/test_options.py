"""Query options against queries without them, for every metric of the suite: an option says nothing that could not be asked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.days import add_months
from tests.soundness.conftest import MANIFEST, fetch

METRICS = sorted(SemanticLayer.from_manifest(MANIFEST).metrics)
FIRST, LAST = date(2024, 2, 1), date(2024, 3, 31)
BACK = {
    "day": lambda day: day - timedelta(days=1),
    "week": lambda day: day - timedelta(days=7),
    "month": lambda day: add_months(day, -1),
    "quarter": lambda day: add_months(day, -3),
}


NO_PERIOD_BEFORE = (
    "lies inside an offset", "cannot be combined", "has no value by", "weeks do not nest", "is known by", "not supported"
)  # fmt: skip
NO_TOTAL = ("needs a time to stand at", "have no total", "has no value by")
# A change of a window, and a window divided by what happened in the whole range.
NO_WINDOW_ALONE = {"trailing_change", "trailing_conversion"}


def _compiled(layer: SemanticLayer, query: Query, refusals: tuple[str, ...]) -> str | None:
    """The SQL, or None where the query is refused for one of these reasons."""
    try:
        return layer.compile(query)
    except QueryError as error:
        if any(reason in str(error) for reason in refusals):
            return None
        raise


def _values(con: duckdb.DuckDBPyConnection, sql: str, keys: int = 1) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {row[:keys]: row[keys:] for row in fetch(con, sql)}


@pytest.mark.parametrize("grain", BACK)
@pytest.mark.parametrize("metric", METRICS)
def test_the_previous_period_is_the_period_before(
    metric: str, grain: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer
) -> None:
    """Week by week the range begins on a Monday, quarter by quarter with one, so that all periods are whole."""
    first, last = {"week": (date(2024, 2, 5), date(2024, 3, 31)), "quarter": (date(2024, 4, 1), date(2024, 6, 30))}.get(
        grain, (FIRST, LAST)
    )
    key = [f"metric_time__{grain}"]
    sql = _compiled(layer, Query([metric], key, start=first, end=last, compare=["previous_period"]), NO_PERIOD_BEFORE)
    if sql is None:
        return
    found = _values(con, sql)
    earlier = Query([metric], key, start=BACK[grain](first), end=last)
    alone = {day: value for (day,), (value,) in _values(con, layer.compile(earlier)).items()}
    # A filled metric has a row of its own only where it has data, and beside its other column it is 0.
    without_rows = 0 if metric == "refunded_amount" else None
    assert found
    for (day,), (value, base, change) in found.items():
        then, now = alone.get(BACK[grain](day), without_rows), alone.get(day, without_rows)
        assert (value, base) == pytest.approx((now, then)), day
        expected = float(value - base) / float(base) if value is not None and base is not None and base > 0 else None
        assert change == pytest.approx(expected), day


@pytest.mark.parametrize("metric", METRICS)
def test_a_total_is_the_query_without_groups(metric: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    member = next(name for name in layer.dimensions(metric) if not name.startswith("metric_time"))
    for keys in (["metric_time__month", member], [member]):
        sql = _compiled(layer, Query([metric], keys, start=FIRST, end=LAST, totals=True), NO_TOTAL)
        if sql is None:
            continue
        rows = fetch(con, sql)
        (total,) = fetch(con, layer.compile(Query([metric], start=FIRST, end=LAST)))
        assert rows[-1][len(keys) :] == (*total, True)
        assert all(row[-1] is False for row in rows[:-1])
        assert len(rows) - 1 == len(fetch(con, layer.compile(Query([metric], keys, start=FIRST, end=LAST))))


@pytest.mark.parametrize("metric", [name for name in METRICS if "trailing_" in name or name.endswith("to_date")])
def test_a_window_as_of_a_day_is_that_of_the_day(metric: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    for day in (date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 30), date(2024, 3, 31)):
        (by_day,) = fetch(con, layer.compile(Query([metric], ["metric_time__day"], start=day, end=day)))
        sql = _compiled(layer, Query([metric], end=day), ("needs a time to stand at",))
        assert (sql is None) == (metric in NO_WINDOW_ALONE)
        if sql is not None:
            (as_of,) = fetch(con, sql)
            assert as_of == pytest.approx(by_day[1:]), day
