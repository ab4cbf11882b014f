"""Targets, scores and milestones are only ever appended: what was scored at a time can be asked for ever after."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.catalogue import Target
from metrics.values import append_targets, ensure_tables, write_status
from tests.unit.values.company import Company, build
from tests.unit.values.test_status import TEXTS

KPIS = f"""
version: 1
kpis:
  - id: orders
    title: {{en: Orders, zh: 订单}}
    description: {TEXTS}
    question: {TEXTS}
    owner: Head of sales
    level: operational
    scope: company
    timing: lagging
    role: output
    minimum_n: 5
    playbook: {TEXTS}
    grains: [day, month]
    targets:
      - {{from: 2026-01-01, grain: month, value: 100, floor: 60, stretch: 130}}
      - {{from: 2026-01-01, grain: month, value: 10, scope: {{channel: email}}}}
"""
TABLES = ("kpi_targets", "kpi_status_history", "kpi_milestones", "kpi_target_seasons")
# settled months of 2026 until May; those of 2025 are 100, but December 700
MONTHS = {1: 105.0, 2: 99.0, 3: 95.0, 4: 50.0, 5: 140.0}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    found = build(tmp_path, KPIS)
    found.set_time(date(2026, 6, 10), date(2026, 6, 9), date(2026, 5, 31))
    for month in range(1, 13):
        put(found, date(2025, month, 1), 700.0 if month == 12 else 100.0)
    for month, value in MONTHS.items():
        put(found, date(2026, month, 1), value)
    put(found, date(2026, 5, 1), 12.0, member="email")
    return found


def put(company: Company, start: date, value: float, member: str = "", state: str = "settled") -> None:
    """Append a month's orders, later than all before."""
    company.con.execute(
        """insert into mart.kpi_values by name select 'orders' as metric, 'month' as grain, $start as period_start,
        if($member = '', '', 'channel') as segment_dimension, $member as segment_value, $value as numerator,
        $value::double as value, $value::bigint as n, $state as state, 'hash' as definition_hash, 'run' as run_id,
        timestamp '2026-06-10' + to_seconds((select count(*) from mart.kpi_values)) as recorded_at""",
        {"start": start, "value": value, "member": member, "state": state},
    )


def score(company: Company, *targets: dict[str, Any]) -> list[str]:
    """Append targets and scores; ``targets`` take the place of those of the file. Return the findings."""
    if targets:
        kpi = company.catalogue.kpis["orders"]
        changed = kpi.model_copy(update={"targets": tuple(Target.model_validate(one) for one in targets)})
        object.__setattr__(company.catalogue, "kpis", {"orders": changed})
    append_targets(company.con, company.catalogue, "run")
    return [str(one) for one in write_status(company.con, company.ws, company.catalogue, "run").findings]


def rows(company: Company, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
    return company.con.execute(f"select {columns} from mart.{table} order by all").fetchall()


def months(company: Company, source: str = "kpi_status_periods") -> dict[int, tuple[float, float, str]]:
    """Month -> value, target and status of the company."""
    sql = f"select month(period_start), value, target, status from mart.{source} where segment_value = '' order by 1"
    return {month: (value, target, status) for month, value, target, status in company.con.execute(sql).fetchall()}


def now(company: Company) -> datetime:
    return company.con.execute("select max(recorded_at) from mart.kpi_status_history").fetchall()[0][0]


def test_every_closed_period_with_a_target_is_scored(company: Company) -> None:
    assert score(company) == []
    assert months(company) == {
        1: (105, 100, "on_track"), 2: (99, 100, "on_track"), 3: (95, 100, "at_risk"), 4: (50, 100, "off_track"),
        5: (140, 100, "on_track"),
    }  # fmt: skip
    segment = "select value, target, status, attainment from mart.kpi_status where segment_value = 'email'"
    assert company.con.execute(segment).fetchall() == [(12, 10, "on_track", 1.2)]
    told = rows(company, "kpi_milestones_current", "kind, segment_value, period_start, value, is_news")
    assert told == [
        ("reached", "", date(2026, 1, 1), 105, False),
        ("reached", "", date(2026, 5, 1), 140, True),
        ("reached", "email", date(2026, 5, 1), 12, True),
    ]
    best = "select best_value, best_period_start, streak, streak_days from mart.kpi_status where is_headline"
    assert company.con.execute(best).fetchall() == [(700, date(2025, 12, 1), 1, 31)]


def test_scoring_again_appends_nothing(company: Company) -> None:
    score(company)
    before = {table: rows(company, table) for table in TABLES}
    score(company)
    assert {table: rows(company, table) for table in TABLES} == before


def test_old_scores_are_shown_as_they_were_scored(company: Company) -> None:
    score(company)
    first, as_scored = now(company), months(company)
    kept = {table: set(rows(company, table)) for table in TABLES}
    # The target is lowered for months that are past, one value is corrected, and the segment has no target any more.
    put(company, date(2026, 3, 1), 79.0, state="restated")
    score(company, {"from": "2026-01-01", "grain": "month", "value": 80, "floor": 60})
    assert months(company) == {
        1: (105, 80, "on_track"), 2: (99, 80, "on_track"), 3: (79, 80, "on_track"), 4: (50, 80, "off_track"),
        5: (140, 80, "on_track"),
    }  # fmt: skip
    assert months(company, f"kpi_status_as_of(timestamp '{first}')") == as_scored
    assert all(kept[table] <= set(rows(company, table)) for table in TABLES)
    rescored = rows(company, "kpi_rescores", "period_start, segment_value, old_status, new_status, cause")
    assert (date(2026, 3, 1), "", "at_risk", "on_track", "target") in rescored
    assert (date(2026, 5, 1), "email", "on_track", "no_target", "target") in rescored
    # a target that is gone is none, and not the one that it was
    gone = "select old_target, new_target from mart.kpi_rescores where segment_value = 'email' and new_status = 'no_target'"
    assert set(company.con.execute(gone).fetchall()) == {(10, None)}
    assert rows(company, "kpi_targets_current", "segment_value, target, stretch") == [("", 80, None)]
    old = f"kpi_targets_as_of(timestamp '{first}')"
    assert rows(company, old, "segment_value, target, stretch") == [("", 100, 130), ("email", 10, None)]
    removed = company.con.execute("select segment_value, target from mart.kpi_targets where is_removed").fetchall()
    assert removed == [("email", 10)]


def test_a_target_that_comes_back_stands_again(company: Company) -> None:
    both = [{"from": "2026-01-01", "grain": "month", "value": 100}, {"from": "2026-06-01", "grain": "month", "value": 120}]
    both[0]["to"] = "2026-05-31"
    score(company, *both)
    score(company, both[0])
    score(company, *both)
    history = rows(company, "kpi_targets", "valid_from, recorded_at, target, is_removed")
    assert [row[2:] for row in history] == [(100, False), (120, False), (120, True), (120, False)]
    assert len(rows(company, "kpi_targets_current")) == 2


def test_a_season_is_found_once_and_never_moves(company: Company) -> None:
    """2025 has 1,800 orders, 100 a month and 700 in December. Of 3,600 a year that is 200 a month."""
    yearly = {"from": "2026-01-01", "grain": "month", "value": 3600, "path": "seasonal", "floor": 1800}
    assert score(company, yearly) == []
    assert months(company)[1] == (105, pytest.approx(200), "off_track")
    floor = company.con.execute("select floor from mart.kpi_status where grain = 'month'").fetchall()
    assert floor == [(pytest.approx(100),)]
    assert len(rows(company, "kpi_target_seasons")) == 12
    kept = {table: rows(company, table) for table in TABLES}
    put(company, date(2025, 12, 1), 70000.0, state="restated")
    score(company, yearly)
    assert {table: rows(company, table) for table in TABLES if table != "kpi_milestones"} == {
        table: kept[table] for table in TABLES if table != "kpi_milestones"
    }
    # another value for the same year keeps the season: 7,200 are 400 a month
    score(company, {**yearly, "value": 7200})
    assert months(company)[1] == (105, pytest.approx(400), "off_track")
    assert len(rows(company, "kpi_target_seasons")) == 12


def test_a_season_without_a_whole_year_is_a_finding_and_no_target(company: Company) -> None:
    (finding,) = score(company, {"from": "2025-12-01", "grain": "month", "value": 3600, "path": "seasonal"})
    assert finding.startswith(str(company.catalogue.targets_at["orders"]))
    assert "own.yml:16: orders: the seasonal target from 2025-12-01 is not used: it needs a full year" in finding
    assert "12 settled months in a row before 2025-12-01, and 11 have a value" in finding
    assert months(company) == {}
    assert company.con.execute("select status from mart.kpi_status where grain = 'month'").fetchall() == [("no_target",)]


def test_a_target_for_a_member_without_values_is_a_finding(company: Company) -> None:
    scope = {"channel": "emial"}
    (finding,) = score(company, {"from": "2026-01-01", "grain": "month", "value": 5, "scope": scope})
    assert "channel 'emial', which has never had a value. Did you mean 'email'?" in finding


def test_a_record_needs_twelve_periods_before_it(company: Company) -> None:
    put(company, date(2026, 5, 1), 705.0, state="restated")
    score(company)
    records = "select period_start, value, previous_best, is_news from mart.kpi_milestones_current where kind = 'record'"
    # December 2025 was the best of twelve months, but had only eleven before it
    assert company.con.execute(records).fetchall() == [(date(2026, 5, 1), 705, 700, True)]
    put(company, date(2026, 5, 1), 120.0, state="restated")
    score(company)
    assert company.con.execute(records).fetchall() == []
    both = "select is_removed from mart.kpi_milestones where kind = 'record' order by recorded_at"
    assert company.con.execute(both).fetchall() == [(False,), (True,)]


def test_tables_and_views_say_what_they_are(company: Company) -> None:
    said = dict(company.con.execute("select table_name, comment from duckdb_tables() where schema_name = 'mart'").fetchall())
    assert all(said[table] for table in TABLES)
    views = "select comment from duckdb_views() where view_name in ('kpi_status_periods', 'kpi_rescores')"
    assert all(comment for (comment,) in company.con.execute(views).fetchall())


def test_targets_of_an_older_version_were_no_history() -> None:
    with duckdb.connect() as con:
        con.execute("create schema mart")
        con.execute("create table mart.kpi_targets (metric text, target double)")
        con.execute("insert into mart.kpi_targets values ('orders', 5)")
        ensure_tables(con)
        assert con.execute("select count(*) from mart.kpi_targets where recorded_at is not null").fetchall() == [(0,)]
        assert con.execute("select count(*) from mart.kpi_targets").fetchall() == [(0,)]
