"""Runs the load of a source's tables and notes how it went (raw.ops.loads)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import duckdb

from dagster_project.connectors.base import Say, TableLoad, connector_for
from metrics.workspace import Workspace, machine_now


def extract_source(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source_name: str, tables: Sequence[str], run_id: str, say: Say
) -> list[TableLoad]:
    """Bring raw tables of a source up to date. Each is loaded all or nothing. Raises SourceError.

    ``say`` is called with one line per step. After the last source of a run call ``finish_extraction``.
    """
    source = ws.sources[source_name]
    loads = connector_for(source).load_tables(con, ws, source, tables, run_id, say)
    return record_loads(con, source_name, tables, loads, run_id, say)


def record_loads(
    con: duckdb.DuckDBPyConnection,
    source_name: str,
    tables: Sequence[str],
    loads: Iterable[TableLoad],
    run_id: str,
    say: Say,
) -> list[TableLoad]:
    """Carry out ``loads``, which may not have begun, and note each; tables that an error leaves behind as failed."""
    # What was written at the source after the load began may be missing.
    began_at = machine_now()
    done: list[TableLoad] = []
    try:
        for load in loads:
            done.append(load)
            _note(con, source_name, load, run_id, began_at, succeeded=True)
            quarantined = f", {load.rejected:,} in quarantine" if load.rejected else ""
            say(f"{source_name}.{load.table}: {load.rows:,} rows, {load.rows_changed:,} changed{quarantined}")
    finally:
        for table in tables[len(done) :]:
            _note(con, source_name, TableLoad(table, 0, 0, 0, {}), run_id, began_at, succeeded=False)
    return done


def _note(
    con: duckdb.DuckDBPyConnection, source: str, load: TableLoad, run_id: str, began_at: dt.datetime, succeeded: bool
) -> None:
    con.execute(
        "insert into raw.ops.loads values (?, ?, ?, ?, ?, ?, ?, ?)",
        [source, load.table, run_id, began_at, load.rows, load.rows_changed, load.rejected, succeeded],
    )
