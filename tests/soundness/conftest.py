"""The soundness suite's schema, filled once per session in DuckDB (and in PostgreSQL by the tests that ask for it)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from metrics.semantic import SemanticLayer
from tests.soundness.data import TABLES, Rows, build_rows

MANIFEST = Path(__file__).parent / "fixtures" / "semantic_manifest.json"


def create_statement(table: str) -> str:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TABLES[table].items())
    return f'create table "core"."{table}" ({columns})'


@pytest.fixture(scope="session")
def rows() -> dict[str, Rows]:
    return build_rows()


@pytest.fixture(scope="session")
def layer() -> SemanticLayer:
    return SemanticLayer.from_manifest(MANIFEST)


@pytest.fixture(scope="session")
def con(rows: dict[str, Rows]) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with a catalog called like the one in the manifest, because MetricFlow writes it into its SQL."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as soundness; use soundness; create schema core")
    for table, content in rows.items():
        connection.execute(create_statement(table))
        marks = ", ".join("?" for _ in TABLES[table])
        connection.execute("begin")
        connection.executemany(f'insert into core."{table}" values ({marks})', content)
        connection.execute("commit")
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def frames(rows: dict[str, Rows]) -> dict[str, pd.DataFrame]:
    """The same rows in pandas, for truths that no SQL engine has touched; dates become timestamps."""
    found = {}
    for table, columns in TABLES.items():
        frame = pd.DataFrame(rows[table], columns=list(columns))
        for name, kind in columns.items():
            if kind in ("date", "timestamp"):
                frame[name] = pd.to_datetime(frame[name])
            if kind.startswith("decimal"):
                frame[name] = frame[name].astype("float64")
        found[table] = frame
    return found


def fetch(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run ``sql`` and return its rows."""
    return list(connection.execute(sql).fetchall())
