"""Compute the values of every connected metric and append what changed, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from metrics.values.fact_days import read_fact_days
from metrics.values.history import ValueChanges, append_changes, read_known, read_latest
from metrics.values.journal import after_all_rows
from metrics.values.missing_days import count_missing_days
from metrics.values.plan import PlanContext, Windows, plan_batches, plan_series
from metrics.values.rows import one_transaction, workspace_today
from metrics.values.staging import stage_values, write_plan
from metrics.values.tables import ensure_tables
from metrics.values.versions import append_versions
from metrics.values.watermarks import event_watermarks

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
        recorded_at = after_all_rows(con, "kpi_values")
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
