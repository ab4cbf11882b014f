"""Required columns that stand in another of the given tables: lines whose date is in their order, deals of leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from dagster_project.suggest.candidates import column_candidates
from dagster_project.suggest.names import is_loader_column, known_words, match_table, synonyms, words_of
from dagster_project.suggest.profile import ColumnProfile, TableProfile, text_of
from dagster_project.suggest.proposal import ColumnProposal, EntityProposal, JoinProposal
from metrics.workspace import load_entities
from metrics.workspace.entities import Entity
from metrics.workspace.mapping import plain_column

# So many of the values have to be found in the other table, or the columns mean something else.
LEAST_FOUND_SHARE = 0.5
LEAST_NAME_SCORE = 0.6


@dataclass(frozen=True)
class Link:
    """A column of a table whose values are found in the key of another one, which may repeat (an event log)."""

    table: TableProfile
    left: str
    right: str
    share: float
    is_unique: bool = True


def fill_from_joins(
    con: duckdb.DuckDBPyConnection,
    proposal: EntityProposal,
    tables: Mapping[str, TableProfile],
    others: Mapping[str, EntityProposal],
) -> None:
    """Take missing required columns from tables of the same folder that the table refers to. ``others``: by table."""
    entity, table = load_entities()[proposal.entity], tables[proposal.table]
    links = [
        link
        for other in tables.values()
        if other.name != table.name and other.given.folder == table.given.folder
        for link in _links(con, table, other, others.get(other.name))
    ]
    links.sort(key=lambda link: (link.table.name not in others, -link.share, link.table.name))
    for name in list(proposal.missing):
        for link in links:
            column = _column_of(con, entity, name, link, others.get(link.table.name))
            if column is not None and _join(proposal, link, column):
                proposal.columns[name] = column
                proposal.missing.remove(name)
                proposal.refused.pop(name, None)
                proposal.notes = [note for note in proposal.notes if not note.startswith(f"TODO {name}: ")]
                break
    proposal.columns = {name: proposal.columns[name] for name in entity.columns if name in proposal.columns}


def _links(
    con: duckdb.DuckDBPyConnection, table: TableProfile, other: TableProfile, mapped: EntityProposal | None
) -> list[Link]:
    keys = load_entities()[mapped.entity].key if mapped is not None else ()
    mapped_keys = {raw for key in keys if mapped and key in mapped.columns for raw in mapped.columns[key].raw}
    found = []
    for right in other.columns.values():
        if not _is_key(right) and f"{other.name}.{right.name}" not in mapped_keys:
            continue
        for left in table.columns.values():
            if left.filled and not left.is_temporal and _same_thing(left.name, right.name, other):
                share = _found_share(con, table, left.name, other, right.name)
                if share >= LEAST_FOUND_SHARE:
                    found.append(Link(other, left.name, right.name, share, right.is_unique))
    return found


def _is_key(column: ColumnProfile) -> bool:
    return column.is_unique and column.form in {"integer", "text"} and not is_loader_column(column.name)


def _same_thing(left: str, right: str, other: TableProfile) -> bool:
    """Whether a column may refer to another table's: the same name, or ``order_id`` for the ``id`` of orders."""
    ours, theirs = words_of(left), words_of(right)
    if ours == theirs:
        return ours != ("id",) and len(ours) > 1
    return theirs == ("id",) and len(ours) > 1 and ours[-1] == "id" and set(ours[:-1]) <= set(words_of(other.given.stem))


def _found_share(con: duckdb.DuckDBPyConnection, table: TableProfile, left: str, other: TableProfile, right: str) -> float:
    """Return the share of the distinct values on the left that are found on the right."""
    row = con.execute(
        f"""with ours as (select distinct {text_of(table, left)} as value from {table.relation}),
        theirs as (select {text_of(other, right)} as value from {other.relation})
        select count(*), count(theirs.value) from ours left join theirs using (value) where ours.value is not null"""
    ).fetchone()
    return row[1] / row[0] if row and row[0] else 0.0


def _column_of(
    con: duckdb.DuckDBPyConnection, entity: Entity, name: str, link: Link, other: EntityProposal | None
) -> ColumnProposal | None:
    """Return what the linked table gives for a canonical column, None where that would be a guess.

    Either it is the entity that synonyms.yml says the column comes from, or a second table of the same kind of thing
    (the head of refunds beside their lines).
    """
    said = f"from {link.table.name}, {link.share:.0%} of {link.left} found there".replace("%", " %")
    origin, _, column = str(synonyms()["joins"].get(entity.name, {}).get(name, "")).partition(".")
    mapped = other.columns.get(column) if other is not None and other.entity == origin else None
    if mapped is not None and mapped.raw and (link.is_unique or _is_constant(con, link, mapped)):
        score = 0.9 * min(mapped.score, 0.5 + link.share / 2)
        return ColumnProposal(name, mapped.expression, score, (*mapped.reasons, said), mapped.raw)
    if not link.is_unique or match_table(link.table.given.stem, entity.name, known_words()) < LEAST_NAME_SCORE:
        return None
    named = [c for c in column_candidates(link.table, entity) if c.column == name]
    best = max(named, key=lambda candidate: candidate.score, default=None)
    if best is None:
        return None
    raw = (f"{link.table.name}.{best.raw}",)
    return ColumnProposal(name, _plain(best.raw), 0.85 * best.score, (*best.reasons, said), raw)


def _plain(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _is_constant(con: duckdb.DuckDBPyConnection, link: Link, column: ColumnProposal) -> bool:
    """Whether a plain column has one value in all rows of a key."""
    if plain_column(column.expression) is None:
        return False
    key, value = text_of(link.table, link.right), text_of(link.table, column.raw[0].partition(".")[2])
    row = con.execute(
        f"select count(distinct {key}), count(distinct ({key}, {value})) from {link.table.relation} where {key} is not null"
    ).fetchone()
    return row is not None and row[0] == row[1]


def _join(proposal: EntityProposal, link: Link, column: ColumnProposal) -> bool:
    """Add the join; False where the same table is joined over another column already."""
    raw = [name.partition(".")[2] for name in column.raw]
    for join in proposal.joins:
        if join.table == link.table.name:
            join.repeated += [] if link.is_unique else raw
            return (join.left_column, join.right_column) == (link.left, link.right)
    reason = f"{link.left} refers to {link.table.name}.{link.right}"
    proposal.joins.append(JoinProposal(link.table.name, link.left, link.right, reason, [] if link.is_unique else raw))
    return True
