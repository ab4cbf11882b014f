"""Keys that meet: the same id from two sources, or from two tables of one source, is two rows for one thing.

Checked on the raw rows as staging will see them, before any model is built. Repeats within one raw table are no matter of
this check: staging keeps one row per key, the last one by ``latest_by``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import combinations

import duckdb

from metrics.errors import SourceError
from metrics.warehouse import literal, quoted
from metrics.workspace import Entity, Source, Workspace, load_entities
from metrics.workspace.business_dates import (
    business_date_sql,
    expression_type,
    is_loaded,
    mapped_relation,
    query_sql,
)
from metrics.workspace.mapping import maps_column, own_id_columns
from metrics.workspace.unions import UnionBranch, union_branches


@dataclass(frozen=True)
class Meeting:
    """How many keys two relations share, and one of them in words."""

    keys: int
    example: str

    def __str__(self) -> str:
        # An e-mail address that serves as an id stays in the warehouse.
        return "" if "@" in self.example else f", for example {self.example}"


def check_keys(con: duckdb.DuckDBPyConnection, ws: Workspace) -> None:
    """Raise SourceError when a key of an entity comes from two sources, or from two tables that one query puts together."""
    for name in sorted(ws.mapped_entities()):
        entity = load_entities()[name]
        loaded = [s for s in ws.sources.values() if name in s.entities and is_loaded(con, s, s.entities[name])]
        for source in loaded:
            _check_tables(con, ws, source, entity)
        _check_sources(con, ws, entity, loaded)


def _check_sources(con: duckdb.DuckDBPyConnection, ws: Workspace, entity: Entity, sources: list[Source]) -> None:
    met = []
    for one, other in combinations(sources, 2):
        meeting = _meeting(con, entity, _keys(ws, one, entity), _keys(ws, other, entity))
        if meeting.keys:
            met.append((one, other, meeting))
    if not met:
        return
    one, other, meeting = met[0]
    more = len(met) - 1
    also = f" (and {more} more {'pair' if more == 1 else 'pairs'} of sources)" if more else ""
    remedy = "Map those rows from one source only."
    shared = [source for source in (one, other) if own_id_columns(ws, source, entity) != _ids(entity) and _ids(entity)]
    if shared:
        remedy = (
            f"If each source numbers its own {entity.name}, write `ids: own` below {shared[-1].name}; "
            "if they are the same ones, map them from one source only."
        )
    raise SourceError(
        f"{ws.where('sources', other.name)}: {entity.name}: {_counted(entity, meeting)} in both {one.name} and "
        f"{other.name}{meeting}{also}. {remedy} Nothing was published."
    )


def _check_tables(con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, entity: Entity) -> None:
    """The rows of two tables under one key, unless they are equal or ``latest_by`` says which one counts."""
    mapping = source.entities[entity.name]
    if mapping.query is None or mapping.latest_by:
        return
    for one, other in combinations(union_branches(source, mapping), 2):
        if one.table == other.table:
            continue
        meeting = _meeting(con, entity, _branch_keys(source, entity, one), _branch_keys(source, entity, other), "row_hash")
        if meeting.keys:
            where = ws.where("sources", source.name, "entities", entity.name, "query")
            raise SourceError(
                f"{where}: {entity.name}: {_counted(entity, meeting)} in both {one.table} and {other.table} of {source.name}"
                f"{meeting}. If they are the same {entity.name}, let `latest_by:` name the column whose largest value "
                f"counts; else make the key distinct{_distinct_key(entity, other)}. Nothing was published."
            )


def file_of_row(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source_name: str, entity: Entity, key: dict[str, str], day: dt.date | None
) -> str:
    """The file that a staged row comes from, by its key and business date; "" where a query or a database made the row."""
    source = ws.sources[source_name]
    mapping = source.entities[entity.name]
    if mapping.query is not None or source.connector != "files":
        return ""
    relation, column = mapped_relation(source, mapping, entity.business_date or "")
    type_name = expression_type(con, relation, column)
    date_sql = business_date_sql(ws, source, entity, column, type_name)
    own = own_id_columns(ws, source, entity)
    columns = [f"{date_sql} as day", "_file"]
    for name in key:
        expression = mapped_relation(source, mapping, name)[1] if maps_column(source, mapping, name) else "null"
        columns.append(_key_column(entity, name, expression, source.name if name in own else None))
    same = " and ".join(["day is not distinct from ?", *(f"{quoted(name)} is not distinct from ?" for name in key)])
    row = con.execute(
        f"select min(_file) from (select {', '.join(columns)} from {relation}) as rows where {same}", [day, *key.values()]
    ).fetchone()
    return str(row[0]) if row and row[0] else ""


def _counted(entity: Entity, meeting: Meeting) -> str:
    word = "id" if _ids(entity) else "key"
    return f"{meeting.keys:,} {word} is" if meeting.keys == 1 else f"{meeting.keys:,} {word}s are"


def _ids(entity: Entity) -> list[str]:
    """The columns of an entity's key that are ids, which a source may number itself."""
    return [name for name in entity.key if entity.columns[name].references]


def _meeting(con: duckdb.DuckDBPyConnection, entity: Entity, one: str, other: str, differing: str = "") -> Meeting:
    """Count the keys of both relations; with ``differing`` only those for which this column differs."""
    names = [quoted(name) for name in entity.key]
    same = " and ".join(f"one.{name} = other.{name}" for name in names)
    if differing:
        same += f" and one.{quoted(differing)} <> other.{quoted(differing)}"
    listed = ", ".join(f"one.{name} as {name}" for name in names)
    row = con.execute(
        f"select count(*), min(concat_ws(' ', {', '.join(names)})) "
        f"from (select distinct {listed} from ({one}) as one inner join ({other}) as other on {same})"
    ).fetchone()
    return Meeting(int(row[0]), str(row[1])) if row else Meeting(0, "")


def _keys(ws: Workspace, source: Source, entity: Entity) -> str:
    """SQL for the keys of a source's rows, as staging makes them."""
    mapping = source.entities[entity.name]
    own = own_id_columns(ws, source, entity)
    columns, relation = [], ""
    for name in entity.key:
        expression = "null"
        if maps_column(source, mapping, name):
            relation, expression = mapped_relation(source, mapping, name)
        columns.append(_key_column(entity, name, expression, source.name if name in own else None))
    return f"select distinct {', '.join(columns)} from {relation}"


def _branch_keys(source: Source, entity: Entity, branch: UnionBranch) -> str:
    """SQL for the keys of one part of a query, each with a hash of its row."""
    columns = [_key_column(entity, name, quoted(name) if name in branch.columns else "null", None) for name in entity.key]
    row_hash = f"hash({', '.join(f'cast({quoted(name)} as varchar)' for name in branch.columns)}) as row_hash"
    names = ", ".join(quoted(name) for name in branch.columns)
    return f"select distinct {', '.join(columns)}, {row_hash} from ({query_sql(source, branch.query)}) as part ({names})"


def _key_column(entity: Entity, name: str, expression: str, numbered_by: str | None) -> str:
    """As the macros cast_to_canonical and typed_column write it; a value that is no date is told by another check."""
    spec = entity.columns[name]
    value = f"nullif(trim(cast({expression} as varchar)), '')" if spec.type == "text" else f"try_cast({expression} as date)"
    if numbered_by:
        value = f"{literal(numbered_by + ':')} || {value}"
    if spec.default is not None:
        value = f"coalesce({value}, {literal(str(spec.default))})"
    return f"{value} as {quoted(name)}"


def _distinct_key(entity: Entity, branch: UnionBranch) -> str:
    """An example of a key that no other table has: its id behind the table's name."""
    for name in _ids(entity):
        if name in branch.columns:
            expression = branch.query.selects[branch.columns.index(name)].unalias()
            return f", as in {literal(branch.table + ':')} || {expression.sql('duckdb')}"
    return ""
