"""The SELECT of an entity that needs more than one row or table: joins, and groups of rows added up. One column a line."""

from __future__ import annotations

import re

from dagster_project.suggest.proposal import ColumnProposal, EntityProposal, JoinProposal
from metrics.warehouse import quoted
from metrics.workspace import load_entities
from metrics.workspace.mapping import PLAIN_NAME, plain_column

# fmt: off
RESERVED = frozenset((
    "all", "and", "any", "array", "as", "asc", "case", "cast", "check", "column", "constraint", "create", "default",
    "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "grant", "group",
    "having", "in", "initially", "intersect", "into", "is", "lateral", "leading", "left", "limit", "not", "null",
    "offset", "on", "only", "or", "order", "placing", "primary", "references", "returning", "right", "select", "show",
    "some", "summarize", "symmetric", "table", "then", "to", "trailing", "true", "union", "unique", "unpivot", "user",
    "using", "variadic", "when", "where", "window", "with",
))
# fmt: on

# Quoted names, but not what stands in a text.
_QUOTED = re.compile(r"""'(?:[^']|'')*'|("(?:[^"]|"")+")""")


def query_lines(proposal: EntityProposal) -> list[tuple[str, ColumnProposal | None]]:
    """Return the lines of the query, each with the column that it gives."""
    if proposal.whole_query:
        return [(line, None) for line in proposal.whole_query]
    lines: list[tuple[str, ColumnProposal | None]] = [("select", None)]
    columns = list(proposal.columns.values())
    for place, column in enumerate(columns, start=1):
        comma = "," if place < len(columns) else ""
        lines.append((f"  {_value(proposal, column)} as {column.column}{comma}", column))
    lines.append((f"from {name(proposal.table)}", None))
    for join in proposal.joins:
        left, right = _qualified(proposal.table, join.left_column), _qualified(join.table, join.right_column)
        lines += [(line, None) for line in _joined(join)]
        lines.append((f"  on cast({left} as varchar) = cast({right} as varchar)", None))
    if proposal.where:
        lines.append((f"where {proposal.where}", None))
    if proposal.is_grouped:
        places = [str(place) for place, column in enumerate(columns, start=1) if _is_key(proposal, column)]
        lines.append((f"group by {', '.join(places)}", None))
    return lines


def _joined(join: JoinProposal) -> list[str]:
    """The joined table; one row per key where its key repeats, so that no row is multiplied."""
    if not join.repeated:
        return [f"left join {name(join.table)}"]
    columns = ", ".join(f"min({name(column)}) as {name(column)}" for column in join.repeated)
    return ["left join (", f"  select {name(join.right_column)}, {columns}", f"  from {name(join.table)}", "  group by 1",
            f") as {name(join.table)}"]  # fmt: skip


def query_text(proposal: EntityProposal) -> str:
    """Return the query without comments."""
    return "\n".join(line for line, _ in query_lines(proposal))


def summed_columns(proposal: EntityProposal) -> dict[str, str]:
    """Return raw column -> canonical type for the plain columns that a group adds up or takes the least of."""
    if not proposal.is_grouped:
        return {}
    types = load_entities()[proposal.entity].columns
    found: dict[str, str] = {}
    for column in proposal.columns.values():
        raw = plain_column(column.expression)
        if raw is not None and column.raw and not _is_key(proposal, column):
            found[raw] = types[column.column].type
    return found


def name(text: str) -> str:
    """A table or column as it is written in SQL: quoted only where it has to be."""
    return text if PLAIN_NAME.fullmatch(text) and text.lower() not in RESERVED and text.islower() else quoted(text)


def _value(proposal: EntityProposal, column: ColumnProposal) -> str:
    sql = _expression(proposal, column)
    if not proposal.is_grouped or _is_key(proposal, column):
        return sql
    numeric = load_entities()[proposal.entity].columns[column.column].type in {"integer", "decimal", "double"}
    return f"sum({sql})" if numeric and column.column not in proposal.taken_once else f"min({sql})"


def _expression(proposal: EntityProposal, column: ColumnProposal) -> str:
    """The expression as it is written, its columns (which are quoted, but for a plain one) with their table in front."""
    table = column.raw[0].partition(".")[0] if column.raw else proposal.table
    text = str(column.expression)
    plain = plain_column(column.expression)
    if plain is not None and column.raw:
        return _qualified(table, plain) if proposal.joins else name(plain)
    if not proposal.joins:
        return text
    return _QUOTED.sub(lambda found: f"{name(table)}.{found[0]}" if found[1] else found[0], text)


def _qualified(table: str, column: str) -> str:
    return f"{name(table)}.{name(column)}"


def _is_key(proposal: EntityProposal, column: ColumnProposal) -> bool:
    return column.column in load_entities()[proposal.entity].key
