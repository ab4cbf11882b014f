"""Differential test: MetricFlow 0.213 and this compiler answer the same random queries on the same rows.

Every disagreement is a failure, except those listed in ``KNOWN`` with their reason; where MetricFlow is the one that is
wrong, ``test_truth.py`` holds the answer computed without either compiler. ``BELLWETHER_DIFFERENTIAL_QUERIES=10000`` asks
more queries than the default.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.soundness.conftest import MANIFEST
from tests.soundness.differential import SPINE, answer, differences, random_queries
from tests.soundness.metricflow_oracle import MetricFlow

COUNT = int(os.environ.get("BELLWETHER_DIFFERENTIAL_QUERIES", "250"))
SEED = int(os.environ.get("BELLWETHER_DIFFERENTIAL_SEED", "7"))


@dataclass(frozen=True)
class Known:
    """A deliberate difference: the metrics it concerns are left out of the queries to which it applies."""

    reason: str
    metrics: frozenset[str]
    applies: Callable[[Query], bool]


def _grain(query: Query) -> str | None:
    times = [name for name in query.group_by if name.startswith("metric_time__")]
    return times[0].removeprefix("metric_time__") if times else None


_OFFSETS = frozenset(
    {"amount_growth", "amount_week_change", "net_growth", "buyers_before", "filled_change", "paid_change", "trailing_change"}
)

_ACCUMULATED = frozenset(
    {"amount_trailing_7d", "amount_trailing_2m", "amount_month_to_date", "amount_all_time", "visitors_trailing_3d",
     "amount_average_trailing_7d", "amount_median_trailing_7d", "paid_trailing_7d", "amount_since_month_start"}
)  # fmt: skip

KNOWN = (
    Known(
        "a slowly changing dimension beside an offset or a window: MetricFlow takes the member of the day that is shown; ours "
        "that of the event, so that what was true of a period stays true of it",
        _OFFSETS | _ACCUMULATED,
        lambda query: "customer__plan" in query.group_by,
    ),
    Known(
        "a conversion with a row for every period: MetricFlow gives periods outside of the range that is asked for",
        frozenset({"converted_daily"}),
        lambda query: query.start != SPINE[0],
    ),
    Known(
        "an offset by a calendar of the time spine: MetricFlow goes back by standard units, and periods of a calendar have "
        "no fixed length; ours refuses",
        _OFFSETS,
        lambda query: _grain(query) in ("fiscal_quarter", "retail_wk"),
    ),
    Known(
        "MetricFlow takes two inputs of one name, one of them filtered, for the same: a share of 1.0",
        frozenset({"paid_share"}),
        lambda query: True,
    ),
    Known(
        "an offset in months by quarter or year: MetricFlow maps days, so that 29 to 31 March all read the last of "
        "February; ours maps months",
        frozenset({"amount_growth", "net_growth"}),
        lambda query: _grain(query) in ("quarter", "year"),
    ),
    Known(
        "an offset in months by week: MetricFlow looks for a week that starts a month before, which is hardly ever a "
        "Monday; ours refuses",
        frozenset({"amount_growth", "net_growth"}),
        lambda query: _grain(query) == "week",
    ),
    Known(
        "an offset of a derived metric under a filter on another dimension: MetricFlow takes the largest member "
        "instead of the total",
        frozenset({"net_growth"}),
        lambda query: bool(query.where),
    ),
    Known(
        "an offset of a trailing metric: MetricFlow applies the range before the offset and finds nothing",
        frozenset({"trailing_change"}),
        lambda query: True,
    ),
    Known(
        "offset_to_grain by a coarser grain than a day: MetricFlow reads one day of the period (or writes SQL that "
        "does not run); ours refuses",
        frozenset({"amount_since_month_start"}),
        lambda query: _grain(query) not in ("day", None),
    ),
    Known(
        "since the beginning without a time: MetricFlow starts at the range's start (or writes SQL that does not "
        "run); ours starts at the beginning",
        frozenset({"amount_all_time"}),
        lambda query: _grain(query) is None,
    ),
    Known(
        "a distinct count of no rows at all: 0 in MetricFlow, missing in ours (rule 6)",
        frozenset({"visitors", "buyers", "spend_per_buyer"}),
        lambda query: not query.group_by,
    ),
)


def _comparable(query: Query) -> Query | None:
    left_out = {name for known in KNOWN if known.applies(query) for name in known.metrics}
    metrics = [name for name in query.metrics if name not in left_out]
    return replace(query, metrics=metrics) if metrics else None


@pytest.fixture(scope="module")
def oracle() -> MetricFlow:
    return MetricFlow(MANIFEST)


def test_both_compilers_give_the_same_answers(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    counts: Counter[str] = Counter()
    failures = []
    for query in (found for item in random_queries(COUNT, SEED) if (found := _comparable(item))):
        outcome, details = _compare(query, con, layer, oracle)
        counts[outcome] += 1
        if details:
            failures.append(f"{query}\n    " + "\n    ".join(details[:5]))
    print(f"\n{dict(counts)}")
    assert not failures, f"{len(failures)} queries differ:\n" + "\n".join(failures[:10])
    assert counts["same"] > 0.85 * COUNT


def _compare(
    query: Query, con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> tuple[str, list[str]]:
    ours, refused = _compiled(query, layer)
    try:
        theirs = oracle.compile(list(query.metrics), list(query.group_by), list(query.where), query.start, query.end)
    except Exception as error:  # MetricFlow's refusals have no common class
        if ours is None:
            assert "needs a time to stand at" in refused, refused
            return "refused by both", []
        return "refused by MetricFlow", [str(error)[:500]]
    if ours is None:
        return "refused by ours", [refused]
    found = differences(answer(con, ours, query.group_by, query.metrics), answer(con, theirs, query.group_by, query.metrics))
    return ("different", found) if found else ("same", [])


def _compiled(query: Query, layer: SemanticLayer) -> tuple[str | None, str]:
    try:
        return layer.compile(query), ""
    except QueryError as error:
        return None, str(error)


def test_a_range_that_cuts_a_period_is_widened_by_metricflow_and_kept_by_ours(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    """The reason why the random ranges fill whole periods: ours answers for the days that were asked."""
    query = Query(["orders"], ["metric_time__month"], start=date(2024, 2, 5), end=date(2024, 3, 20))
    theirs = oracle.compile(["orders"], ["metric_time__month"], None, query.start, query.end)
    whole = replace(query, start=date(2024, 2, 1), end=date(2024, 3, 31))
    found = [answer(con, sql, query.group_by, query.metrics) for sql in (layer.compile(query), theirs)]
    assert differences(answer(con, layer.compile(whole), query.group_by, query.metrics), found[1]) == []
    (days,) = con.execute(
        "select count(order_id) from core.fct_orders where ordered_on between '2024-02-05' and '2024-02-29'"
    ).fetchall()
    assert found[0].rows[date(2024, 2, 1),] == [(float(days[0]),)]


def test_a_saved_query_gives_the_same_rows_in_the_same_order(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    theirs = con.execute(oracle.compile_saved("weekly_channels"))
    columns = [item[0] for item in theirs.description]
    expected = [(row[0].date() if isinstance(row[0], datetime) else row[0], *row[1:]) for row in theirs.fetchall()]
    assert len(expected) == 6
    ours = con.execute(layer.compile(layer.saved_query("weekly_channels")))
    assert [item[0] for item in ours.description] == columns
    assert ours.fetchall() == expected


def test_metricflow_gives_a_conversion_to_another_session_where_the_range_ends_before_its_own(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    """The reason why the ranges of conversions end behind the data: ours gives January what January has in every range."""
    name, month = "converted_ever", ["metric_time__month"]
    january = (date(2024, 1, 1), date(2024, 1, 31))
    whole = answer(con, oracle.compile([name], month), month, [name]).rows
    cut = answer(con, oracle.compile([name], month, None, *january), month, [name]).rows
    ours = answer(con, layer.compile(Query([name], month, start=january[0], end=january[1])), month, [name]).rows
    assert ours == {(january[0],): whole[january[0],]}
    assert cut[january[0],][0][0] > whole[january[0],][0][0]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.reason[:40])
def test_known_differences_name_metrics_that_exist(known: Known, layer: SemanticLayer) -> None:
    assert known.metrics <= set(layer.metrics)
