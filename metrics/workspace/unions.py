"""The parts of a mapping's query that puts several raw tables of a source together by UNION."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from metrics.workspace.mapping import parse_query, query_tables
from metrics.workspace.model import EntityMapping, Source


@dataclass(frozen=True)
class UnionBranch:
    """One SELECT of a union: the raw tables that it reads (joined by " with "), its query, and the names of its columns."""

    table: str
    query: exp.Select
    columns: tuple[str, ...]


def union_branches(source: Source, mapping: EntityMapping) -> list[UnionBranch]:
    """Return the SELECTs of a query that is nothing but a union of them, else an empty list."""
    tables = tuple(source.tables)
    query = parse_query(mapping.query or "", tables) if mapping.query else None
    if not isinstance(query, exp.Union):
        return []
    selects = _selects(query)
    if selects is None:
        return []
    shared = {key: query.args[key] for key in ("with", "with_") if query.args.get(key)}
    branches = []
    for select in selects:
        own = select.copy()
        for key, clause in shared.items():
            own.set(key, clause.copy())
        branches.append(UnionBranch(" with ".join(query_tables(select, tables)), own, tuple(query.named_selects)))
    return branches


def _selects(query: exp.Expr) -> list[exp.Select] | None:
    """The SELECTs of a union in their order; None where a part is something else, such as an EXCEPT."""
    if isinstance(query, exp.Subquery):
        return _selects(query.this)
    if isinstance(query, exp.Select):
        return [query]
    if not isinstance(query, exp.Union):
        return None
    left, right = _selects(query.this), _selects(query.expression)
    return None if left is None or right is None else [*left, *right]
