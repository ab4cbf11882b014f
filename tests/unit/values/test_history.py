"""States follow the watermarks; settled values that change are restated; what vanishes leaves a tombstone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from metrics.values import Window, clear_pending, compute_values, history, pending_windows
from metrics.values.tables import ensure_tables
from tests.unit.values.company import METRICS, Company, build

DAY = date(2026, 4, 1)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Ten orders on each of the first three days of April, two of them closed, one settled."""
    found = build(tmp_path)
    for table, key in (("fct_orders", "order"), ("fct_web_sessions", "session"), ("fct_survey_responses", "response"),
                       ("fct_tickets", "ticket")):  # fmt: skip
        found.con.execute(
            f"""create table core.{table} as
            select 'x' || i as {key}_id, date '2026-04-01' + (i // 10)::integer as business_date, 'email' as channel,
                   10::decimal(18, 4) as gross_amount, 5::double as score, 30::double as minutes
            from range(30) as t(i)"""
        )
    found.set_time(date(2026, 4, 3), date(2026, 4, 2), date(2026, 4, 1))
    changed(found)
    compute(found, "first")
    clear_pending(found.con)
    return found


def compute(company: Company, run_id: str, windows: object = None) -> int:
    """Compute and return how many rows were appended."""
    return compute_values(company.con, company.ws, company.layer, company.catalogue, windows, run_id).appended  # type: ignore[arg-type]


def changed(company: Company) -> dict[str, Window]:
    """The windows that the facts ask for."""
    return pending_windows(company.con, company.ws, company.layer, company.catalogue)


def days(company: Company, metric: str = "orders") -> dict[date, tuple[float, str]]:
    """Day -> (value, state) of a total."""
    rows = company.con.execute(
        """select period_start, value, state from mart.kpi_current
        where metric = ? and grain = 'day' and segment_value = '' order by period_start""",
        [metric],
    ).fetchall()
    return {start: (value, state) for start, value, state in rows}


def test_states_follow_the_watermarks(company: Company) -> None:
    assert days(company) == {
        date(2026, 4, 1): (10, "settled"),
        date(2026, 4, 2): (10, "provisional"),
        date(2026, 4, 3): (10, "open"),
    }


def test_states_age_without_new_data(company: Company) -> None:
    company.set_time(date(2026, 4, 4), date(2026, 4, 3), date(2026, 4, 2))
    appended = compute(company, "older", windows={})
    assert [state for _, state in days(company).values()] == ["settled", "settled", "provisional"]
    # every metric, total and one channel: two days each; the open week, month and quarter stay open
    rows = company.con.execute("select count(*) from mart.kpi_values where run_id = 'older' and grain <> 'day'").fetchone()
    assert rows == (0,)
    per_day = len([metric for metric in METRICS if metric["name"] != "revenue_growth"]) * 2
    assert appended == 2 * per_day


def test_a_cohort_settles_when_it_is_mature(company: Company) -> None:
    orders = company.catalogue.metrics["orders"]
    object.__setattr__(orders, "meta", {**orders.meta, "matures_after_days": 1})
    company.set_time(date(2026, 4, 4), date(2026, 4, 3), date(2026, 4, 2))
    compute(company, "older", windows={})
    assert [state for _, state in days(company).values()] == ["settled", "provisional", "provisional"]
    assert [state for _, state in days(company, "sessions").values()] == ["settled", "settled", "provisional"]


def test_a_week_closes_with_its_last_day(company: Company) -> None:
    company.set_time(date(2026, 4, 6), date(2026, 4, 5), date(2026, 4, 1))
    compute(company, "sunday", windows={})
    found = company.con.execute(
        "select state from mart.kpi_current where metric = 'orders' and grain = 'week' and segment_value = ''"
    ).fetchall()
    assert found == [("provisional",)]


def test_a_watermark_may_go_back(company: Company) -> None:
    company.set_time(date(2026, 4, 3), None, None)
    compute(company, "back", windows={})
    assert {state for _, state in days(company).values()} == {"open"}


def test_a_settled_value_that_changes_is_restated_and_stays_so(company: Company) -> None:
    company.con.execute("delete from core.fct_orders where order_id = 'x0'")
    compute(company, "late", changed(company))
    assert days(company)[DAY] == (9, "restated")
    assert days(company)[date(2026, 4, 2)] == (10, "provisional")
    assert compute(company, "again") == 0
    found = company.con.execute(
        """select period_start, old_value, new_value, cause from mart.kpi_restatements
        where metric = 'orders' and segment_value = ''"""
    ).fetchall()
    assert found == [(DAY, 10, 9, "data")]


def test_a_settled_value_that_changes_as_its_day_reopens_is_not_settled(company: Company) -> None:
    """The change is an event; the state is that of the watermarks, whether the value was computed again or not."""
    company.con.execute("delete from core.fct_orders where order_id = 'x0'")
    company.set_time(date(2026, 4, 3), date(2026, 4, 2), date(2026, 3, 31))
    compute(company, "late", changed(company))
    assert days(company)[DAY] == (9, "provisional")
    assert restatements(company) == [("", 10, 9)]
    assert compute(company, "again") == 0


def test_a_new_definition_is_computed_in_full_and_not_called_restated(company: Company) -> None:
    changed = company.catalogue.lineage["orders"].definition
    object.__setattr__(changed, "definition_hash", "another")
    compute(company, "edit", windows={})
    rows = company.con.execute(
        "select distinct metric, state, definition_hash from mart.kpi_values where run_id = 'edit' order by all"
    ).fetchall()
    assert {(metric, hash_) for metric, _, hash_ in rows} == {("orders", "another")}
    assert "restated" not in {state for _, state, _ in rows}


def test_a_vanished_period_leaves_a_tombstone(company: Company) -> None:
    company.con.execute(f"delete from core.fct_orders where business_date = date '{DAY}'")
    compute(company, "gone", changed(company))
    assert DAY not in days(company)
    found = company.con.execute(
        "select state, value from mart.kpi_values where run_id = 'gone' and metric = 'orders' and grain = 'day'"
    ).fetchall()
    assert found == [("removed", None)] * 2
    company.con.execute(f"insert into core.fct_orders select 'new', date '{DAY}', 'email', 1, 5, 30")
    compute(company, "back", changed(company))
    # ten orders had been settled: the one that is there now changes what was reported, whatever lay between
    assert days(company)[DAY] == (1, "restated")
    assert restatements(company) == [("", 10, None), ("", None, 1)]
    assert compute(company, "again") == 0


def restatements(company: Company, dimension: str = "") -> list[tuple[str, float | None, float | None]]:
    """Member, old and new value of the orders of DAY, in the order in which they were recorded."""
    return company.con.execute(
        """select segment_value, old_value, new_value from mart.kpi_restatements
        where metric = 'orders' and grain = 'day' and period_start = ? and segment_dimension = ? order by restated_at, segment_value""",
        [DAY, dimension],
    ).fetchall()


def test_a_settled_value_that_comes_back_as_it_was_is_an_event_too(company: Company) -> None:
    company.con.execute(f"create table kept as from core.fct_orders where business_date = date '{DAY}'")
    for number in (1, 2):
        company.con.execute(f"delete from core.fct_orders where business_date = date '{DAY}'")
        compute(company, f"gone {number}", changed(company))
        clear_pending(company.con)
        company.con.execute("insert into core.fct_orders from kept")
        compute(company, f"back {number}", changed(company))
        clear_pending(company.con)
        assert days(company)[DAY] == (10, "restated")
    assert restatements(company) == [("", 10, None), ("", None, 10)] * 2


def test_a_value_that_never_settled_comes_back_as_any_other(company: Company) -> None:
    second = date(2026, 4, 2)
    company.con.execute(f"create table kept as from core.fct_orders where business_date = date '{second}' limit 4")
    company.con.execute(f"delete from core.fct_orders where business_date = date '{second}'")
    compute(company, "gone", changed(company))
    company.con.execute("insert into core.fct_orders from kept")
    compute(company, "back", changed(company))
    assert days(company)[second] == (4, "provisional")


def test_a_member_that_appears_in_a_settled_period_is_restated(company: Company) -> None:
    """Four of the ten settled orders by mail turn out to be of search: the total stays, both channels have changed."""
    for day in (1, 2, 3):
        company.con.execute(
            """update core.fct_orders set channel = 'search'
            where business_date = ? and order_id in ('x' || ?, 'x' || ?, 'x' || ?, 'x' || ?)""",
            [date(2026, 4, day), *(10 * (day - 1) + place for place in range(4))],
        )
    compute(company, "relabelled", changed(company))
    found = company.con.execute(
        """select period_start, segment_value, value, state from mart.kpi_current
        where metric = 'orders' and grain = 'day' and segment_dimension = 'channel' order by all"""
    ).fetchall()
    assert found == [
        (date(2026, 4, day), member, value, state)
        for day, states in ((1, "restated"), (2, "provisional"), (3, "open"))
        for member, value, state in (("email", 6, states), ("search", 4, states))
    ]
    assert days(company)[DAY] == (10, "settled")
    assert restatements(company, "channel") == [("email", 10, 6), ("search", None, 4)]
    assert compute(company, "again") == 0


def test_members_of_a_dimension_that_is_new_to_a_metric_restate_nothing(company: Company) -> None:
    company.con.execute("delete from mart.kpi_values where segment_dimension = 'channel'")
    company.con.execute("delete from mart.kpi_series where segment_dimension = 'channel'")
    compute(company, "by channel")
    states = company.con.execute(
        """select distinct state from mart.kpi_current
        where metric = 'orders' and segment_dimension = 'channel' and grain = 'day' and period_start = ?""",
        [DAY],
    ).fetchall()
    assert states == [("settled",)]
    assert restatements(company, "channel") == []


def test_a_metric_that_is_dropped_vanishes_and_may_return(company: Company) -> None:
    everything = dict(company.catalogue.metrics)
    object.__setattr__(company.catalogue, "metrics", {n: m for n, m in everything.items() if n != "orders"})
    compute(company, "dropped", windows={})
    assert days(company) == {}
    assert days(company, "sessions") != {}
    object.__setattr__(company.catalogue, "metrics", everything)
    compute(company, "returned", windows={})
    assert len(days(company)) == 3


def test_as_of_returns_what_was_published_then(company: Company) -> None:
    before = company.con.execute("select max(recorded_at) from mart.kpi_values").fetchone()
    assert before is not None
    company.con.execute("delete from core.fct_orders where order_id = 'x0'")
    compute(company, "late")
    then = company.con.execute(
        "select value from mart.kpi_as_of(?::timestamp) where metric = 'orders' and grain = 'day' and period_start = ?"
        " and segment_value = ''",
        [before[0], DAY],
    ).fetchall()
    assert then == [(10,)]
    valid = company.con.execute(
        """select value, valid_to is null from mart.kpi_history
        where metric = 'orders' and grain = 'day' and period_start = ? and segment_value = '' order by valid_from""",
        [DAY],
    ).fetchall()
    assert valid == [(10, False), (9, True)]


def test_a_failure_changes_nothing(company: Company) -> None:
    before = company.con.execute("select count(*) from mart.kpi_values").fetchone()
    company.con.execute("drop table core.fct_tickets")
    with pytest.raises(Exception, match="fct_tickets"):
        compute(company, "broken")
    assert company.con.execute("select count(*) from mart.kpi_values").fetchone() == before
    company.con.execute("select 1")


def test_tables_of_an_older_version_are_brought_up_to_date(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "old.duckdb")) as con:
        con.execute("create schema mart")
        con.execute("create table mart.dim_kpi (metric text, forgotten text)")
        con.execute("create table mart.alerts (fingerprint text primary key, metric text)")
        con.execute("insert into mart.alerts values ('a', 'orders')")
        ensure_tables(con)
        columns = {
            row[0] for row in con.execute("select column_name from duckdb_columns() where table_name = 'dim_kpi'").fetchall()
        }
        assert "matures_after_days" in columns
        assert "forgotten" not in columns
        assert con.execute("select fingerprint, metric, threshold from mart.alerts").fetchall() == [("a", "orders", None)]


def test_a_table_of_an_older_version_takes_values_under_their_names(company: Company) -> None:
    """A column that was added later stands last in the table: what is appended must not move into its neighbours."""
    company.con.execute("alter table mart.kpi_values drop column missing_days")
    ensure_tables(company.con)
    company.con.execute("delete from core.fct_orders where order_id = 'x0'")
    compute(company, "late", changed(company))
    found = company.con.execute(
        """select value, n, ci_low, missing_days, state, run_id from mart.kpi_current
        where metric = 'orders' and grain = 'day' and segment_value = '' and period_start = ?""",
        [DAY],
    ).fetchall()
    assert found == [(9, 9, None, 0, "restated", "late")]


def test_no_row_is_compared_with_every_other(company: Company) -> None:
    """A nested loop over fresh and stored rows took four minutes for a full refresh of 120,000 values."""
    compute(company, "again")
    times = {"run_id": "plan", "recorded_at": date(2026, 4, 4)}
    plan = "".join(row[1] for row in company.con.execute(f"explain {history._CHANGED}", times).fetchall())
    assert "HASH_JOIN" in plan
    assert "NL_JOIN" not in plan
