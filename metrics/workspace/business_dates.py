"""SQL for the business date of raw rows: the local date, in the workspace's time zone, that a mapping gives a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import sqlglot
from sqlglot import exp

from metrics.workspace.entities import Entity, load_entities
from metrics.workspace.mapping import expression_sql, mapping_tables, parse_query, raw_token
from metrics.workspace.model import EntityMapping, Source, Workspace

# A time of day followed by Z, UTC or an offset. The same stands in dbt's macro source_to_utc.
OFFSET = r"[0-9]{2}:[0-9]{2}.*([zZ]|[uU][tT][cC]|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?) *$"


def event_mappings(source: Source) -> Iterator[tuple[Entity, EntityMapping]]:
    """Yield the mappings of a source whose entity has a business date."""
    for name, mapping in source.entities.items():
        entity = load_entities()[name]
        if entity.business_date is not None:
            yield entity, mapping


def business_date_sql(ws: Workspace, source: Source, entity: Entity, expression: str, type_name: str) -> str:
    """Return SQL for the business date of a row, from SQL (and its DuckDB type) for the column that decides it."""
    if entity.columns[entity.business_date or ""].type == "date":
        return f"cast({expression} as date)"
    return f"cast({event_time_sql(source, expression, type_name)} at time zone '{ws.timezone}' as date)"


def event_time_sql(source: Source, expression: str, type_name: str) -> str:
    """Return SQL for the moment (timestamp with time zone) of a value: its own offset, else the source's time zone."""
    naive = f"(cast({expression} as timestamp) at time zone '{source.timezone}')"
    if type_name == "TIMESTAMP WITH TIME ZONE":
        return f"({expression})"
    if type_name == "VARCHAR":
        # A cast of text to timestamp drops an offset such as +02:00 without a word.
        return (
            f"(case when regexp_matches({expression}, '{OFFSET}') then cast({expression} as timestamptz) else {naive} end)"
        )
    return naive


def expression_type(con: duckdb.DuckDBPyConnection, relation: str, expression: str) -> str:
    """Return the DuckDB type of an expression over a relation."""
    row = con.execute(f"describe select {expression} as value from {relation}").fetchone()
    return str(row[1]) if row else ""


def raw_relation(source: Source, table: str) -> str:
    return f"raw.{source.schema_name}.{exp.to_identifier(table, quoted=True).sql('duckdb')}"


def mapped_relation(
    source: Source, mapping: EntityMapping, column: str, instead: dict[str, str] | None = None
) -> tuple[str, str]:
    """Return (relation, expression) that give one canonical column of a mapping, in DuckDB over the catalog ``raw``.

    ``instead`` names other relations for raw tables, for rows that are not in raw yet.
    """
    instead = instead or {}
    if mapping.query is None:
        table = mapping.table or ""
        return instead.get(table, raw_relation(source, table)), expression_sql(mapping.columns[column], table)
    query = parse_query(mapping.query, tuple(source.tables))
    return f"({query_sql(source, query, instead)}) as mapped", f'"{column}"'


def query_sql(source: Source, query: exp.Expr, instead: dict[str, str] | None = None) -> str:
    """Return a parsed query as SQL of DuckDB over the catalog ``raw``; ``instead`` as for ``mapped_relation``."""
    instead, query = instead or {}, query.copy()
    for node in query.find_all(exp.Table):
        for name in source.tables:
            if node.name == raw_token(name):
                sql = instead.get(name, raw_relation(source, name))
                relation = sqlglot.parse_one(sql, into=exp.Table, read="duckdb")
                relation.set("alias", node.args.get("alias"))
                node.replace(relation)
    return query.sql(dialect="duckdb")


def is_loaded(con: duckdb.DuckDBPyConnection, source: Source, mapping: EntityMapping, besides: str | None = None) -> bool:
    """Return whether every raw table that a mapping reads exists, not counting ``besides``."""
    wanted = set(mapping_tables(source, mapping)) - {besides}
    found = con.execute(
        "select count(*) from (select database_name, schema_name, table_name from duckdb_tables() "
        "union all select database_name, schema_name, view_name from duckdb_views()) "
        "where database_name = 'raw' and schema_name = ? and list_contains(?, table_name)",
        [source.schema_name, sorted(wanted)],
    ).fetchone()
    return found is not None and found[0] == len(wanted)


def latest_business_date(con: duckdb.DuckDBPyConnection, ws: Workspace, tomorrow: dt.datetime) -> dt.date | None:
    """Return the latest business date over all event entities up to ``tomorrow``, None without rows."""
    latest: list[dt.date] = []
    for source in ws.sources.values():
        for entity, mapping in event_mappings(source):
            if not is_loaded(con, source, mapping):
                continue
            relation, column = mapped_relation(source, mapping, entity.business_date or "")
            type_name = expression_type(con, relation, column)
            # The business date grows with its column: one maximum of the plain column, then the conversion.
            latest_sql = business_date_sql(ws, source, entity, "latest", type_name)
            # A mistyped year must not carry the clock into the future.
            row = con.execute(
                f"select {latest_sql} from (select max({column}) as latest from {relation}"
                f" where try_cast({column} as timestamp) <= ?)",
                [tomorrow],
            ).fetchone()
            if row is not None and row[0] is not None:
                latest.append(row[0])
    return max(latest, default=None)
