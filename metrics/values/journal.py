"""Append to a table that is never changed: rows that are new or differ from the newest of their key, and tombstones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from metrics.warehouse import append_rows
from metrics.workspace.clock import machine_now

if TYPE_CHECKING:
    import duckdb


def append_differences(
    con: duckdb.DuckDBPyConnection,
    table: str,
    key: Sequence[str],
    compared: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    run_id: str,
) -> int:
    """Make ``rows`` (without is_removed, run_id and recorded_at) what holds in ``mart.<table>``; return rows appended.

    A row is appended where its key is new, was removed, or differs in ``compared`` from the newest row of its key. A key
    that is not among ``rows`` gets its newest row once more with is_removed. Nothing is updated or deleted.
    """
    recorded_at = after_all_rows(con, table)
    con.execute(f"create or replace temp table fresh_rows as select * from mart.{table} limit 0")
    columns = [name for name, *_ in con.execute("describe fresh_rows").fetchall()]
    own = {"is_removed": False, "run_id": run_id, "recorded_at": recorded_at}
    append_rows(con, "temp.fresh_rows", [[{**row, **own}[name] for name in columns] for row in rows])
    con.execute(
        f"""create or replace temp table latest_rows as select * from mart.{table}
        qualify row_number() over (partition by {", ".join(key)} order by recorded_at desc) = 1"""
    )
    same = " and ".join(f"fresh.{name} = latest.{name}" for name in key)
    differs = " or ".join(["latest.is_removed", *(f"fresh.{name} is distinct from latest.{name}" for name in compared)])
    before = _count(con, table)
    con.execute(
        f"""insert into mart.{table} by name
        select fresh.* from temp.fresh_rows as fresh left join temp.latest_rows as latest on {same}
        where latest.{key[0]} is null or {differs}
        order by {", ".join(f"fresh.{name}" for name in key)}"""
    )
    con.execute(
        f"""insert into mart.{table} by name
        select latest.* replace (true as is_removed, $run_id as run_id, $recorded_at::timestamp as recorded_at)
        from temp.latest_rows as latest anti join temp.fresh_rows as fresh on {same}
        where not latest.is_removed
        order by {", ".join(f"latest.{name}" for name in key)}""",
        {"run_id": run_id, "recorded_at": recorded_at},
    )
    con.execute("drop table temp.fresh_rows; drop table temp.latest_rows")
    return _count(con, table) - before


def after_all_rows(con: duckdb.DuckDBPyConnection, table: str) -> datetime:
    """The machine's time, but after every row so far: the order of rows must survive a clock that is set back."""
    now = machine_now()
    latest: datetime | None = con.execute(f"select max(recorded_at) from mart.{table}").fetchall()[0][0]
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"select count(*) from mart.{table}").fetchall()[0][0])
