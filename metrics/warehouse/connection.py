"""Connections to a workspace's DuckDB files: the working pair for a run, the published copy for readers."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from metrics.errors import RunError
from metrics.warehouse.attached import attach_sources
from metrics.warehouse.names import literal, quoted
from metrics.warehouse.ops_tables import ensure_tables
from metrics.workspace.model import Workspace

# DuckDB spills to disk beyond its limit; the rest is for Python, dbt and the page cache.
MEMORY_SHARE = 0.6


@contextmanager
def open_warehouse(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open warehouse.duckdb read-write with raw.duckdb attached as ``raw``; all schemas and ops tables exist.

    The session's time zone is UTC. One process at a time: hold the workspace's lock. Raises RunError.
    """
    ws.runtime_dir.mkdir(parents=True, exist_ok=True)
    try:
        con = duckdb.connect(str(ws.warehouse_path), config=_settings(ws))
    except (duckdb.IOException, duckdb.ConnectionException) as error:
        raise RunError(_cannot_open(ws.warehouse_path, error)) from error
    try:
        con.execute("set TimeZone = 'UTC'")
        try:
            # Attached already where this process has the warehouse open: both are connections to one instance.
            con.execute(f"attach if not exists {literal(str(ws.raw_path))} as raw")
        except duckdb.Error as error:
            raise RunError(_cannot_open(ws.raw_path, error)) from error
        attach_sources(con, ws)
        ensure_tables(con, [source.schema_name for source in ws.sources.values()])
        yield con
    finally:
        con.close()


@contextmanager
def open_published(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published copy read-only. Raises RunError when nothing is published yet."""
    with _open_copy(ws, ws.published_current) as con:
        yield con


@contextmanager
def open_facts(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the copy that holds the facts, too: the published one unless the workspace has small_cells. Raises RunError."""
    with _open_copy(ws, ws.facts_dir / "current.duckdb" if ws.small_cells else ws.published_current) as con:
        yield con


@contextmanager
def _open_copy(ws: Workspace, current: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not current.exists():
        raise RunError(f"{current}: nothing is published yet. Run `kpi run --workspace {ws.root}` first.")
    try:
        # The link may be switched while it is open: the file behind it is what this connection keeps reading.
        con = duckdb.connect(str(current.resolve()), read_only=True)
    except duckdb.Error as error:
        raise RunError(_cannot_open(current, error)) from error
    try:
        con.execute("set TimeZone = 'UTC'")
        yield con
    finally:
        con.close()


@contextmanager
def open_raw(ws: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open raw.duckdb read-only: what was loaded, as it stands between two runs. Raises RunError."""
    if not ws.raw_path.exists():
        raise RunError(f"{ws.name}: nothing is loaded yet. Run `kpi run --workspace {ws.root}` first.")
    try:
        con = duckdb.connect(str(ws.raw_path), read_only=True)
    except duckdb.Error as error:
        raise RunError(_cannot_open(ws.raw_path, error)) from error
    try:
        yield con
    finally:
        con.close()


def load_excel(con: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's Excel reader from the installed package, without a network. Raises RunError."""
    package = importlib.util.find_spec("duckdb_extension_excel")
    if package is None or package.origin is None:
        raise RunError("the package duckdb-extension-excel is not installed. Install it to read Excel files.")
    version = con.execute("select library_version from pragma_version()").fetchone()
    folder = Path(package.origin).parent / "extensions"
    file = folder / (version[0] if version else "") / "excel.duckdb_extension"
    if not file.is_file():
        found = ", ".join(sorted(path.name for path in folder.glob("v*"))) or "none"
        raise RunError(
            f"the package duckdb-extension-excel ({found}) does not fit duckdb {file.parent.name}. "
            "Install the same version of both."
        )
    con.execute(f"load {literal(str(file))}")


def table_exists(con: duckdb.DuckDBPyConnection, catalog: str, schema: str, table: str) -> bool:
    """Return whether a table (not a view) exists."""
    row = con.execute(
        "select count(*) from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?",
        [catalog, schema, table],
    ).fetchone()
    return row is not None and row[0] > 0


def column_types(con: duckdb.DuckDBPyConnection, *relation: str) -> dict[str, str]:
    """Return the columns of a relation and their DuckDB types, in order."""
    rows = con.execute(f"describe select * from {quoted(*relation)}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def append_rows(con: duckdb.DuckDBPyConnection, relation: str, rows: Sequence[Sequence[object]]) -> None:
    """Append rows to a table in one statement; ``executemany`` takes a millisecond per row."""
    if not rows:
        return
    types = [str(row[1]) for row in con.execute(f"describe select * from {relation}").fetchall()]
    columns = ", ".join(f"unnest(cast(${number} as {kind}[]))" for number, kind in enumerate(types, start=1))
    con.execute(f"insert into {relation} select {columns}", [list(column) for column in zip(*rows, strict=True)])


def _settings(ws: Workspace) -> dict[str, str | bool | int | float | list[str]]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "memory_limit": f"{int(memory * MEMORY_SHARE / 2**20)}MiB",
        "threads": min(os.cpu_count() or 1, 8),
        "temp_directory": str(ws.runtime_dir / "spill"),
    }


def _cannot_open(path: Path, error: duckdb.Error) -> str:
    reason = str(error).splitlines()[0]
    if "lock" in reason.lower():
        return f"{path}: another process has it open. Wait until its run has finished, or close the program reading it."
    return f"{path}: cannot be opened: {reason}"
