"""Several rows per key: an event log (the last row counts), parts that add up, or copies."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from dagster_project.suggest.names import best_name, is_loader_column, synonyms, words_of
from dagster_project.suggest.profile import ColumnProfile, TableProfile, text_of
from dagster_project.suggest.proposal import ColumnProposal, EntityProposal
from dagster_project.suggest.query_sql import name as sql_name
from metrics.warehouse import quoted
from metrics.workspace import load_entities
from metrics.workspace.mapping import PLAIN_NAME

# Entities whose amounts may be added up when a file is finer than the entity.
_ADDITIVE = {"ad_performance", "orders"}
# Words in the names of columns that tell the parts of one order or the placements of one campaign from each other.
_PART_WORDS = frozenset(
    ("line", "item", "position", "product", "sku", "article", "variant", "stock", "quantity", "amount", "price", "total",
     "ad", "adset", "group", "keyword", "placement", "device", "creative", "商品", "数量", "金额", "单价")
)  # fmt: skip
# Words in the names of columns that change while the row stays the same thing.
_STATE_WORDS = frozenset(("status", "state", "updated", "modified", "changed", "loaded", "exported", "状态"))


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
    differing = _differing(con, table, keys)
    updated = _update_column(table, differing)
    if updated is not None:
        _keep_last(proposal, updated, said)
    elif proposal.entity in _ADDITIVE and any(_is_part(table.columns[n]) and share > 0.5 for n, share in differing.items()):
        proposal.is_grouped = True
        proposal.notes.append(f"{said}: the file is finer, amounts are added up; CHECK that the rows are parts of one")
        proposal.notes += _copies(con, table)
        _mark_sums(proposal, entity.key, table, set(differing))
    elif not any(_is_part(table.columns[name]) for name in differing):
        what = (
            f"the rows of a key differ in {', '.join(differing)} only" if differing else "rows with the same key are copies"
        )
        proposal.notes.append(f"{said}: {what}, one of each is kept")
    else:
        proposal.notes.append(f"{said}: CHECK, only one row of each is kept; set latest_by or map another key")
        return
    _mend_key(proposal, entity.key)


def _keep_last(proposal: EntityProposal, updated: str, said: str) -> None:
    proposal.latest_by = updated if PLAIN_NAME.fullmatch(updated) else quoted(updated)
    proposal.notes.append(f"{said}: the last by {updated} is kept")


def _copies(con: duckdb.DuckDBPyConnection, table: TableProfile) -> list[str]:
    """Say what happens to rows that are equal in every column, and what to write where they should count once.

    An order may well hold the same line twice; only the one who knows the system can tell that from a second export.
    """
    columns = [name for name in table.columns if not is_loader_column(name)]
    texts = ", ".join(f"coalesce({text_of(table, name)}, '')" for name in columns)
    row = con.execute(f"select count(*) - count(distinct ({texts})) from {table.relation}").fetchone()
    if not row or not row[0]:
        return []
    once = f"(select distinct {', '.join(map(sql_name, columns))} from {sql_name(table.name)}) as {sql_name(table.name)}"
    return [
        f"CHECK {row[0]:,} rows are equal to another row in every column. They are added up as well, as an order may hold "
        "one line twice.",
        "If they are copies, the amounts are too high: then write instead of the last table name",
        f"  {once}",
    ]


def _mark_sums(proposal: EntityProposal, key: tuple[str, ...], table: TableProfile, differing: set[str]) -> None:
    """A number that never differs within a key is that of the whole; copies among parts would be counted twice."""
    types = load_entities()[proposal.entity].columns
    for name, column in proposal.columns.items():
        if name in key or types[name].type not in {"integer", "decimal", "double"}:
            continue
        said = "CHECK: added up over the rows of a key"
        is_same = not {f"{table.name}.{raw}" for raw in differing} & set(column.raw)
        # Zero everywhere says nothing yet.
        varies = any(table.columns[raw.removeprefix(f"{table.name}.")].distinct > 1 for raw in column.raw)
        if proposal.entity == "orders" and is_same and varies:
            proposal.taken_once.add(name)
            said = "CHECK: the same in all rows of a key, so that it is taken once, not added up"
        proposal.columns[name] = replace(column, reasons=(*column.reasons, said))


def _texts(column: ColumnProposal, table: TableProfile) -> list[str]:
    """SQL for the raw texts that a column reads (a constant reads none)."""
    return [text_of(table, raw.removeprefix(f"{table.name}.")) for raw in column.raw]


def _differing(con: duckdb.DuckDBPyConnection, table: TableProfile, keys: list[str]) -> dict[str, float]:
    """Return column -> share of the keys that repeat whose rows differ in it; columns in which none differs are left out."""
    names = list(table.columns)
    # An empty cell beside a filled one is a difference, too.
    counts = ", ".join(f"count(distinct coalesce({text_of(table, name)}, '')) > 1 as c{n}" for n, name in enumerate(names))
    shares = ", ".join(f"avg(c{n}::int)" for n in range(len(names)))
    row = con.execute(
        f"select {shares} from (select {counts} from {table.relation} where {keys[0]} is not null"
        f" group by {', '.join(keys)} having count(*) > 1)"
    ).fetchone()
    return {name: share for name, share in zip(names, row or (), strict=True) if share}


def _update_column(table: TableProfile, differing: dict[str, float]) -> str | None:
    """Return the time of the last change where it tells the rows of a key apart.

    In an event log it does for most keys; where rows differ in nothing but such bookkeeping, it may do so for a few.
    """
    times = [name for name, column in table.columns.items() if column.is_temporal]
    name = best_name(times, synonyms()["updated"], "tickets")
    if name is not None and differing.get(name, 0) > 0.5:
        return name
    if any(_is_part(table.columns[other]) for other in differing):
        return None
    loaded = next((time for time in times if is_loader_column(time)), None)
    return next((time for time in (name, loaded) if time is not None and time in differing), None)


def _is_part(column: ColumnProfile) -> bool:
    """Whether a column in which rows differ can say that they are parts: numbers, lines, products, placements."""
    words = set(words_of(column.name))
    if column.is_temporal or is_loader_column(column.name) or words & _STATE_WORDS:
        return False
    return column.form in {"integer", "decimal"} or "money" in column.kind.patterns or bool(words & _PART_WORDS)


def _mend_key(proposal: EntityProposal, key: tuple[str, ...]) -> None:
    """A key that repeats for a good reason is no doubt about the column."""
    for name in key:
        column = proposal.columns.get(name)
        if column is not None:
            reasons = tuple(reason for reason in column.reasons if not reason.endswith("distinct"))
            proposal.columns[name] = replace(column, score=min(1.0, column.score / 0.9), reasons=reasons)
