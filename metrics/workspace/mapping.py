"""SQL inside workspace.yml: column expressions and queries, parsed and checked by sqlglot; the dbt vars made of them.

Raw tables appear in queries as the token ``__raw__<table>__``, which the dbt macro replaces by the adapter's relation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import sqlglot
from sqlglot import exp

from metrics.errors import did_you_mean
from metrics.workspace.channel_rules import rules_vars
from metrics.workspace.entities import Entity, load_entities
from metrics.workspace.model import DAYS, EntityMapping, Source, Workspace

Dialect = Literal["duckdb", "postgres"]
PLAIN_NAME = re.compile(r"[^\W\d]\w*")
QUOTED_NAME = re.compile(r'"((?:[^"]|"")+)"')
# Only the workspace's clock may decide what today is, and a run must give the same result twice.
UNSTABLE_FUNCTIONS = {
    *("now", "today", "get_current_time", "get_current_timestamp", "transaction_timestamp", "current_localtimestamp"),
    *("random", "setseed", "uuid", "gen_random_uuid", "nextval", "getenv", "getvariable"),
}
UNSTABLE_NODES = (exp.CurrentDate, exp.CurrentTime, exp.CurrentTimestamp, exp.CurrentDatetime, exp.Rand, exp.Uuid)


class MappingError(Exception):
    """What is wrong with one SQL text of a mapping; the caller adds where it stands."""


@dataclass(frozen=True)
class ColumnRef:
    """A raw column that a mapping reads; ``table`` is None where a query does not say which of its tables it means."""

    table: str | None
    column: str


def plain_column(text: str | bool | int | float) -> str | None:
    """Return the raw column when the mapping is just its name (bare, or in double quotes), else None."""
    if not isinstance(text, str):
        return None
    if PLAIN_NAME.fullmatch(text):
        return text
    match = QUOTED_NAME.fullmatch(text.strip())
    return match[1].replace('""', '"') if match else None


@lru_cache(maxsize=None, typed=True)
def parse_column(text: str | bool | int | float, table: str) -> exp.Expr:
    """Parse a column expression over one raw table; every column comes out quoted. Raises MappingError."""
    name = plain_column(text)
    if name is not None:
        return exp.column(exp.to_identifier(name, quoted=True))
    if not isinstance(text, str):
        return exp.convert(text)
    tree = _parse_one(text, "expression")
    if isinstance(tree, exp.Alias):
        raise MappingError(f"'{text}' is not an SQL expression. A column name with spaces needs quotes: '\"{text}\"'")
    for node in tree.walk():
        if isinstance(node, exp.Query | exp.DDL | exp.DML | exp.Command | exp.Star | exp.Table | exp.Alias):
            raise MappingError(f"'{text}' is more than an expression over the table {table}. Use `query:` for it")
        if isinstance(node, exp.AggFunc | exp.Window):
            raise MappingError(f"'{text}' aggregates over several rows. Use `query:` for it")
        _refuse_unstable(node, text)
    for column in tree.find_all(exp.Column):
        if column.table and column.table != table:
            raise MappingError(f"'{text}' reads the table '{column.table}', not '{table}'. Use `query:`")
        column.replace(exp.column(exp.to_identifier(column.name, quoted=True)))
    return tree if not isinstance(tree, exp.Column) else exp.column(exp.to_identifier(tree.name, quoted=True))


@lru_cache(maxsize=None, typed=True)
def parse_query(text: str, tables: tuple[str, ...]) -> exp.Query:
    """Parse one SELECT over the given raw tables and write each as its token. Raises MappingError."""
    tree = _parse_one(text, "query")
    if not isinstance(tree, exp.Query):
        raise MappingError(f"a query has to be one SELECT, found {tree.key.upper()}")
    for node in tree.walk():
        if isinstance(node, exp.DDL | exp.DML | exp.Command | exp.Into):
            raise MappingError(f"a query has to be one SELECT and nothing else, found {node.key.upper()}")
        _refuse_unstable(node, text)
    if any(isinstance(item, exp.Star) or item.is_star for item in tree.selects):
        raise MappingError("a query has to name its columns, found `*`")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or table.db or table.name not in {*tables, *ctes}:
            raise MappingError(
                f"the query reads '{table.sql(dialect='duckdb', comments=False)}', which is not a table of this source."
                f"{did_you_mean(table.name, tables)} It has: {', '.join(tables)}"
            )
        if table.name in tables and table.name not in ctes:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(raw_token(table.name)))
    return tree


def raw_token(table: str) -> str:
    return f"__raw__{table}__"


def query_tables(query: exp.Query, tables: tuple[str, ...]) -> list[str]:
    """Names of the raw tables that a parsed query reads, in the order of the source."""
    used = {table.name for table in query.find_all(exp.Table)}
    return [table for table in tables if raw_token(table) in used]


def mapping_tables(source: Source, mapping: EntityMapping) -> list[str]:
    """Raw tables that a mapping reads."""
    if mapping.query is None:
        return [mapping.table] if mapping.table else []
    tables = tuple(source.tables)
    return query_tables(parse_query(mapping.query, tables), tables)


def column_refs(source: Source, mapping: EntityMapping) -> Iterator[tuple[str, ColumnRef]]:
    """Yield (canonical column, ``latest_by`` or ``query``; raw column) for every raw column that a mapping reads."""
    if mapping.query is not None:
        for ref in _query_refs(source, mapping.query):
            yield "query", ref
        return
    texts = dict(mapping.columns) | ({"latest_by": mapping.latest_by} if mapping.latest_by else {})
    for name, text in texts.items():
        for column in parse_column(text, mapping.table or "").find_all(exp.Column):
            yield name, ColumnRef(mapping.table, column.name)


def plain_columns(source: Source, mapping: EntityMapping) -> Iterator[tuple[str, ColumnRef]]:
    """Yield (canonical column, raw column) where a mapping takes a raw column as it is, so that its type is known."""
    if mapping.query is None:
        for name, text in mapping.columns.items():
            raw = plain_column(text)
            if raw is not None:
                yield name, ColumnRef(mapping.table, raw)
        return
    tables = tuple(source.tables)
    query = parse_query(mapping.query, tables)
    names = query.named_selects
    for select in _branches(query):
        own = _own_tables(select)
        raw_tables = {table.alias_or_name: _table_of(table, tables) for table in own}
        # Names of a union come from its first branch.
        for name, item in zip(names, select.selects, strict=False):
            column = item.unalias()
            if isinstance(column, exp.Column) and (column.table or len(own) == 1):
                table = raw_tables.get(column.table or own[0].alias_or_name)
                if table is not None:
                    yield name, ColumnRef(table, column.name)


def _branches(query: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(query, exp.SetOperation):
        yield from _branches(query.this)
        yield from _branches(query.expression)
    elif isinstance(query, exp.Subquery):
        yield from _branches(query.this)
    elif isinstance(query, exp.Select):
        yield query


def mapping_vars(ws: Workspace, dialect: Dialect = "duckdb") -> dict[str, Any]:
    """Return the dbt vars of a workspace: which raw columns fill which entity, time zones, currency, business hours.

    They depend on workspace.yml alone, so that dbt parses its project again only when that file changes.
    """
    mapping: dict[str, list[dict[str, Any]]] = {}
    for source in ws.sources.values():
        for entity, entry in source.entities.items():
            own_ids = [
                name for name in own_id_columns(ws, source, load_entities()[entity]) if maps_column(source, entry, name)
            ]
            mapping.setdefault(entity, []).append({**_mapping_var(source, entry, dialect), "own_ids": own_ids})
    hours = ws.business_hours
    return {
        "mapping": dict(sorted(mapping.items())),
        "timezone": ws.timezone,
        "currency": ws.currency,
        "source_timezones": {name: source.timezone for name, source in ws.sources.items()},
        "business_hours": {
            "days": [DAYS.index(day) for day in hours.days],
            "from_minute": hours.start,
            "to_minute": hours.end,
        },
        "holidays": [day.isoformat() for day in ws.holidays],
        "history_start": ws.history_start.isoformat(),
        "channel_rules": rules_vars(ws.rules_of_channels),
    }


def own_id_columns(ws: Workspace, source: Source, entity: Entity) -> list[str]:
    """Columns of an entity that staging prefixes with the source's name: the ids that the source numbers itself.

    An id of an entity that only other sources map is theirs and stays. One that nobody maps is the source's own too:
    the customers of two shops would otherwise be one customer wherever their numbers meet.
    """
    if source.ids == "shared":
        return []
    elsewhere = ws.mapped_entities() - set(source.entities)
    return [name for name, column in entity.columns.items() if column.references and column.references not in elsewhere]


def maps_column(source: Source, mapping: EntityMapping, column: str) -> bool:
    """Return whether a mapping gives a canonical column."""
    if mapping.query is None:
        return column in mapping.columns
    return column in parse_query(mapping.query, tuple(source.tables)).named_selects


def _mapping_var(source: Source, entry: EntityMapping, dialect: Dialect) -> dict[str, Any]:
    query = None
    columns = {name: expression_sql(text, entry.table or "", dialect) for name, text in entry.columns.items()}
    if entry.query is not None:
        tree = parse_query(entry.query, tuple(source.tables))
        query = tree.sql(dialect=dialect, comments=False)
        columns = {name: exp.to_identifier(name, quoted=True).sql(dialect=dialect) for name in tree.named_selects}
    return {
        "source": source.name,
        "schema": source.schema_name,
        "table": entry.table,
        "relations": mapping_tables(source, entry),
        "columns": columns,
        "query": query,
        "latest_by": expression_sql(entry.latest_by, entry.table or "", dialect) if entry.latest_by else None,
    }


def expression_sql(text: str | bool | int | float, table: str, dialect: Dialect = "duckdb") -> str:
    return parse_column(text, table).sql(dialect=dialect, comments=False)


def _parse_one(text: str, what: str) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        problem = str(error).splitlines()[0].split(". Line")[0]
        raise MappingError(f"'{' '.join(text.split())}' is not a valid SQL {what}: {problem}") from error
    if len(trees) != 1:
        raise MappingError(f"expected one SQL {what}, found {len(trees)}")
    return trees[0]


def _refuse_unstable(node: exp.Expr, text: str) -> None:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if isinstance(node, UNSTABLE_NODES) or name in UNSTABLE_FUNCTIONS:
        found = name or node.key
        raise MappingError(f"'{' '.join(text.split())}' uses {found}, which changes from run to run")


def _query_refs(source: Source, text: str) -> Iterator[ColumnRef]:
    """Columns of a query. One that several tables could hold comes without a table; names of CTEs are left out."""
    tables = tuple(source.tables)
    tree = parse_query(text, tables)
    for select in tree.find_all(exp.Select):
        sources = {table.alias_or_name: table for table in _own_tables(select)}
        raw = {alias: _table_of(table, tables) for alias, table in sources.items()}
        for column in select.find_all(exp.Column):
            if column.find_ancestor(exp.Select) is not select:
                continue
            if column.table:
                table = raw.get(column.table)
                if table is not None:
                    yield ColumnRef(table, column.name)
            elif len(sources) == 1 and not select.args.get("joins"):
                table = next(iter(raw.values()))
                aliases = {item.alias for item in select.selects if item.alias}
                if table is not None and column.name not in aliases:
                    yield ColumnRef(table, column.name)
            else:
                yield ColumnRef(None, column.name)


def _own_tables(select: exp.Select) -> list[exp.Expr]:
    clause = select.args.get("from_") or select.args.get("from")
    parts = [clause.this] if clause is not None else []
    parts += [join.this for join in select.args.get("joins") or []]
    return [part for part in parts if isinstance(part, exp.Table | exp.Subquery)]


def _table_of(table: exp.Expr, tables: tuple[str, ...]) -> str | None:
    return next((name for name in tables if table.name == raw_token(name)), None)
