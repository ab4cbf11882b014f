"""Rows of a fact that cannot be right: how many, and the first of each kind by source, key, date and file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import duckdb

from dagster_project.connectors.mapped_keys import file_of_row
from metrics.warehouse import literal, quoted
from metrics.workspace import Entity, Workspace

# What a parser that failed makes of a date is 0001-01-01, 1900-01-01 or 1970-01-01; no company's events are that old.
EARLIEST_DAY = dt.date(1990, 1, 1)


@dataclass(frozen=True)
class FactFaults:
    """``counts`` of rows_checked, duplicate_keys and dates_outside; ``kinds``: each kind of fault in words."""

    counts: dict[str, int]
    kinds: tuple[str, ...]

    def __str__(self) -> str:
        return f"{'; '.join(self.kinds)}. Correct the rows in the source, or leave them out with `query:` and its where"


def fact_faults(con: duckdb.DuckDBPyConnection, ws: Workspace, fact: str, entity: Entity) -> FactFaults:
    """Count repeated keys, and business dates that are missing, before 1990 or after the workspace's today."""
    today = con.execute("select max(today) from mart.clock").fetchone()[0]
    outside = {
        "no business date": "business_date is null",
        f"a business date before {EARLIEST_DAY}": f"business_date < {literal(str(EARLIEST_DAY))}",
        f"a business date after today {today}": f"business_date > {literal(str(today))}",
    }
    keys = ", ".join(quoted(column) for column in _key(entity))
    counted = ", ".join(f"count(*) filter (where {condition})" for condition in outside.values())
    rows, distinct, *dates = con.execute(
        f"select count(*), count(distinct ({keys})), {counted} from core.{quoted(fact)}"
    ).fetchone()
    repeated = f"qualify count(*) over (partition by {keys}) > 1"
    kinds = [
        f"{count:,} of {rows:,} rows {one if count == 1 else many} {what}: {_first(con, ws, fact, entity, where)}"
        for count, one, many, what, where in (
            (rows - distinct, "repeats", "repeat", "a key", repeated),
            *((n, "has", "have", what, f"where {test}") for n, (what, test) in zip(dates, outside.items(), strict=True)),
        )
        if count
    ]
    return FactFaults({"rows_checked": rows, "duplicate_keys": rows - distinct, "dates_outside": sum(dates)}, tuple(kinds))


def _key(entity: Entity) -> list[str]:
    """The key's columns in the fact, which carries business_date instead of the column that decides it."""
    return ["source_relation", *("business_date" if name == entity.business_date else name for name in entity.key)]


def _first(con: duckdb.DuckDBPyConnection, ws: Workspace, fact: str, entity: Entity, condition: str) -> str:
    """The first row of a fact for which a condition holds: ``shop order_id 1234 on 2062-03-01, in orders.csv``."""
    names = list(dict.fromkeys([*_key(entity), "business_date"]))
    listed = ", ".join(quoted(name) for name in names)
    row = con.execute(f"select {listed} from core.{quoted(fact)} {condition} order by all limit 1").fetchone()
    key = dict(zip(names, row, strict=True))
    source, day = key.pop("source_relation"), key.pop("business_date")
    file = file_of_row(con, ws, source, entity, key, day)
    # An e-mail address that serves as an id stays in the warehouse.
    shown = ", ".join(f"{name} {value}" for name, value in key.items() if "@" not in str(value))
    words = " ".join(part for part in (source, shown, f"on {day}" if day else "") if part)
    return f"{words}, in {file}" if file else words
