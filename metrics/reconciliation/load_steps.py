"""The steps of the load: rows read from the source, quarantined, in the raw table, taken up by the mapping's query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from metrics.reconciliation.query_rows import follow_rows
from metrics.workspace.business_dates import is_loaded, raw_relation
from metrics.workspace.model import Source, Workspace

# A quote that is never closed swallows the lines after it: they are quarantined as one row, and were read as several.
_QUARANTINED = """
select coalesce(sum(
    case when value is null then 1 + length(row_text) - length(replace(row_text, chr(10), '')) else 1 end
), 0)
from raw.ops.quarantine where source = ? and list_contains(?, table_name)
"""
_READ_FROM_FILES = """
select coalesce(sum(rows + rejected), 0) from raw.ops.file_ledger where source = ? and list_contains(?, table_name)
"""
_READ_FROM_DATABASE = """
select coalesce(sum(rows + rejected), 0) from (
    select rows, rejected from raw.ops.loads where source = ? and list_contains(?, table_name) and succeeded
    qualify row_number() over (partition by table_name order by loaded_at desc) = 1
)
"""


@dataclass(frozen=True)
class LoadStep:
    """One row of the table, ``row_count`` of a difference signed. ``is_followed``: it follows from the stage before."""

    source: str
    entity: str
    step_order: int
    stage: str
    difference: str
    row_count: int
    is_followed: bool = True


def load_steps(con: duckdb.DuckDBPyConnection, ws: Workspace) -> Iterator[LoadStep]:
    """Yield the steps of every mapped entity whose raw tables are loaded. Steps from 30 on are those of the models."""
    for source in ws.sources.values():
        for entity, mapping in source.entities.items():
            if not is_loaded(con, source, mapping):
                continue
            rows = follow_rows(con, source, mapping)
            tables = list(dict.fromkeys(rows.tables))
            read = _READ_FROM_FILES if source.connector == "files" else _READ_FROM_DATABASE
            counts = [_count(con, sql, [source.name, tables]) for sql in (read, _QUARANTINED)]
            # A table that two branches of a query start from gives its rows twice.
            in_raw = sum(_count(con, f"select count(*) from {raw_relation(source, table)}") for table in tables)
            yield LoadStep(source.name, entity, 10, "read", "", counts[0])
            yield LoadStep(source.name, entity, 15, "raw", "quarantined", -counts[1])
            yield LoadStep(source.name, entity, 20, "raw", "", in_raw)
            yield from _query_steps(con, source, entity, rows.tables, rows.left_out, rows.repeated)


def _query_steps(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    entity: str,
    tables: tuple[str, ...],
    left_out: int | None,
    repeated: int | None,
) -> Iterator[LoadStep]:
    if left_out is None or repeated is None:
        yield LoadStep(source.name, entity, 30, "mapped", "", 0, is_followed=False)
    elif source.entities[entity].query is not None:
        again = [table for position, table in enumerate(tables) if table in tables[:position]]
        repeated += sum(_count(con, f"select count(*) from {raw_relation(source, table)}") for table in again)
        yield LoadStep(source.name, entity, 25, "mapped", "left_out_by_query", -left_out)
        yield LoadStep(source.name, entity, 26, "mapped", "repeated_by_query", repeated)


def _count(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[object] | None = None) -> int:
    row = con.execute(sql, parameters or []).fetchone()
    return int(row[0]) if row else 0
