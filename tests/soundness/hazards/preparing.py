"""A case in DuckDB: its tables and its time spine, with the manifest beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from tests.soundness.hazards.case import CATALOG, SCHEMA, SPINE, Case, Table
from tests.soundness.hazards.layers import Prepared
from tests.soundness.hazards.manifest import semantic_manifest


@contextmanager
def prepared(case: Case, folder: Path) -> Iterator[Prepared]:
    """The case ready to be asked; ``folder`` takes its manifest."""
    manifest = folder / f"{case.name}.json"
    manifest.write_text(json.dumps(semantic_manifest(case)), encoding="utf-8")
    with duckdb.connect() as con:
        con.execute(f"attach ':memory:' as {CATALOG}; use {CATALOG}; create schema {SCHEMA}")
        for name, table in case.tables.items():
            create_table(con, f"{SCHEMA}.{name}", table)
        create_spine(con, *case.spine)
        yield Prepared(case, con, manifest)


def create_table(con: duckdb.DuckDBPyConnection, name: str, table: Table) -> None:
    """Create, or create again, one table with its rows."""
    con.execute(f"create or replace table {name} ({table.columns})")
    for row in table.rows:
        con.execute(f"insert into {name} values ({', '.join('?' * len(row))})", list(row))


def create_spine(con: duckdb.DuckDBPyConnection, first: date, last: date) -> None:
    """One row per day."""
    con.execute(
        f"create table {SCHEMA}.{SPINE} as select unnest(generate_series(?::date, ?::date, interval 1 day))::date as date_day",
        [first, last],
    )
