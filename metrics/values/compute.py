"""Compute the values of every connected metric and append what changed, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from metrics.values.fact_days import read_fact_days
from metrics.values.history import ValueChanges, append_changes, read_known, read_latest
from metrics.values.missing_days import count_missing_days
from metrics.values.plan import PlanContext, Windows, plan_batches, plan_series
from metrics.values.rows import one_transaction, workspace_today
from metrics.values.staging import stage_values, write_plan
from metrics.values.tables import ensure_tables
from metrics.values.versions import append_versions
from metrics.values.watermarks import event_watermarks
from metrics.workspace.clock import machine_now

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace


def compute_values(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    layer: SemanticLayer,
    catalogue: Catalogue,
    windows: Windows,
    run_id: str,
    say: Callable[[str], None] = lambda _: None,
) -> ValueChanges:
    """Append new and changed values, tombstones and states.

    ``windows``: None computes the whole history; a Window the periods that intersect it; a mapping metric -> Window
    (`pending_windows`) only these metrics. A metric, grain or segment without values
    so far, and a metric whose definition changed, is always computed in full. A failure leaves everything as it was.
    """
    ensure_tables(con)
    today = workspace_today(con)
    marks = event_watermarks(con, ws)
    with one_transaction(con):
        known = read_known(con)
        series = plan_series(PlanContext(ws, catalogue, marks, known, today), windows)
        sources = write_plan(con, series, known)
        stage_values(con, layer, series, plan_batches(series, today), sources, say)
        read_latest(con)
        if not _has_gaps(con):
            read_fact_days(con, ws, layer, catalogue)
        count_missing_days(con, catalogue, series, today)
        recorded_at = _recorded_at(con)
        changes = append_changes(con, run_id, recorded_at)
        append_versions(con, ws, catalogue, known, run_id, recorded_at)
        con.execute("delete from mart.kpi_gaps")
        con.execute("insert into mart.kpi_gaps select metric, day from temp.metric_gaps order by all")
        con.execute("drop table temp.metric_gaps")
    say(f"appended {changes.appended} values, {changes.restated} restated, {changes.removed} removed")
    return changes


def _has_gaps(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether `pending_windows` has looked at the facts for this computation."""
    found = con.execute("select count(*) from duckdb_tables() where database_name = 'temp' and table_name = 'metric_gaps'")
    return bool(found.fetchall()[0][0])


def _recorded_at(con: duckdb.DuckDBPyConnection) -> datetime:
    """The machine's time, but after every row so far: the order of rows must survive a clock that is set back."""
    now = machine_now()
    found = con.execute("select max(recorded_at) from mart.kpi_values").fetchone()
    latest: datetime | None = found[0] if found else None
    return now if latest is None else max(now, latest + timedelta(microseconds=1))
