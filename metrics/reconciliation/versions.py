"""Rows of one key that differ, though nothing says which is the newest: how many keys, and the first of them in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from metrics.workspace.entities import load_entities
from metrics.workspace.model import Workspace

_REPEATED = """
select distinct source, entity from mart.reconciliation
where difference = 'repeated_key' and row_count <> 0
order by source, entity
"""
# Filtered by source and entity, the view reads no other mapping. An e-mail address that is an id stays in the warehouse.
_FIRST = """
with versions as materialized (
    select record_key, column_name, kept_value, other_value
    from intermediate.int_versions__undecided where source = ? and entity = ?
),
first_key as (
    select count(distinct record_key) as keys,
        coalesce(min(record_key) filter (where record_key not like '%@%'), min(record_key)) as record_key
    from versions
)
select keys, record_key, column_name, max(kept_value), max(other_value)
from versions inner join first_key using (record_key)
group by all
"""
_COLUMNS_TOLD = 3


@dataclass(frozen=True)
class UndecidedVersions:
    """What of one source and entity is undecided. ``differences``: the columns of the first key that differ, in words."""

    source: str
    entity: str
    keys: int
    record_key: str
    differences: tuple[str, ...]
    has_latest_by: bool

    def __str__(self) -> str:
        keys = "1 key has rows that differ" if self.keys == 1 else f"{self.keys:,} keys have rows that differ"
        why = "nothing says which is the newest"
        remedy = "Add latest_by: to its mapping"
        if self.has_latest_by:
            why, remedy = "latest_by is the same in them", "Let latest_by: name a column that tells them apart"
        first = [*([] if "@" in self.record_key else [self.record_key]), *self.differences[:_COLUMNS_TOLD]]
        more = len(self.differences) - _COLUMNS_TOLD
        also = f" and {more} more {'column' if more == 1 else 'columns'}" if more > 0 else ""
        return (
            f"{self.source}.{self.entity}: {keys}, and {why} (first: {', '.join(first)}{also}): the row with the larger "
            f"value in the first column that differs was kept. {remedy}, or a query: that keeps one row per key."
        )


def undecided_versions(con: duckdb.DuckDBPyConnection, ws: Workspace) -> list[UndecidedVersions]:
    """Look at the repeated keys that mart.reconciliation counts, by source and entity. Empty: every version is decided."""
    found = (_undecided(con, ws, source, entity) for source, entity in con.execute(_REPEATED).fetchall())
    return [versions for versions in found if versions is not None]


def _undecided(con: duckdb.DuckDBPyConnection, ws: Workspace, source: str, entity: str) -> UndecidedVersions | None:
    columns = load_entities()[entity].columns
    rows = {row[2]: row for row in con.execute(_FIRST, [source, entity]).fetchall()}
    if not rows:
        return None
    differences = tuple(_difference(name, spec.type, *rows[name][3:]) for name, spec in columns.items() if name in rows)
    keys, record_key = next(iter(rows.values()))[:2]
    has_latest_by = ws.sources[source].entities[entity].latest_by is not None
    return UndecidedVersions(source, entity, keys, record_key, differences, has_latest_by)


def _difference(column: str, type_name: str, kept: str | None, other: str | None) -> str:
    """``gross_amount 50.00 or 70.00``, the one that was kept last; of a text, which may be personal, only the name."""
    if kept is None and other is None:
        return column
    values = (_shown(value, type_name) for value in (other, kept))
    return f"{column} {' or '.join(values)}"


def _shown(value: str | None, type_name: str) -> str:
    if value is None:
        return "empty"
    if type_name != "decimal":
        return value
    whole, _, decimals = f"{Decimal(value):f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
