"""Which days are complete: writes the clock and the watermarks of every source after the last load of a run.

closed_through, per source:
- max_event_time: a day closes when an event later than its end plus grace is there (where rows only have a date: a row
  of a later day)
- load_time: a day closes when every table was loaded, successfully, by a load that began after its end plus grace
- file_name: a day (or month) closes when the files that are named for it, or for a later one, are loaded
- manual: closes.through says it
The first two never pass the day before the clock's today. settled_through lies settles_after days before.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

import duckdb

from dagster_project.connectors.mapped_keys import check_keys
from dagster_project.connectors.mapped_values import check_values
from metrics.errors import SourceError
from metrics.warehouse import append_rows
from metrics.workspace import Clock, Source, Workspace, machine_now
from metrics.workspace.business_dates import (
    business_date_sql,
    event_mappings,
    event_time_sql,
    expression_type,
    is_loaded,
    mapped_relation,
)
from metrics.workspace.mapping import mapping_tables

ONE_DAY = dt.timedelta(days=1)
_CODES = {"%Y": r"(?P<year>\d{4})", "%m": r"(?P<month>\d{2})", "%d": r"(?P<day>\d{2})", "*": ".*"}


@dataclass(frozen=True)
class LastEvent:
    """The latest row of an event entity: its business date, and its moment (naive UTC) where it has more than a date."""

    business_date: dt.date
    at: dt.datetime | None


def finish_extraction(con: duckdb.DuckDBPyConnection, ws: Workspace, run_id: str) -> None:
    """Check the mapped rows, write mart.clock and append mart.source_watermarks. Raises SourceError."""
    check_values(con, ws)
    check_keys(con, ws)
    clock, recorded_at = Clock(ws, con), machine_now()
    rows = [row for source in ws.sources.values() for row in _watermarks(con, ws, clock, source, run_id, recorded_at)]
    con.execute("begin transaction")
    try:
        con.execute("delete from warehouse.mart.clock")
        con.execute("insert into warehouse.mart.clock values (?, ?)", [clock.today, clock.now])
        append_rows(con, "warehouse.mart.source_watermarks", rows)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _watermarks(
    con: duckdb.DuckDBPyConnection, ws: Workspace, clock: Clock, source: Source, run_id: str, recorded_at: dt.datetime
) -> list[list[object]]:
    """One row per mapped entity; a reference closes with its source, but has no events."""
    events = _last_events(con, ws, source)
    loaded = _loaded_at(con, source)
    closed = _closed_through(con, ws, clock, source, events, loaded)
    settled = closed - source.settles_after_days * ONE_DAY if closed else None
    rows: list[list[object]] = []
    for name, mapping in source.entities.items():
        times = [loaded.get(table) for table in mapping_tables(source, mapping)]
        last_loaded_at = None if None in times else min(time for time in times if time is not None)
        last_on = events[name].business_date if name in events else None
        rows.append([source.name, name, last_on, last_loaded_at, closed, settled, run_id, recorded_at])
    return rows


def _last_events(con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source) -> dict[str, LastEvent]:
    found = {}
    for entity, mapping in event_mappings(source):
        if not is_loaded(con, source, mapping):
            continue
        relation, column = mapped_relation(source, mapping, entity.business_date or "")
        type_name = expression_type(con, relation, column)
        day = business_date_sql(ws, source, entity, "latest", type_name)
        time = "cast(null as timestamp)"
        if entity.columns[entity.business_date or ""].type == "timestamp":
            time = f"{event_time_sql(source, 'latest', type_name)} at time zone 'UTC'"
        row = con.execute(f"select {day}, {time} from (select max({column}) as latest from {relation})").fetchone()
        if row is not None and row[0] is not None:
            found[entity.name] = LastEvent(row[0], row[1])
    return found


def _loaded_at(con: duckdb.DuckDBPyConnection, source: Source) -> dict[str, dt.datetime]:
    """Return when the last successful load of each table began, naive UTC."""
    rows = con.execute(
        "select table_name, max(loaded_at) from raw.ops.loads where source = ? and succeeded group by table_name",
        [source.name],
    ).fetchall()
    return dict(rows)


def _closed_through(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    clock: Clock,
    source: Source,
    events: dict[str, LastEvent],
    loaded: dict[str, dt.datetime],
) -> dt.date | None:
    closes = source.closes
    if closes.by == "manual":
        return closes.through
    if closes.by == "file_name":
        return _closed_by_file_names(con, ws, source)
    if closes.by == "load_time":
        if not set(source.tables) <= set(loaded):
            return None
        began_at = min(min(loaded[table] for table in source.tables), clock.now)
        closed = _local_day(ws, began_at - closes.grace) - ONE_DAY
    else:
        deciding = [event for name, event in events.items() if closes.entity in {None, name}]
        if not deciding:
            return None
        reached = [_local_day(ws, event.at - closes.grace) if event.at else event.business_date for event in deciding]
        closed = max(reached) - ONE_DAY
    return min(closed, clock.today - ONE_DAY)


def _local_day(ws: Workspace, at: dt.datetime) -> dt.date:
    """The day it is in the workspace at a moment (naive UTC); grace is real time, also where clocks change."""
    return at.replace(tzinfo=dt.UTC).astimezone(ws.zone).date()


def _closed_by_file_names(con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source) -> dt.date | None:
    """Return the last day that the file names of every dated table cover."""
    pattern = source.closes.pattern or ""
    text = "".join(_CODES.get(part, re.escape(part)) for part in re.split(r"(%[Ymd]|\*)", pattern))
    rows = con.execute("select table_name, path from raw.ops.file_ledger where source = ?", [source.name]).fetchall()
    covered: dict[str, dt.date] = {}
    for table, path in rows:
        match = re.fullmatch(text, path.rpartition("/")[2])
        if match is not None:
            covered[table] = max(covered.get(table, dt.date.min), _last_day(match.groupdict()))
    if rows and not covered:
        where = ws.where("sources", source.name, "closes")
        raise SourceError(f"{where}: closes.pattern '{pattern}' fits no file of {source.name}, for example '{rows[0][1]}'.")
    return min(covered.values(), default=None)


def _last_day(parts: dict[str, str]) -> dt.date:
    year, month = int(parts["year"]), int(parts.get("month", 12))
    return dt.date(year, month, int(parts["day"]) if "day" in parts else calendar.monthrange(year, month)[1])
