"""What holds for any query and any rows: parts add up to totals, the order of rows is nothing, a change stays where it is."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.values import clear_pending, compute_values, pending_windows
from metrics.values.periods import period_start
from tests.soundness.conftest import MANIFEST, create_statement, fetch
from tests.soundness.data import FIRST, LAST, TABLES, Rows
from tests.soundness.differential import FILTERS, answer, differences
from tests.unit.values.company import FIRST as OPENED
from tests.unit.values.company import Company, build, random_frames

LAYER = SemanticLayer.from_manifest(MANIFEST)
_ADDING = ("sum", "count", "sum_boolean")


def _additive() -> list[str]:
    """Simple metrics over a measure that adds up, taken from the definitions."""
    measures = LAYER.manifest.measures
    simple = {name: metric.measure for name, metric in LAYER.metrics.items() if metric.type == "simple" and metric.measure}
    return [
        name
        for name, given_ in simple.items()
        if measures[given_.measure].agg in _ADDING and not measures[given_.measure].non_additive
    ]


ADDITIVE = _additive()
# A total without rows is 0 by the definition of these, and has no parts.
FILLED = {name for name in ADDITIVE if (part := LAYER.metrics[name].measure) and part.fill_nulls_with is not None}
_days = st.dates(FIRST - timedelta(days=20), LAST + timedelta(days=20))


@st.composite
def _splits(draw: st.DrawFn) -> tuple[Query, list[str]]:
    """A total of one additive metric, and one or two names to split it by."""
    metric = draw(st.sampled_from(ADDITIVE))
    names = LAYER.dimensions(metric)
    split = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    possible = [text for name, texts in FILTERS.items() if name in names for text in texts]
    where = draw(st.lists(st.sampled_from(possible), max_size=2, unique=True)) if possible else []
    start, end = sorted(draw(st.tuples(_days, _days))) if draw(st.booleans()) else (None, None)
    return Query([metric], where=where, start=start, end=end), split


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@seed(20240417)
@given(asked=_splits())
def test_totals_are_the_sums_of_their_parts(con: duckdb.DuckDBPyConnection, asked: tuple[Query, list[str]]) -> None:
    """To the cent: money is decimal and counts are whole numbers. A range may cut weeks and months."""
    query, split = asked
    ((total,),) = fetch(con, LAYER.compile(query))
    by_name = Query(query.metrics, split, query.where, query.start, query.end)
    parts = [row[len(split)] for row in fetch(con, LAYER.compile(by_name))]
    known = [part for part in parts if part is not None]
    if query.metrics[0] in FILLED:
        assert sum(known) == (total or 0)
    else:
        assert (sum(known) if known else None) == total


def test_additive_metrics_were_found() -> None:
    assert {"orders", "amount", "sessions", "bounces", "items", "tickets_solved", "mobile_orders"} <= set(ADDITIVE)
    assert not {"balance", "visitors", "buyers", "amount_max", "reply_minutes", "conversion_rate"} & set(ADDITIVE)


def test_the_order_of_rows_changes_nothing(con: duckdb.DuckDBPyConnection, rows: dict[str, Rows]) -> None:
    """Every metric on the same rows in another order, by month and the first dimension it has."""
    rng = random.Random(5)
    with duckdb.connect() as other:
        other.execute("attach ':memory:' as soundness; use soundness; create schema core")
        for table, content in rows.items():
            other.execute(create_statement(table))
            marks = ", ".join("?" for _ in TABLES[table])
            other.execute("begin")
            other.executemany(f'insert into core."{table}" values ({marks})', rng.sample(content, len(content)))
            other.execute("commit")
        compared = 0
        for metric in LAYER.metrics:
            try:
                name = next(name for name in LAYER.dimensions(metric) if not name.startswith("metric_time"))
                keys = ["metric_time__month", name]
                sql = LAYER.compile(Query([metric], keys, end=LAST))
            except QueryError:
                continue
            found = differences(answer(con, sql, keys, [metric]), answer(other, sql, keys, [metric]))
            assert found == [], metric
            compared += 1
    assert compared > 40


_MONTH, _WEEK, _DAY = "metric_time__month", "metric_time__week", "metric_time__day"
# The first and the last day of every piece of a week in a month, of two weeks each of which lies in two months.
_PIECES = tuple(
    (date(2024, *first), date(2024, *last))
    for first, last in (((1, 29), (1, 31)), ((2, 1), (2, 4)), ((2, 26), (2, 29)), ((3, 1), (3, 3)))
)


@pytest.mark.parametrize("compare", [(), ("previous_period",)], ids=["alone", "compared"])
def test_a_week_beside_its_month_is_the_week_cut_to_the_days_in_the_month(
    con: duckdb.DuckDBPyConnection, compare: tuple[str, ...]
) -> None:
    """Every metric: one row for each piece of a week, with what a query by week over just its days answers."""
    asked = 0
    for metric in LAYER.metrics:
        columns = [metric, *(f"{metric}__previous_period{end}" for end in ("", "_change") if compare)]
        whole = Query([metric], [_MONTH, _WEEK], start=_PIECES[0][0], end=_PIECES[-1][1], compare=compare)
        try:
            found = answer(con, LAYER.compile(whole), whole.group_by, columns).rows
        except QueryError:
            continue
        assert {len(rows) for rows in found.values()} == {1}, metric
        for start, end in _PIECES:
            cut = Query([metric], [_WEEK], start=start, end=end, compare=compare)
            expected = answer(con, LAYER.compile(cut), [_WEEK], columns).rows
            key = start.replace(day=1), period_start(start, "week")
            assert _known(found.get(key)) == _known(expected.get(key[1:])), f"{metric}, {start} to {end}"
        asked += 1
    assert asked > 50


def _known(rows: list[tuple[Any, ...]] | None) -> list[tuple[Any, ...]]:
    """Rows to ten digits, but those without any value: they may be there or not."""
    plain = [tuple(float(f"{value:.10g}") if isinstance(value, float) else value for value in row) for row in rows or ()]
    return [row for row in plain if any(value is not None for value in row)]


def test_a_coarser_grain_beside_the_day_changes_no_day(con: duckdb.DuckDBPyConnection) -> None:
    asked = 0
    for metric in LAYER.metrics:
        try:
            by_day = answer(con, LAYER.compile(Query([metric], [_DAY], end=LAST)), [_DAY], [metric]).rows
            beside = Query([metric], [_MONTH, _WEEK, _DAY], end=LAST)
            found = answer(con, LAYER.compile(beside), beside.group_by, [metric]).rows
        except QueryError:
            continue
        assert {key[2:]: _known(rows) for key, rows in found.items()} == {key: _known(rows) for key, rows in by_day.items()}
        asked += 1
    assert asked > 40


# Which metrics a row of each table can move, worked out from the definitions of the small company.
_OF_ORDERS = {"orders", "email_orders", "gross_revenue", "conversion_rate", "revenue_growth"}
MOVED = {
    "fct_orders": _OF_ORDERS,
    "fct_web_sessions": {"sessions", "conversion_rate"},
    "fct_survey_responses": {"csat_answers", "csat_satisfied", "csat"},
    "fct_tickets": {"tickets_created", "first_response_minutes"},
}
_SET = {
    "fct_orders": "gross_amount = gross_amount + 1",
    "fct_web_sessions": "channel = case when channel = 'social' then 'email' else 'social' end",
    "fct_survey_responses": "score = 6 - score",
    "fct_tickets": "minutes = minutes + 7",
}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Five weeks of the small company, computed."""
    found = build(tmp_path_factory.mktemp("company"))
    last = OPENED + timedelta(days=35)
    found.load(random_frames(seed=4, last=last))
    found.set_time(last, last - timedelta(days=1), last - timedelta(days=20))
    _compute(found, "first")
    return found


def _compute(company: Company, run_id: str) -> None:
    windows = pending_windows(company.con, company.ws, company.layer, company.catalogue)
    compute_values(company.con, company.ws, company.layer, company.catalogue, windows, run_id)
    clear_pending(company.con)


def test_a_change_alters_only_the_periods_of_its_days(company: Company) -> None:
    """Random rows go, come twice, change or move to another day: values move in the periods of these days, nowhere else."""
    moved = 0
    for step in range(12):
        rng = random.Random(step)
        table = rng.choice(sorted(MOVED))
        days = _changed_rows(company, table, rng)
        _compute(company, f"step {step}")
        written = company.con.execute(
            "select distinct metric, grain, period_start from mart.kpi_values where run_id = ?", [f"step {step}"]
        ).fetchall()
        assert set(written) <= _reached(table, days), (step, table, days)
        moved += bool(written)
    # an answer of 3 that becomes 6 - 3 moves nothing, and a median need not
    assert moved >= 9


def _reached(table: str, days: set[date]) -> set[tuple[str, str, date]]:
    """The periods that hold the days, of the metrics that read the table."""
    found = {(metric, grain, period_start(day, grain)) for metric in MOVED[table] for day in days for grain in _GRAINS}
    # growth compares with the month before, so that the month after a change moves, too
    return found | {
        ("revenue_growth", "month", period_start(day.replace(day=28) + timedelta(days=4), "month")) for day in days
    }


_GRAINS = ("day", "week", "month", "quarter")


def _changed_rows(company: Company, table: str, rng: random.Random) -> set[date]:
    """Change one to three rows of one day; returns the days on which rows differ from before."""
    day = OPENED + timedelta(days=rng.randrange(36))
    key = next(name for name in company.frames[table].columns if name.endswith("_id"))
    found = company.con.execute(f"select {key} from core.{table} where business_date = ? order by {key}", [day]).fetchall()
    given_: Mapping[str, Any] = {
        "day": day,
        "keys": [row[0] for row in rng.sample(found, min(len(found), rng.randint(1, 3)))],
    }
    chosen = f"business_date = $day and list_contains($keys, {key})"
    kind = rng.choice(("delete", "repeat", "update", "move"))
    if kind == "delete":
        company.con.execute(f"delete from core.{table} where {chosen}", given_)
    elif kind == "repeat":
        company.con.execute(f"insert into core.{table} select * from core.{table} where {chosen}", given_)
    elif kind == "update":
        company.con.execute(f"update core.{table} set {_SET[table]} where {chosen}", given_)
    else:
        other = OPENED + timedelta(days=rng.randrange(36))
        company.con.execute(f"update core.{table} set business_date = $other where {chosen}", {**given_, "other": other})
        return {day, other}
    return {day}
