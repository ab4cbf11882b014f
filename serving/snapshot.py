"""Reading an open snapshot: an answer as plain rows, and whether it has a table at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metrics.errors import RunError

if TYPE_CHECKING:
    import duckdb

    from metrics.workspace import Workspace

Row = dict[str, Any]


def rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> list[Row]:
    """The answer as plain rows."""
    answer = con.execute(sql, parameters or [])
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def has_table(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the published version has a table or view; one that an older release has published may not."""
    found = con.execute("select 1 from information_schema.tables where table_schema = 'mart' and table_name = ?", [table])
    return found.fetchone() is not None


def require_table(con: duckdb.DuckDBPyConnection, ws: Workspace, table: str) -> None:
    """Raise RunError where what is published is older than the table."""
    if not has_table(con, table):
        raise RunError(f"{ws.name}: what is published has no mart.{table} yet. Run `kpi run --workspace {ws.root}`.")
