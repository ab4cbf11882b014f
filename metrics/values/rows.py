"""Rows of the KPI tables: insert many of them, all or nothing, under the workspace's own date."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from metrics.errors import RunError

if TYPE_CHECKING:
    import duckdb


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Collection[Sequence[Any]]) -> None:
    """Insert Python rows with few statements; executemany takes a millisecond per row."""
    waiting = list(rows)
    for start in range(0, len(waiting), 250):
        chunk = waiting[start : start + 250]
        places = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in chunk)
        con.execute(f"insert into {table} values {places}", [value for row in chunk for value in row])


@contextmanager
def one_transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit when the block ends well, roll back when it does not."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def workspace_today(con: duckdb.DuckDBPyConnection) -> date:
    """The workspace's today, as extraction recorded it. Raises RunError when nothing was extracted yet."""
    found = con.execute("select today from mart.clock").fetchone()
    if found is None or found[0] is None:
        raise RunError("mart.clock is empty: nothing was extracted yet. Run `kpi run`.")
    day: date = found[0]
    return day
