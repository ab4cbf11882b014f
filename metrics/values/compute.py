"""Compute the values of every connected metric and append what changed, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from metrics.values.history import ValueChanges, append_changes, read_known
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
        recorded_at = _recorded_at(con)
        changes = append_changes(con, run_id, recorded_at)
        append_versions(con, ws, catalogue, known, run_id, recorded_at)
    say(f"appended {changes.appended} values, {changes.restated} restated, {changes.removed} removed")
    return changes


def _recorded_at(con: duckdb.DuckDBPyConnection) -> datetime:
    """The machine's time, but after every row so far: the order of rows must survive a clock that is set back."""
    now = machine_now()
    found = con.execute("select max(recorded_at) from mart.kpi_values").fetchone()
    latest: datetime | None = found[0] if found else None
    return now if latest is None else max(now, latest + timedelta(microseconds=1))
