"""Takes rows that a database load has landed into raw: typed, compared, switched in one transaction per table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.connectors.base import TableLoad
from dagster_project.connectors.column_types import ColumnFacts, Kind
from dagster_project.connectors.mapped_columns import check_columns
from dagster_project.connectors.quarantine import bad_values, write_quarantine
from dagster_project.connectors.raw_tables import RawTable
from dagster_project.connectors.readers import Reject
from dagster_project.connectors.staging import (
    MOST_REJECTED_SHARE,
    conversions_of,
    create_new_rows,
    insert_rows,
    kinds_of,
    table_types,
)
from metrics.errors import SourceError
from metrics.warehouse import append_rows, column_types, literal, quoted, table_exists
from metrics.withheld import without_value
from metrics.workspace import Source, Workspace

LANDING_SCHEMA = "landing"


def landing_path(ws: Workspace, source: Source) -> Path:
    return ws.dlt_dir / f"{source.name}.duckdb"


def receive_tables(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, tables: Sequence[str], run_id: str
) -> Iterator[TableLoad]:
    """Bring raw tables up to date with what dlt has landed. Raises SourceError."""
    for table in tables:
        with _attached(con, landing_path(ws, source)):
            load = _receive(RawTable(con, ws, source, table, run_id))
        yield load


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    con.execute(f"attach {literal(str(path))} as landing")
    try:
        yield
    finally:
        con.execute("detach landing")


def _receive(raw: RawTable) -> TableLoad:
    entry = raw.source.tables[raw.name]
    landed = quoted("landing", LANDING_SCHEMA, raw.name)
    if not table_exists(raw.con, "landing", LANDING_SCHEMA, raw.name):
        raise SourceError(f"{raw.plan.where}: {raw.source.name}.{raw.name}: the database gave neither rows nor columns.")
    natives = column_types(raw.con, "landing", LANDING_SCHEMA, raw.name)
    columns: dict[str, str | None] = {name: kind for name, kind in natives.items() if not name.startswith("_dlt_")}
    check_columns(raw.plan.asked, {f"the table {raw.name}": list(columns)}, {})
    relation = _latest(landed, list(columns), entry.key, entry.cursor) if entry.cursor else landed
    facts = _facts(raw, relation, columns, is_part=bool(entry.cursor))
    types = table_types([facts], raw.plan)
    rejects = _fill_new_rows(raw, relation, columns, types)

    def note() -> None:
        _write_facts(raw, facts)
        write_quarantine(raw.con, raw.source, raw.name, None, rejects, raw.run_id, raw.at)

    changed = raw.switch(types, _kept(relation, columns, entry.key) if entry.cursor else "false", note)
    if entry.cursor:
        # Rows that are in raw need not be kept twice; until here a killed run takes them up again.
        raw.con.execute(f"delete from {landed}")
    return raw.result(changed)


def _latest(landed: str, columns: list[str], key: tuple[str, ...], cursor: str) -> str:
    """SQL for the newest landed version of every row."""
    listed, keys = (", ".join(quoted(name) for name in names) for names in (columns, key))
    return (
        f"(select {listed} from {landed} "
        f"qualify row_number() over (partition by {keys} order by {quoted(cursor)} desc nulls last, rowid desc) = 1)"
    )


def _kept(relation: str, columns: dict[str, str | None], key: tuple[str, ...]) -> str:
    """Condition for the raw rows whose key has not landed."""
    keys = ", ".join(f"cast({quoted(name)} as varchar)" for name in key)
    return f"not coalesce(({keys}) in (select {keys} from {relation}), false)"


def _facts(raw: RawTable, relation: str, columns: dict[str, str | None], is_part: bool) -> dict[str, ColumnFacts]:
    """Return what the columns hold, together with earlier loads when only new rows have landed."""
    facts = kinds_of(raw.con, relation, columns, raw.plan)
    if not is_part:
        return facts
    earlier = raw.con.execute(
        "select column_name, value_kinds, native_type from raw.ops.file_columns where source = ? and table_name = ?",
        [raw.source.name, raw.name],
    ).fetchall()
    for name, kinds, native in earlier:
        known = facts.get(name, ColumnFacts(Kind(0), native))
        facts[name] = ColumnFacts(known.kinds | Kind(kinds), known.native_type)
    return facts


def _write_facts(raw: RawTable, facts: dict[str, ColumnFacts]) -> None:
    names = [raw.source.name, raw.name]
    raw.con.execute("delete from raw.ops.file_columns where source = ? and table_name = ?", names)
    rows = [[*names, "", name, at, int(fact.kinds), fact.native_type] for at, (name, fact) in enumerate(facts.items())]
    append_rows(raw.con, "raw.ops.file_columns", rows)


def _fill_new_rows(raw: RawTable, relation: str, columns: dict[str, str | None], types: dict[str, str]) -> list[Reject]:
    """Fill temp.new_rows; return the rows with values that do not fit. Raises SourceError when most do not."""
    conversions = list(conversions_of(columns, types, raw.plan).values())
    create_new_rows(raw.con, types)
    good, bad = insert_rows(raw.con, f"(select *, null as _file from {relation})", conversions, raw.run_id, raw.at)
    if not bad:
        return []
    rejects = [
        Reject(
            "", None, column, value, next(c for c in conversions if c.column == column).reason(value, raw.plan.read), text
        )
        for column, value, text in bad_values(raw.con, relation, list(columns), conversions)
    ]
    good_rows, bad_rows = sum(good.values()), sum(bad.values())
    if bad_rows > MOST_REJECTED_SHARE * (good_rows + bad_rows):
        first = rejects[0]
        reason = without_value(first.reason, first.value)
        raise SourceError(
            f"{raw.plan.where}: {raw.source.name}.{raw.name}: column '{first.column}': {reason}; "
            f"{bad_rows} of {good_rows + bad_rows} rows cannot be read. Map the column with an expression."
        )
    return rejects
