"""Publishing: an own file per run, one atomic switch, readers that keep what they have open, old versions removed."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import duckdb
import pytest

from metrics.errors import RunError
from metrics.values import ensure_tables
from metrics.warehouse import open_published, open_warehouse
from metrics.workspace import Workspace, load_workspace
from serving.publish import log_publish, publish
from tests.unit.values.company import WORKSPACE


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A workspace with an empty warehouse."""
    (tmp_path / "workspace.yml").write_text(WORKSPACE.replace("clock:", "keep_published: 2\nclock:"))
    found = load_workspace(tmp_path)
    run(found, "first")
    return found


def run(ws: Workspace, run_id: str) -> None:
    """What a run leaves: one value more, and a line in the log."""
    with open_warehouse(ws) as con:
        ensure_tables(con)
        con.execute("delete from mart.clock; insert into mart.clock values (date '2026-06-30', timestamp '2026-06-30')")
        con.execute(
            """insert into mart.kpi_values (metric, grain, period_start, value, state, definition_hash, run_id, recorded_at)
            select 'orders', 'day', date '2026-01-01' + count(*)::integer, 1, 'open', 'x', ?, timestamp '2026-06-30'
            from mart.kpi_values""",
            [run_id],
        )
        log_publish(con, run_id)


def values(path: Path) -> int:
    """Rows of kpi_current in a published file."""
    with duckdb.connect(str(path.resolve()), read_only=True) as con:
        found = con.execute("select count(*) from mart.kpi_current").fetchone()
        return int(found[0]) if found else 0


def test_what_cannot_be_written_is_not_published_and_leaves_nothing_behind(ws: Workspace) -> None:
    publish(ws, "first")
    run(ws, "second")
    before = sorted(ws.published_dir.rglob("*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(RunError, match=r"^not published: .*kpi-second.* cannot be used: file too large\..*"
                           r"Readers keep the previous version\.$"):  # fmt: skip
            publish(ws, "second")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(ws.published_dir.rglob("*")) == before
    assert values(ws.published_current) == 1
    publish(ws, "second")
    assert values(ws.published_current) == 2


def test_a_run_is_published_under_its_own_name(ws: Workspace) -> None:
    published = publish(ws, "first")
    assert published.path == ws.published_dir / "kpi-first.duckdb"
    assert (published.rows, values(ws.published_current)) == (1, 1)
    assert os.readlink(ws.published_current) == "kpi-first.duckdb"
    assert os.readlink(ws.published_dir / "parquet" / "current") == "first"
    with open_published(ws) as con:
        assert con.execute("select run_id, rows, as_of::text from mart.publish_log").fetchall() == [
            ("first", 1, "2026-06-30")
        ]
        assert con.execute("select count(*) from mart.kpi_as_of(timestamp '2027-01-01')").fetchone() == (1,)


def test_views_over_raw_data_are_not_published(ws: Workspace) -> None:
    with open_warehouse(ws) as con:
        con.execute("create table raw.ops.people as select 'Ada' as name")
        con.execute("create view intermediate.int_people__unioned as select name from raw.ops.people")
    publish(ws, "first")
    with open_published(ws) as con:
        schemas = con.execute("select distinct schema_name from duckdb_views() where not internal").fetchall()
        assert schemas == [("mart",)]
        con.execute("select * from information_schema.columns").fetchall()
    with open_warehouse(ws) as con:
        assert con.execute("select name from intermediate.int_people__unioned").fetchall() == [("Ada",)]


def test_parquet_holds_every_table_of_the_mart(ws: Workspace) -> None:
    folder = publish(ws, "first").parquet_dir
    names = {path.stem for path in folder.iterdir()}
    assert {"kpi_values", "kpi_current", "kpi_status", "dim_kpi", "alerts", "swings", "publish_log", "clock"} <= names
    found = duckdb.sql(f"select metric, grain from '{folder}/kpi_values.parquet'").fetchall()
    assert found == [("orders", "day")]


def test_readers_keep_the_version_that_they_opened(ws: Workspace) -> None:
    publish(ws, "first")
    with open_published(ws) as reader:
        run(ws, "second")
        publish(ws, "second")
        assert reader.execute("select count(*) from mart.kpi_values").fetchone() == (1,)
        with open_published(ws) as newer:
            assert newer.execute("select count(*) from mart.kpi_values").fetchone() == (2,)


def test_the_last_versions_are_kept(ws: Workspace) -> None:
    for run_id in ("first", "second", "third"):
        run(ws, run_id)
        publish(ws, run_id)
    assert {path.name for path in ws.published_dir.glob("kpi-*")} == {"kpi-second.duckdb", "kpi-third.duckdb"}
    assert {path.name for path in (ws.published_dir / "parquet").iterdir()} == {"second", "third", "current"}


def test_a_name_is_never_used_twice(ws: Workspace) -> None:
    assert publish(ws, "first").path.name == "kpi-first.duckdb"
    assert publish(ws, "first").path.name == "kpi-first-2.duckdb"
    assert os.readlink(ws.published_current) == "kpi-first-2.duckdb"


def test_a_blocking_problem_leaves_the_previous_version(ws: Workspace) -> None:
    publish(ws, "first")
    with pytest.raises(RunError, match=r"not published: orders have no key \(and 1 more\). Readers keep"):
        publish(ws, "second", problems=["orders have no key", "b"])
    assert os.readlink(ws.published_current) == "kpi-first.duckdb"
    assert len(list(ws.published_dir.glob("kpi-*"))) == 1


def test_an_open_or_missing_warehouse_is_refused(ws: Workspace) -> None:
    wal = ws.warehouse_path.with_name("warehouse.duckdb.wal")
    wal.touch()
    with pytest.raises(RunError, match=r"warehouse.duckdb.wal shows that the warehouse is still open"):
        publish(ws, "first")
    wal.unlink()
    ws.warehouse_path.unlink()
    with pytest.raises(RunError, match=r"no warehouse yet"):
        publish(ws, "first")


def test_what_a_crash_leaves_is_neither_seen_nor_kept(ws: Workspace) -> None:
    """A copy that was cut off has no real name, and the next publication clears it away."""
    publish(ws, "first")
    half = ws.published_dir / ".kpi-dead.duckdb.part"
    half.write_bytes(b"half")
    leftover = ws.published_dir / "parquet" / ".dead.part"
    leftover.mkdir()
    os.symlink("nowhere", ws.published_dir / ".current.duckdb.link")
    run(ws, "second")
    publish(ws, "second")
    assert not half.exists()
    assert not leftover.exists()
    assert values(ws.published_current) == 2
