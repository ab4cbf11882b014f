"""A raw table and how its rows are switched: compared, replaced and noted in one transaction. Knows no connector."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from dagster_project.connectors.base import TableLoad
from dagster_project.connectors.mapped_columns import check_mappings
from dagster_project.connectors.row_changes import (
    MappedQueries,
    compare_rows,
    count,
    drop_compared,
    record_run_dates,
)
from dagster_project.connectors.staging import NEW_ROWS, read_plan
from metrics.warehouse import column_types, quoted, table_exists
from metrics.workspace import Source, Workspace, machine_now

META_COLUMNS = ("_file", "_loaded_at", "_run_id")


class RawTable:
    """One table of raw during one load. ``existing`` gives the types of its columns, nothing when it is new."""

    def __init__(self, con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, table: str, run_id: str) -> None:
        self.con, self.ws, self.source, self.name, self.run_id = con, ws, source, table, run_id
        self.at = machine_now()
        self.relation = quoted("raw", source.schema_name, table)
        self.exists = table_exists(con, "raw", source.schema_name, table)
        self.existing = self._data_types() if self.exists else {}
        self.plan = read_plan(ws, source, table)

    def is_retyped(self, types: dict[str, str]) -> bool:
        """Return whether a column that exists gets another type."""
        new = {name.lower(): kind for name, kind in types.items()}
        return any(new.get(name.lower(), kind) != kind for name, kind in self.existing.items())

    def switch(self, types: dict[str, str], kept: str, note: Callable[[], None]) -> int:
        """Put the rows of temp.new_rows in the place of those that are not ``kept`` (a condition); return how many changed.

        ``note`` is called within the transaction, for the tables that describe the load.
        """
        con = self.con
        check_mappings(con, self.ws, self.source, self.name, NEW_ROWS)
        old = f"(select {self._as(types)} from {self.relation} where not ({kept}))"
        changed = compare_rows(con, old if self.exists else f"(select * from {NEW_ROWS} limit 0)", NEW_ROWS, list(types))
        queries = MappedQueries(con, self.ws, self.source, self.name)
        if changed:
            queries.keep()
        retyped = self.is_retyped(types)
        con.execute("begin transaction")
        try:
            self._replace_rows(types, kept, retyped)
            note()
            if changed:
                record_run_dates(con, self.ws, self.source, self.name, queries, self.run_id, self.at, retyped)
            con.execute("commit")
        except BaseException:
            con.execute("rollback")
            raise
        queries.drop()
        drop_compared(con)
        con.execute(f"drop table {NEW_ROWS}")
        return changed

    def result(self, changed: int) -> TableLoad:
        """Describe the table as it is now."""
        row = self.con.execute(
            "select count(*) from raw.ops.quarantine where source = ? and table_name = ?", [self.source.name, self.name]
        ).fetchone()
        return TableLoad(self.name, count(self.con, self.relation), changed, int(row[0]) if row else 0, self._data_types())

    def _replace_rows(self, types: dict[str, str], kept: str, retyped: bool) -> None:
        columns = ", ".join([*(quoted(name) for name in types), *META_COLUMNS])
        new_rows = f"select {columns} from {NEW_ROWS}"
        if not self.exists:
            self.con.execute(f"create table {self.relation} as {new_rows}")
        elif retyped or {name.lower() for name in self.existing} != {name.lower() for name in types}:
            metas = ", ".join(META_COLUMNS)
            self.con.execute(
                f"create or replace table {self.relation} as "
                f"select {self._as(types, metas)} from {self.relation} where {kept} union all {new_rows}"
            )
        else:
            self.con.execute(f"delete from {self.relation} where not ({kept})")
            self.con.execute(f"insert into {self.relation} ({columns}) {new_rows}")

    def _as(self, types: dict[str, str], metas: str = "") -> str:
        """SQL for the columns of the existing rows with new types; a value that does not fit becomes NULL."""
        old = {name.lower(): (name, kind) for name, kind in self.existing.items()}
        columns = []
        for name, kind in types.items():
            before, old_kind = old.get(name.lower(), ("", ""))
            if not before:
                columns.append(f"cast(null as {kind}) as {quoted(name)}")
            else:
                value = quoted(before) if old_kind == kind else f"try_cast({quoted(before)} as {kind})"
                columns.append(f"{value} as {quoted(name)}")
        return ", ".join([*columns, *([metas] if metas else [])]) or "1"

    def _data_types(self) -> dict[str, str]:
        types = column_types(self.con, "raw", self.source.schema_name, self.name)
        return {name: kind for name, kind in types.items() if name not in META_COLUMNS}
