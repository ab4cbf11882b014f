"""The connector for databases that SQLAlchemy reaches: dlt's ``sql_database`` into a landing file, from there into raw.

dlt writes to a DuckDB file of its own (``.bellwether/dlt/<source>.duckdb``), because it needs a connection of its own and
a process cannot open raw.duckdb twice. A table with ``cursor`` and ``key`` lands only rows that are new since the last
load (with a look-back of a minute for transactions that commit late); other tables land as a whole. ``receive_tables``
then types, compares and switches the rows in one transaction per table, as for files. Rows that were deleted at the
source are only noticed in tables that land as a whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project.connectors.base import Say, TableLoad
from dagster_project.connectors.landing import LANDING_SCHEMA, landing_path, receive_tables
from metrics.errors import SourceError, SourceUnavailableError, did_you_mean
from metrics.warehouse import column_types, table_exists
from metrics.workspace import Source, Workspace

if TYPE_CHECKING:
    from dlt import Pipeline
    from dlt.extract import DltSource

# Seconds for a time, days for a date, units for a number. Rows that are read twice change nothing.
LOOK_BACK = 60
WHOLE_TABLE = None
CHUNK_ROWS = 50_000


def fingerprint(ws: Workspace, source: Source) -> str | None:
    """Return a hash of path, size and time of an SQLite file; other databases have to be asked."""
    path = _sqlite_path(ws, source)
    if path is None:
        return None
    # A database in WAL mode leaves its own file untouched until a checkpoint.
    files = [file for file in (path, path.with_name(path.name + "-wal")) if file.is_file()]
    found = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def load_tables(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, tables: Sequence[str], run_id: str, say: Say
) -> Iterator[TableLoad]:
    """Land tables with dlt, then bring the raw tables up to date. Raises SourceError."""
    prepare_landing(con, ws, source)
    say(f"{source.name}: reading {len(tables)} table(s) of the database")
    with source_errors(ws, source):
        dlt_pipeline(ws, source).run(dlt_source(ws, source, tables))
    yield from receive_tables(con, ws, source, tables, run_id)


def look_back_lags(con: duckdb.DuckDBPyConnection, source: Source, days: int) -> dict[str, float | None]:
    """Per table with a cursor: how far below it a look-back run reads. A number or a text knows no days: WHOLE_TABLE."""
    lags: dict[str, float | None] = {}
    for name, table in source.tables.items():
        if table.cursor and table_exists(con, "raw", source.schema_name, name):
            kind = column_types(con, "raw", source.schema_name, name).get(table.cursor, "")
            lags[name] = days * 86_400.0 if kind.startswith("TIMESTAMP") else float(days) if kind == "DATE" else WHOLE_TABLE
    return lags


def dlt_source(
    ws: Workspace, source: Source, tables: Sequence[str], lags: Mapping[str, float | None] | None = None
) -> DltSource:
    """Return a fresh dlt source; nothing is read yet. Never pass the same one to two runs.

    ``lags``: the look-back of tables that need another one than LOOK_BACK.
    """
    dlt = _dlt()
    from dlt.sources.sql_database import sql_table

    engine = _engine(ws, source)

    def resources() -> Iterator[Any]:
        for name in tables:
            table = source.tables[name]
            schema, _, in_database = (table.table or name).rpartition(".")
            newest, lag = None, (lags or {}).get(name, LOOK_BACK)
            if table.cursor and lag is not WHOLE_TABLE:
                newest = dlt.sources.incremental(table.cursor, primary_key=(), lag=lag, on_cursor_value_missing="include")
            resource = sql_table(
                credentials=engine,
                table=in_database,
                schema=schema or None,
                incremental=newest,
                chunk_size=CHUNK_ROWS,
                backend="pyarrow",
                reflection_level="full",
                defer_table_reflect=True,
                table_adapter_callback=partial(_refuse_text_cursor, table.cursor) if table.cursor else None,
            )
            resource = resource.with_name(name)
            resource.apply_hints(table_name=name, write_disposition="append" if table.cursor else "replace")
            yield resource

    # A new column is kept; a column that changes its type stops the load instead of splitting in two.
    contract = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
    return dlt.source(resources, name=source.name, schema_contract=contract)()  # type: ignore[no-any-return]


def _refuse_text_cursor(cursor: str, table: Any) -> None:
    """Text sorts as it is written, not as the date that it means ("9.1." after "10.1."): newer rows would be left out."""
    from sqlalchemy.types import String

    if cursor in table.columns and isinstance(table.columns[cursor].type, String):
        raise ValueError(
            f"{table.name}: the cursor '{cursor}' is text in the database, by which newer rows cannot be told. Name a column"
            " of dates or numbers, or leave `cursor:` and `key:` out: the table is then read whole every time"
        )


def dlt_pipeline(ws: Workspace, source: Source) -> Pipeline:
    """Return the pipeline that lands a source; its state (the cursors) is kept in the landing file."""
    dlt = _dlt()
    ws.dlt_dir.mkdir(parents=True, exist_ok=True)
    destination = dlt.destinations.duckdb(str(landing_path(ws, source)), replace_strategy="insert-from-staging")
    return dlt.pipeline(  # type: ignore[no-any-return]
        pipeline_name=f"bellwether_{source.name}",
        pipelines_dir=str(ws.dlt_dir),
        destination=destination,
        dataset_name=LANDING_SCHEMA,
    )


def prepare_landing(con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source) -> None:
    """Make sure that a load continues where raw ends: call it before dlt runs.

    Without its raw table a cursor would leave out the rows that were landed before: the source then starts afresh.
    Packages that a killed run left behind are dropped, since dlt would load them instead of reading the source.
    """
    path = _sqlite_path(ws, source)
    if path is not None and not path.is_file():
        where = ws.where("sources", source.name, "connection")
        raise SourceError(f"{where}: {source.name}: the SQLite file {path} does not exist.")
    missing = [
        name
        for name, table in source.tables.items()
        if table.cursor and not table_exists(con, "raw", source.schema_name, name)
    ]
    pipeline = dlt_pipeline(ws, source)
    if missing:
        landing_path(ws, source).unlink(missing_ok=True)
        shutil.rmtree(pipeline.working_dir, ignore_errors=True)
    elif pipeline.has_pending_data:
        pipeline.drop_pending_packages()


@contextmanager
def source_errors(ws: Workspace, source: Source) -> Iterator[None]:
    """Turn the errors of dlt and SQLAlchemy into a SourceError of one line, without the connection's secrets."""
    from dlt.pipeline.exceptions import PipelineStepFailed
    from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

    try:
        yield
    except (PipelineStepFailed, SQLAlchemyError) as error:
        root: BaseException = error
        while (inner := root.__cause__ or root.__context__) is not None:
            root = inner
        where = ws.where("sources", source.name, "tables")
        if isinstance(root, NoSuchTableError):
            raise SourceError(
                f"{where}: {source.name}: the database has no table '{root}'.{_hint(ws, source, root)}"
            ) from None
        reason = " ".join(str(root).split())[:300]
        kind = SourceUnavailableError if _may_pass(error) else SourceError
        raise kind(f"{where}: {source.name}: cannot be read: {_without_secrets(source, reason)}") from None


def _may_pass(error: BaseException | None) -> bool:
    """Whether the database was not to be reached or busy. SQLite says of a wrong name, too, that it is "operational"."""
    from sqlalchemy.exc import InterfaceError, OperationalError

    while error is not None:
        if isinstance(error, sqlite3.Error):
            return "locked" in str(error) or "unable to open" in str(error)
        if isinstance(error, OperationalError | InterfaceError) and not isinstance(error.orig, sqlite3.Error):
            return True
        if isinstance(error, ConnectionError | TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _hint(ws: Workspace, source: Source, error: Exception) -> str:
    from sqlalchemy import inspect

    return did_you_mean(str(error), inspect(_engine(ws, source)).get_table_names())


def _without_secrets(source: Source, text: str) -> str:
    from sqlalchemy import make_url

    password = make_url(source.connection or "").password
    return text.replace(str(password), "***") if password else text


def _engine(ws: Workspace, source: Source) -> Any:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    path = _sqlite_path(ws, source)
    authority = (source.connection or "").partition("://")[2].partition("?")[0]
    if path is None and authority.count("@") > 1:
        where = ws.where("sources", source.name, "connection")
        raise SourceError(
            f"{where}: {source.name}: the connection holds more than one '@'. In a user name or password"
            " write it as %40 (and : / # as %3A %2F %23)."
        )
    try:
        if path is not None:
            return create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
        return create_engine(source.connection or "")
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        where = ws.where("sources", source.name, "connection")
        reason = _driver_problem(error)
        raise SourceError(f"{where}: {source.name}: the connection cannot be used: {reason}") from None


def _driver_problem(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"the Python package of its driver is missing ({error.name}). Install it."
    return "expected an SQLAlchemy URL such as postgresql+psycopg2://user:${PASSWORD}@host/database"


def _sqlite_path(ws: Workspace, source: Source) -> Path | None:
    """Return the file of an SQLite URL, relative to the workspace; None for other databases."""
    prefix, _, path = (source.connection or "").partition(":///")
    return (ws.root / path).resolve() if prefix.startswith("sqlite") and path else None


def _dlt() -> Any:
    # Read by dlt when it is imported: it would otherwise report runs to its makers and log to the console.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")
    # Keeps the names of columns as they are at the source.
    os.environ.setdefault("SCHEMA__NAMING", "duck_case")
    import dlt
    from dlt.common.runtime.telemetry import is_telemetry_started, stop_telemetry

    if is_telemetry_started():
        # Someone imported it before the variables were set.
        stop_telemetry()
    return dlt
