"""The main job: run, run again with nothing new, let a day pass, run again."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest

from tests.conftest import REPOSITORY, BuiltWorkspace, Kpi

pytestmark = pytest.mark.integration


def read(workspace: BuiltWorkspace, sql: str) -> list[tuple]:
    with duckdb.connect(str(workspace.published.resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def counts(workspace: BuiltWorkspace) -> dict[str, int]:
    tables = ("kpi_values", "alerts", "swings", "dim_kpi", "kpi_status")
    return {table: read(workspace, f"select count(*) from mart.{table}")[0][0] for table in tables}


def test_first_run_publishes_everything(demo: BuiltWorkspace) -> None:
    assert all(count > 0 for count in counts(demo).values()), counts(demo)
    assert read(demo, "select distinct grain from mart.kpi_values order by 1") == [
        ("day",), ("month",), ("quarter",), ("week",),
    ]  # fmt: skip
    parquet = demo.root / "published" / "parquet" / "current" / "kpi_values.parquet"
    rows = duckdb.sql(f"select count(*) from '{parquet}'").fetchone()
    assert rows == (counts(demo)["kpi_values"],)


def test_published_copy_holds_no_raw_data(demo: BuiltWorkspace) -> None:
    schemas = {row[0] for row in read(demo, "select distinct schema_name from duckdb_tables()")}
    assert schemas == {"core", "mart"}
    columns = read(demo, "select table_name, column_name from duckdb_columns() where column_name in ('email', 'phone')")
    assert columns == []


def test_scorecard_fits_100_columns_and_says_where(demo_copy: BuiltWorkspace, kpi: Kpi) -> None:
    done = kpi("run", "-w", demo_copy.root)
    assert done.returncode == 0, done.stderr
    assert "Nothing new since the last run" in done.stdout
    assert "current.duckdb" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "current.duckdb" not in line) <= 100


def test_second_run_appends_nothing_and_alerts_nothing(demo_copy: BuiltWorkspace, kpi: Kpi) -> None:
    before = counts(demo_copy)
    (demo_copy.root / ".bellwether" / "fingerprint.json").unlink()
    done = kpi("run", "-w", demo_copy.root)
    assert done.returncode == 0, done.stderr
    assert "Nothing new" not in done.stdout
    assert counts(demo_copy) == before


def test_full_refresh_gives_the_same_values(demo_copy: BuiltWorkspace, kpi: Kpi) -> None:
    before = counts(demo_copy)
    done = kpi("run", "-w", demo_copy.root, "--full-refresh")
    assert done.returncode == 0, done.stderr
    assert counts(demo_copy) == before


def test_next_day_appends_just_what_changed(demo_copy: BuiltWorkspace, kpi: Kpi, tmp_path: Path) -> None:
    sys.path.insert(0, str(REPOSITORY))
    from data.generator import next_day

    before = counts(demo_copy)
    last = read(demo_copy, "select max(recorded_at) from mart.kpi_values")[0][0]
    day = next_day(demo_copy.files, say=lambda _: None)
    done = kpi("run", "-w", demo_copy.root)
    assert done.returncode == 0, done.stderr
    after = counts(demo_copy)
    assert after["kpi_values"] > before["kpi_values"]
    new = read(
        demo_copy,
        f"select count(*) from mart.kpi_values where recorded_at > '{last}' and metric = 'sessions' and grain = 'day'"
        " and segment_dimension = ''",
    )[0][0]
    # The new day, the day that has closed, and one day that has settled: nothing older was written again.
    assert 1 <= new <= 4
    assert read(demo_copy, f"select count(*) from mart.kpi_current where metric = 'sessions' and grain = 'day' and period_start = '{day}'") != [(0,)]
    # The same data in one go gives the same current values.
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    import shutil

    for name in ("workspace.yml", "kpis", "files"):
        source = demo_copy.root / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, fresh / name)
    assert kpi("run", "-w", fresh).returncode == 0
    key = "metric, grain, period_start, segment_dimension, segment_value"
    columns = f"select {key}, value, numerator, denominator, n from mart.kpi_current"
    with duckdb.connect() as con:
        con.execute(f"attach '{demo_copy.published.resolve()}' as stepped (read_only)")
        con.execute(f"attach '{(fresh / 'published' / 'current.duckdb').resolve()}' as whole (read_only)")
        stepped, whole = (columns.replace("mart.", f"{name}.mart.") for name in ("stepped", "whole"))
        differing = con.execute(f"select count(*) from (({stepped} except {whole}) union all ({whole} except {stepped}))")
        assert differing.fetchone() == (0,)


def test_a_query_answers_for_complete_periods_unless_asked_otherwise(demo: BuiltWorkspace, kpi: Kpi) -> None:
    def months(*options: str) -> list[str]:
        done = kpi("query", "orders", "--by", "metric_time__month", "--format", "csv", "-w", demo.root, *options)
        assert done.returncode == 0, done.stderr
        return [line.split(",")[0] for line in done.stdout.splitlines()[1:]]

    assert months()[-1] == "2026-05-01"
    assert months("--include-open") == [*months(), "2026-06-01"]
    # A month that the range cuts is no more complete than one that is still open.
    assert months("--to", "2026-06-15")[-1] == "2026-05-01"
    assert months("--from", "2026-04-02")[0] == "2026-05-01"
    assert months("--to", "2026-06-15", "--include-open")[-1] == "2026-06-01"
