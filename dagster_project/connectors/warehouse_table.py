"""The connector for tables that an existing dbt project (or anything else) built in a DuckDB file: they are read in place.

Nothing is copied. ``raw.raw_<source>.<table>`` is a view of the table in the attached file, so that mappings, closing and
checks work as for any other raw table. What changed is told by digests: per raw table, and per mapped entity and business
date (``raw.ops.digests``). Where the key of an entity occurs more than once, which of its rows is kept can change on any
day, so that a change touches its whole history; so does a change of a reference, or of a column's type.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import duckdb

from dagster_project.connectors.base import Say, TableLoad
from dagster_project.connectors.mapped_columns import asked_columns, check_columns, check_mappings, mapping_errors
from metrics.errors import SourceError, did_you_mean
from metrics.warehouse import append_rows, attached_name, column_types, quoted, source_file
from metrics.workspace import Entity, Source, Workspace, load_entities, machine_now
from metrics.workspace.business_dates import business_date_sql, expression_type, is_loaded, mapped_relation
from metrics.workspace.mapping import expression_sql, mapping_tables, parse_query
from metrics.workspace.model import EntityMapping


@dataclass(frozen=True)
class Digest:
    """Rows and a digest over all of their values."""

    rows: int
    digest: str


def fingerprint(ws: Workspace, source: Source) -> str | None:
    """Return a hash of size and time of the DuckDB file and its write-ahead log."""
    path = source_file(ws, source)
    files = [file for file in (path, path.with_name(path.name + ".wal")) if file.is_file()]
    found = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def load_tables(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, tables: Sequence[str], run_id: str, say: Say
) -> Iterator[TableLoad]:
    """Point the views at their tables and note which business dates changed. Raises SourceError."""
    path = source_file(ws, source)
    if not path.is_file():
        raise SourceError(f"{ws.where('sources', source.name, 'path')}: {source.name}: there is no DuckDB file {path}.")
    say(f"{source.name}: reading {len(tables)} table(s) in place")
    con.execute("begin transaction")
    try:
        types = {table: _point_view(con, ws, source, table) for table in tables}
        for table in tables:
            check_mappings(con, ws, source, table, quoted("raw", source.schema_name, table))
        changed = _note_changes(con, ws, source, types, run_id)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    for table in tables:
        rows = _known(con, source, f"table {table}")[None].rows
        yield TableLoad(table, rows, changed[table], 0, types[table])


def _point_view(con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, table: str) -> dict[str, str]:
    """Make the view anew, because the table may have other columns now; return their types."""
    schema, _, name = (source.tables[table].table or table).rpartition(".")
    relation = (attached_name(source), schema or "main", name)
    where = ws.where("sources", source.name, "tables", table)
    try:
        types = column_types(con, *relation)
    except duckdb.CatalogException:
        names = _names(con, relation[0])
        hint = did_you_mean(".".join(relation[1:]), names) or f" It has: {', '.join(names[:8]) or 'nothing'}"
        message = f"{where}: {source.name}.{table}: the file has no table '{'.'.join(relation[1:])}'.{hint}"
        raise SourceError(message) from None
    check_columns(asked_columns(ws, source, table), {f"the table {'.'.join(relation[1:])}": list(types)}, {})
    view = quoted("raw", source.schema_name, table)
    con.execute(f"create or replace view {view} as select * from {quoted(*relation)}")
    return types


def _names(con: duckdb.DuckDBPyConnection, catalog: str) -> list[str]:
    """Tables and views of an attached file, as schema.name."""
    rows = con.execute(
        """select schema_name || '.' || table_name from duckdb_tables() where database_name = $1
        union all select schema_name || '.' || view_name from duckdb_views() where database_name = $1 and not internal
        order by 1""",
        [catalog],
    ).fetchall()
    return [row[0] for row in rows]


def _note_changes(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, types: dict[str, dict[str, str]], run_id: str
) -> dict[str, int]:
    """Record the touched dates of every entity; return by table how many rows the changed days have."""
    retyped, changed = set(), dict.fromkeys(types, 0)
    for table, columns in types.items():
        relation = quoted("raw", source.schema_name, table)
        now = {None: _digest(con, relation, [quoted(name) for name in columns])}
        before = _known(con, source, f"table {table}")
        now_types = {None: Digest(len(columns), json.dumps(columns))}
        if before and now_types != _known(con, source, f"types {table}"):
            retyped.add(table)
        if now != before or table in retyped:
            changed[table] = max(digest.rows for digest in [*now.values(), *before.values()])
        _remember(con, source, f"table {table}", now)
        _remember(con, source, f"types {table}", now_types)
    days: dict[str, int] = {}
    for name, mapping in source.entities.items():
        read = [table for table in mapping_tables(source, mapping) if table in types]
        if not any(changed[table] for table in read) or not is_loaded(con, source, mapping):
            continue
        touched = _touched(con, ws, source, load_entities()[name], mapping)
        dates = [None] if retyped & set(read) else list(touched)
        at = machine_now()
        append_rows(con, "raw.ops.run_dates", [[name, date, run_id, at] for date in dates])
        if None not in touched:
            days |= {table: max(days.get(table, 0), sum(touched.values())) for table in read}
    return {table: min(rows, days[table]) if rows and days.get(table) else rows for table, rows in changed.items()}


def _touched(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, entity: Entity, mapping: EntityMapping
) -> dict[object, int]:
    """Compare the digests of an entity with those remembered; return rows by touched date (None: the whole history)."""
    relation, columns = _mapped(source, mapping)
    keys = ["query"] if mapping.query is not None else ["columns"]
    with mapping_errors(ws, source, entity.name, *keys):
        date = "cast(null as date)"
        if entity.business_date is not None and _is_unique(con, entity, relation, columns):
            column = columns[entity.business_date]
            date = business_date_sql(ws, source, entity, column, expression_type(con, relation, column))
        found = con.execute(
            f"select {date}, count(*), {_sum_of_hashes(columns.values())} from {relation} group by all"
        ).fetchall()
    now = {day: Digest(rows, digest) for day, rows, digest in found}
    before = _known(con, source, f"entity {entity.name}")
    _remember(con, source, f"entity {entity.name}", now)
    nothing = Digest(0, "")
    pairs = {day: (now.get(day, nothing), before.get(day, nothing)) for day in {*now, *before}}
    return {day: max(new.rows, old.rows) for day, (new, old) in pairs.items() if new != old}


def _mapped(source: Source, mapping: EntityMapping) -> tuple[str, dict[str, str]]:
    """(relation, SQL by canonical column); what decides between rows of one key counts as a column."""
    if mapping.query is not None:
        names = parse_query(mapping.query, tuple(source.tables)).named_selects
        return mapped_relation(source, mapping, names[0])[0], {name: quoted(name) for name in names}
    table = mapping.table or ""
    texts = dict(mapping.columns) | ({"latest_by": mapping.latest_by} if mapping.latest_by else {})
    return quoted("raw", source.schema_name, table), {name: expression_sql(text, table) for name, text in texts.items()}


def _is_unique(con: duckdb.DuckDBPyConnection, entity: Entity, relation: str, columns: dict[str, str]) -> bool:
    # A key column with a default may be unmapped; it then has one value everywhere.
    keys = ", ".join(columns[name] for name in entity.key if name in columns)
    row = con.execute(f"select count(*) = count(distinct ({keys}, 1)) from {relation}").fetchone()
    return bool(row and row[0])


def _digest(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]) -> Digest:
    row = con.execute(f"select count(*), {_sum_of_hashes(columns)} from {relation}").fetchone()
    return Digest(*(row or (0, "")))


def _sum_of_hashes(columns: Iterable[str]) -> str:
    """SQL for a digest over rows in any order; unlike their exclusive or, it sees a row that comes twice."""
    return f"coalesce(cast(sum(cast(hash({', '.join(columns)}) as hugeint)) as varchar), '')"


def _known(con: duckdb.DuckDBPyConnection, source: Source, subject: str) -> dict[object, Digest]:
    rows = con.execute(
        "select business_date, rows, digest from raw.ops.digests where source = ? and subject = ?", [source.name, subject]
    ).fetchall()
    return {day: Digest(count, digest) for day, count, digest in rows}


def _remember(con: duckdb.DuckDBPyConnection, source: Source, subject: str, digests: dict[object, Digest]) -> None:
    con.execute("delete from raw.ops.digests where source = ? and subject = ?", [source.name, subject])
    rows = [[source.name, subject, day, item.rows, item.digest] for day, item in digests.items()]
    append_rows(con, "raw.ops.digests", rows)
