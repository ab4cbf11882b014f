"""What the query of a mapping does to the rows of the table it starts from: which it leaves out, which it repeats.

A plain SELECT, or a UNION ALL of such, gives one row per row of its FROM table, but for its joins and its filter. Those are
counted by the rows' own numbers, not by comparing two totals.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import sqlglot
from sqlglot import exp

from metrics.workspace.business_dates import raw_relation
from metrics.workspace.mapping import mapping_tables, parse_query, raw_token
from metrics.workspace.model import EntityMapping, Source

_AGGREGATES = ("group", "having", "qualify", "distinct", "limit", "offset", "windows", "with_", "with", "laterals")


@dataclass(frozen=True)
class QueryRows:
    """``tables``: one per branch. ``left_out`` and ``repeated``: rows of those that the query has not, or too often.

    None for both where the query groups or nests its rows, so that they cannot be followed.
    """

    tables: tuple[str, ...]
    left_out: int | None
    repeated: int | None


def follow_rows(con: duckdb.DuckDBPyConnection, source: Source, mapping: EntityMapping) -> QueryRows:
    """Count what a mapping leaves out and repeats of the raw tables it starts from; 0 where it takes a table as it is."""
    if mapping.query is None:
        return QueryRows((mapping.table or "",), 0, 0)
    branches = _branches(parse_query(mapping.query, tuple(source.tables)).copy())
    starts = [_start(branch, source) for branch in branches or ()]
    tables = [table for table in starts if table is not None]
    if branches is None or len(tables) < len(starts):
        return QueryRows(tuple(mapping_tables(source, mapping)), None, None)
    left_out = repeated = 0
    for branch, table in zip(branches, tables, strict=True):
        if branch.args.get("where") or branch.args.get("joins"):
            missing, copies = _counted(con, source, branch, table)
            left_out, repeated = left_out + missing, repeated + copies
    return QueryRows(tuple(tables), left_out, repeated)


def _branches(query: exp.Expr) -> list[exp.Select] | None:
    """The SELECTs of a UNION ALL; None for anything that merges rows."""
    if any(query.args.get(name) for name in _AGGREGATES if name != "distinct" or isinstance(query, exp.Select)):
        return None
    if isinstance(query, exp.Union):
        left, right = _branches(query.this), _branches(query.expression)
        return None if query.args.get("distinct") or left is None or right is None else [*left, *right]
    if isinstance(query, exp.Subquery):
        return _branches(query.this)
    if not isinstance(query, exp.Select) or any(item.find(exp.AggFunc, exp.Explode, exp.Unnest) for item in query.selects):
        return None
    return [query]


def _start(select: exp.Select, source: Source) -> str | None:
    """The raw table in FROM; None where it is none, or where a join can give rows that are not of it."""
    clause = select.args.get("from_") or select.args.get("from")
    if clause is None or not isinstance(clause.this, exp.Table):
        return None
    if any((join.side or "").upper() in ("RIGHT", "FULL") for join in select.args.get("joins") or ()):
        return None
    return next((table for table in source.tables if clause.this.name == raw_token(table)), None)


def _counted(con: duckdb.DuckDBPyConnection, source: Source, branch: exp.Select, table: str) -> tuple[int, int]:
    clause = branch.args.get("from_") or branch.args["from"]
    row_number = exp.column("rowid", table=clause.this.alias_or_name).as_("row_number")
    numbers = branch.select(row_number, append=False)
    for node in numbers.find_all(exp.Table):
        name = next((name for name in source.tables if node.name == raw_token(name)), None)
        if name is not None:
            relation = sqlglot.parse_one(raw_relation(source, name), into=exp.Table, read="duckdb")
            relation.set("alias", node.args.get("alias"))
            node.replace(relation)
    row = con.execute(
        f"""with numbers as materialized (
            select row_number, count(*) as copies from ({numbers.sql(dialect="duckdb", comments=False)}) group by row_number
        )
        select
            (select count(*) from {raw_relation(source, table)} as t where t.rowid not in (select row_number from numbers)),
            (select coalesce(sum(copies - 1), 0)::bigint from numbers where copies > 1)"""
    ).fetchone()
    return (row[0], row[1]) if row else (0, 0)
