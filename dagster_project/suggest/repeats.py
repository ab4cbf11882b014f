"""Several rows per key: an event log (the last row counts), parts that add up, or copies."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from dagster_project.suggest.names import best_name, synonyms
from dagster_project.suggest.profile import TableProfile, text_of
from dagster_project.suggest.proposal import ColumnProposal, EntityProposal
from metrics.warehouse import quoted
from metrics.workspace import load_entities
from metrics.workspace.mapping import PLAIN_NAME

# Entities whose amounts may be added up when a file is finer than the entity.
_ADDITIVE = {"ad_performance", "orders"}


def note_repeats(con: duckdb.DuckDBPyConnection, proposal: EntityProposal, table: TableProfile) -> None:
    """Set ``latest_by`` or ``is_grouped`` where the key of the entity is not unique in the table."""
    entity = load_entities()[proposal.entity]
    keys = [text for name in entity.key if name in proposal.columns for text in _texts(proposal.columns[name], table)]
    if proposal.joins or not keys:
        return
    row = con.execute(
        f"select count(*), count(*) - count(distinct ({', '.join(keys)})), count(distinct ({', '.join(keys)}))"
        f" from {table.relation} where {keys[0]} is not null"
    ).fetchone()
    rows, repeated, distinct = row or (0, 0, 0)
    if not repeated:
        return
    said = f"{rows:,} rows of {distinct:,} keys"
    updated = _update_column(con, table, keys)
    if updated is not None:
        proposal.latest_by = updated if PLAIN_NAME.fullmatch(updated) else quoted(updated)
        proposal.notes.append(f"{said}: the last by {updated} is kept")
        _mend_key(proposal, entity.key)
    elif proposal.entity in _ADDITIVE:
        proposal.is_grouped = True
        proposal.notes.append(f"{said}: the file is finer, amounts are added up")
        _mend_key(proposal, entity.key)
    else:
        proposal.notes.append(f"{said}: CHECK, only one row of each is kept; set latest_by or map another key")


def _texts(column: ColumnProposal, table: TableProfile) -> list[str]:
    """SQL for the raw texts that a column reads (a constant reads none)."""
    return [text_of(table, raw.removeprefix(f"{table.name}.")) for raw in column.raw]


def _update_column(con: duckdb.DuckDBPyConnection, table: TableProfile, keys: list[str]) -> str | None:
    """Return the time of the last change where it differs between the rows of most keys that repeat."""
    times = [column.name for column in table.columns.values() if column.is_temporal]
    name = best_name(times, synonyms()["updated"], "tickets")
    if name is None:
        return None
    key = ", ".join(keys)
    row = con.execute(
        f"""select count(*), count(*) filter (where moments > 1) from (
          select count(distinct {text_of(table, name)}) as moments from {table.relation}
          group by {key} having count(*) > 1)"""
    ).fetchone()
    keys_repeated, differing = row or (0, 0)
    return name if keys_repeated and differing > 0.5 * keys_repeated else None


def _mend_key(proposal: EntityProposal, key: tuple[str, ...]) -> None:
    """A key that repeats for a good reason is no doubt about the column."""
    for name in key:
        column = proposal.columns.get(name)
        if column is not None:
            reasons = tuple(reason for reason in column.reasons if not reason.endswith("distinct"))
            proposal.columns[name] = replace(column, score=min(1.0, column.score / 0.9), reasons=reasons)
