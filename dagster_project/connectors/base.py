"""What every connector does; which one a source uses. New connectors register here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

import duckdb

from metrics.workspace import Source, Workspace

Say = Callable[[str], None]


@dataclass(frozen=True)
class TableLoad:
    """What one load did to a raw table."""

    table: str
    rows: int
    """Rows of the table now."""
    rows_changed: int
    """Rows that appeared plus rows that vanished (a changed row is both); 0 when nothing downstream can change."""
    rejected: int
    """Rows of the loaded files that are in quarantine."""
    columns: dict[str, str]
    """DuckDB types by column."""


class Connector(Protocol):
    """A module that reads one kind of source."""

    def fingerprint(self, ws: Workspace, source: Source) -> str | None:
        """Return a text that changes when the data may have changed; None when that cannot be known cheaply."""
        ...

    def load_tables(
        self,
        con: duckdb.DuckDBPyConnection,
        ws: Workspace,
        source: Source,
        tables: Sequence[str],
        run_id: str,
        say: Say,
    ) -> Iterator[TableLoad]:
        """Bring raw tables up to date in the given order, each all or nothing. Raises SourceError."""
        ...


_MODULES = {
    "files": "dagster_project.connectors.files",
    "sql_database": "dagster_project.connectors.database",
    "warehouse_table": "dagster_project.connectors.warehouse_table",
}


def connector_for(source: Source) -> Connector:
    """Return the connector of a source; its module, and what that needs, is imported only now."""
    return cast(Connector, import_module(_MODULES[source.connector]))
