"""Columns that are called as one that an entity needs, and are not taken: which, and what about their values is why."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from dagster_project.suggest.candidates import LEAST_SCORE, type_fit
from dagster_project.suggest.names import column_terms, common_prefix, is_loader_column, match_column
from dagster_project.suggest.profile import TableProfile, text_of
from dagster_project.suggest.value_kinds import amount_pattern
from metrics.warehouse import literal
from metrics.withheld import may_be_personal
from metrics.workspace.entities import Entity

_NUMBERS = {"integer", "decimal", "double"}
_MOST_LOOKED_AT = 20


def refused_columns(
    con: duckdb.DuckDBPyConnection, table: TableProfile, entity: Entity, missing: Iterable[str]
) -> dict[str, str]:
    """Return, by missing column, why the raw column whose name fits is not taken: ``total: 9 of 9 values are ...``."""
    usable = [column for column in table.columns.values() if not is_loader_column(column.name) and column.filled]
    prefix = common_prefix([column.name for column in usable])
    found = {}
    for name in missing:
        kind, terms = entity.columns[name].type, column_terms(entity.name, name)
        scores = {column.name: match_column(column.name, terms, entity.name, prefix).score for column in usable}
        like = max(scores, key=lambda raw: scores[raw], default=None)
        if like is None or scores[like] < LEAST_SCORE or type_fit(kind, name, table.columns[like])[0] > 0:
            continue
        odd = odd_amounts(con, table, like) if kind in _NUMBERS else ""
        found[name] = f"{like}: {odd or f'its values do not fit the type {kind}'}"
    return found


def odd_amounts(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> str:
    """Say how many values of a column are not read as amounts, with the most frequent that is not personal, or nothing."""
    text = text_of(table, column)
    is_odd = f"{text} is not null and not regexp_full_match({text}, {literal(amount_pattern().pattern)})"
    rows = con.execute(
        f"""select {text} as value, sum(count(*)) over () from {table.relation} where {is_odd}
        group by value order by count(*) desc, value limit {_MOST_LOOKED_AT}"""
    ).fetchall()
    if not rows:
        return ""
    odd, filled = int(rows[0][1]), table.columns[column].filled
    plain = next((f"'{value}'" for value, _ in rows if not may_be_personal(value)), None)
    shown = plain or f"a text of {len(rows[0][0])} characters"
    if odd == 1:
        return f"1 of {filled:,} values is not read as an amount: {shown}"
    return f"{odd:,} of {filled:,} values are not read as amounts, such as {shown}"
