"""Differential test: MetricFlow 0.213 and this compiler answer the same random queries on the same rows.

Every disagreement is a failure, except those listed in ``known_differences.py`` with their reason.
``BELLWETHER_DIFFERENTIAL_QUERIES=10000`` asks more queries than the default, ``BELLWETHER_DIFFERENTIAL_SEED`` others.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from dataclasses import replace
from datetime import date, datetime

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.conftest import REPOSITORY
from tests.soundness.conftest import MANIFEST
from tests.soundness.differential import WIDE_CUSTOMERS, answer, differences, near, random_queries, wide_manifest
from tests.soundness.known_differences import KNOWN, Known, comparable
from tests.soundness.metricflow_oracle import MetricFlow

COUNT = int(os.environ.get("BELLWETHER_DIFFERENTIAL_QUERIES", "500"))
SEED = int(os.environ.get("BELLWETHER_DIFFERENTIAL_SEED", "7"))


@pytest.fixture(scope="module")
def oracle(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> MetricFlow:
    """MetricFlow over the wide customers, so that it can be asked for what is three and four joins away."""
    con.execute(WIDE_CUSTOMERS)
    return MetricFlow(wide_manifest(MANIFEST, tmp_path_factory.mktemp("wide") / "semantic_manifest.json"))


_WITHOUT_ANSWER = ("needs a time to stand at", "a filter on metric_time would cut the window")
_WINDOW_WITHOUT_TIME = "does not accumulate over all-time, but the group-by items do not include 'metric_time'"


def test_both_compilers_give_the_same_answers(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, oracle: MetricFlow
) -> None:
    counts: Counter[str] = Counter()
    failures = []
    asked = (found for item in random_queries(None, SEED) if (found := comparable(item)))
    for query in itertools.islice(asked, COUNT):
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
    keys, where = [near(name) for name in query.group_by], [near(text) for text in query.where]
    try:
        theirs = oracle.compile(list(query.metrics), keys, where, query.start, query.end)
    except Exception as error:  # MetricFlow's refusals have no common class
        if ours is None:
            assert any(reason in refused for reason in _WITHOUT_ANSWER), refused
            return "refused by both", []
        if _WINDOW_WITHOUT_TIME in str(error):
            return "a window as of the last day, which MetricFlow does not answer", []
        return "refused by MetricFlow", [str(error)[:500]]
    if ours is None:
        return "refused by ours", [refused]
    found = differences(answer(con, ours, query.group_by, query.metrics), answer(con, theirs, keys, query.metrics))
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


def test_each_known_difference_is_explained_on_the_page() -> None:
    page = " ".join((REPOSITORY / "docs" / "correctness.md").read_text(encoding="utf-8").split())
    assert [known.reason for known in KNOWN if known.reason not in page] == []
