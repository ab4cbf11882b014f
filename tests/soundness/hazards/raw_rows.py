"""Cases whose rows come raw: mapped onto entities and built by the shipped dbt project, all of them together.

They share one company in Berlin that sells in euro and works on weekdays from 9 to 18; each has days of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from metrics.semantic import SemanticLayer
from tests.contract.dbt_project_runs import RawTable, duckdb_database, open_duckdb
from tests.soundness.hazards.case import Case

# Rows of a raw table -> what staging makes of them.
Staged = Callable[[Sequence[Sequence[Any]]], list[tuple[Any, ...]]]
_COMPANY: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "business_hours": {"days": [0, 1, 2, 3, 4], "from_minute": 540, "to_minute": 1080},
    "holidays": ["2024-03-29", "2024-04-01"],
    "history_start": "2024-01-01",
}
_CLOCK = [
    RawTable("mart.clock", "today date, now_at timestamp", [["2024-12-31", "2024-12-31 12:00:00"]]),
    RawTable(
        "mart.source_watermarks",
        "source text, entity text, last_event_on date, last_loaded_at timestamp, closed_through date,"
        " settled_through date, run_id text, recorded_at timestamp",
        [],
    ),
]
# The daily tables, too: the layer reads them where they give the same answer.
_BUILT = ("metrics_sales_daily", "metrics_support_daily", "fct_orders", "fct_tickets", "time_spine_daily")


class BuiltProject:
    """The warehouse that dbt built from the raw tables of the given cases."""

    def __init__(self, cases: Sequence[Case], folder: Path) -> None:
        tables = [
            RawTable(f"raw_{case.name}.{name}", table.columns, table.rows)
            for case in cases
            for name, table in case.tables.items()
        ]
        self._database = duckdb_database(folder, {**_COMPANY, "mapping": _mapping(cases)}, [*_CLOCK, *tables])
        self._database.dbt("run", "--select", *(f"+{model}" for model in _BUILT), warn_error=False)
        self.layer = SemanticLayer.from_manifest(self._database.target / "semantic_manifest.json")

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The built tables."""
        with open_duckdb(self._database) as con:
            yield con

    @contextmanager
    def staged_orders(self, case: str, table: str) -> Iterator[Staged]:
        """What staging, a view, makes of other rows in a raw table: (order id, UTC time, amount) in no order."""
        with open_duckdb(self._database) as con:

            def of_rows(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
                con.execute(f"delete from raw.raw_{case}.{table}")
                con.executemany(f"insert into raw.raw_{case}.{table} values ({', '.join('?' * len(rows[0]))})", rows)
                return con.execute(
                    "select order_id, ordered_at, gross_amount from raw.staging.stg_mapped__orders where _source_relation = ?",
                    [case],
                ).fetchall()

            con.begin()
            try:
                yield of_rows
            finally:
                con.rollback()


def _mapping(cases: Sequence[Case]) -> dict[str, list[dict[str, Any]]]:
    """The variable that the project reads: per entity, one entry for each case that maps it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        for entity, entry in case.product["mapping"].items():
            found.setdefault(entity, []).append(
                {
                    "source": case.name, "schema": f"raw_{case.name}", "table": entry["table"],
                    "relations": [entry["table"]], "columns": entry["columns"], "query": None,
                    "latest_by": entry.get("latest_by"),
                }
            )  # fmt: skip
    return found
