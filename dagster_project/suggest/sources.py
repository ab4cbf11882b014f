"""Sources around the proposed entities: one per folder and domain, when days are complete, the zone of the times."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from dagster_project.suggest.profile import ColumnProfile, TableProfile, day_range
from dagster_project.suggest.proposal import EntityProposal, SourceProposal, TableProposal
from dagster_project.suggest.tables import slug
from metrics.workspace import load_entities

# Rows of these are still changed long after their day: refunds, ad conversions, tickets that are solved.
_RESTATED_DAYS = {"ad_performance": 30, "orders": 30, "refunds": 30, "tickets": 30, "opportunities": 30, "leads": 14}
_DOMAINS: tuple[str, ...] = ("marketing", "sales", "support")


@dataclass(frozen=True)
class Days:
    """First and last day of an entity's events."""

    first: dt.date
    last: dt.date


def build_sources(
    con: duckdb.DuckDBPyConnection,
    proposals: list[EntityProposal],
    tables: dict[str, TableProfile],
    timezone: str | None,
) -> tuple[list[SourceProposal], dict[str, Days]]:
    """Group the proposals into sources; return them with the days of every event entity."""
    days = {p.entity: found for p in proposals if p.is_complete and (found := event_days(con, p, tables))}
    sources: list[SourceProposal] = []
    for members in _groups(proposals, tables):
        source = _source(members, tables, timezone, {source.name for source in sources})
        _note_closing(source, days)
        sources.append(source)
    return sources, days


def event_days(con: duckdb.DuckDBPyConnection, proposal: EntityProposal, tables: dict[str, TableProfile]) -> Days | None:
    """Return the days of an event entity where its date is one raw column."""
    entity = load_entities()[proposal.entity]
    column = proposal.columns.get(entity.business_date or "")
    if column is None or not column.raw:
        return None
    name, _, raw = column.raw[0].partition(".")
    table = tables[name]
    if table.columns[raw].is_temporal:
        found = day_range(con, table, raw)
    elif table.columns[raw].epoch_unit is not None:
        found = _epoch_days(table.columns[raw])
    else:
        row = con.execute(f"select min({column.expression}), max({column.expression}) from {table.relation}").fetchone()
        found = (row[0], row[1]) if row and isinstance(row[0], dt.date) else None
    return Days(*found) if found else None


def _epoch_days(column: ColumnProfile) -> tuple[dt.date, dt.date] | None:
    if column.span is None:
        return None
    unit = 1000 if column.epoch_unit == "ms" else 1
    first, last = (dt.datetime.fromtimestamp(value / unit, dt.UTC).date() for value in column.span)
    return first, last


def _groups(proposals: list[EntityProposal], tables: dict[str, TableProfile]) -> list[list[EntityProposal]]:
    """Entities of one folder and domain; domains that a query joins stay together, because it reads one source only."""
    groups: list[list[EntityProposal]] = []
    for proposal in proposals:
        touched = {proposal.table, *(join.table for join in proposal.joins)}
        fits = [group for group in groups if _belongs(proposal, touched, group, tables)]
        merged = [member for group in fits for member in group]
        groups = [group for group in groups if group not in fits]
        groups.append([*merged, proposal])
    return _with_references(groups, tables)


def _with_references(groups: list[list[EntityProposal]], tables: dict[str, TableProfile]) -> list[list[EntityProposal]]:
    """Put what has no events of its own beside events of the same folder, which say when its days are complete."""
    known = load_entities()
    eventful = [group for group in groups if any(known[member.entity].kind == "event" for member in group)]
    for group in groups:
        if group not in eventful:
            folder = tables[group[0].table].given.folder
            host = next((other for other in eventful if tables[other[0].table].given.folder == folder), None)
            if host is None:
                eventful.append(group)
            else:
                host += group
    return eventful


def _belongs(
    proposal: EntityProposal, touched: set[str], group: list[EntityProposal], tables: dict[str, TableProfile]
) -> bool:
    first = group[0]
    if tables[first.table].given.folder != tables[proposal.table].given.folder:
        return False
    others = {member.table for member in group} | {join.table for member in group for join in member.joins}
    known = load_entities()
    return bool(touched & others) or any(known[m.entity].domain == known[proposal.entity].domain for m in group)


def _source(
    members: list[EntityProposal], tables: dict[str, TableProfile], timezone: str | None, taken: set[str]
) -> SourceProposal:
    folder = tables[members[0].table].given.folder
    domains: list[str] = [load_entities()[member.entity].domain for member in members if member.is_complete] or ["sales"]
    domain = max(_DOMAINS, key=domains.count)
    name = slug(folder.name, domain)
    if name in taken:
        name = f"{name}_{domain}"
    number = 2
    while name in taken:
        name, number = f"{name}_{number}", number + 1
    used = dict.fromkeys(t for m in members if m.is_complete for t in (m.table, *(join.table for join in m.joins)))
    source = SourceProposal(name, str(folder), domain, timezone or "UTC",
                            [_table(tables[table], members) for table in used], members)  # fmt: skip
    source.notes["timezone"] = _timezone_note(members, tables, timezone)
    return source


def _table(table: TableProfile, members: Iterable[EntityProposal]) -> TableProposal:
    used = {raw for m in members if m.is_complete for column in m.columns.values() for raw in column.raw}
    used |= {f"{m.table}.{join.left_column}" for m in members for join in m.joins}
    used |= {f"{join.table}.{join.right_column}" for m in members for join in m.joins}
    latest = " ".join(m.latest_by or "" for m in members if m.table == table.name)
    unmapped = [
        column
        for column in table.columns
        if f"{table.name}.{column}" not in used and not re.search(rf"(?<!\w){re.escape(column)}(?!\w)", latest)
    ]
    return TableProposal(table.name, table.given.pattern, table.read, table.rows, len(table.columns), table.notes, unmapped)


def _timezone_note(members: Iterable[EntityProposal], tables: dict[str, TableProfile], timezone: str | None) -> str:
    """Say which moments the source's zone decides: those without an offset, and days, which begin at midnight there."""
    times, open_times = False, []
    for raw in _moments(members):
        table, _, name = raw.partition(".")
        column = tables[table].columns[name]
        if column.is_temporal and column.dates is not None:
            times = times or column.form == "timestamp"
            open_times += [] if column.dates.is_zoned else [raw]
    if times and not open_times:
        return "times carry their own offset; this is not used"
    if timezone:
        return "as given; of times that name no zone"
    if not times:
        return "dates only; set it to the workspace's timezone above, or days may shift by one"
    return f"CHECK: the zone that the system writes {_some(open_times)} in, which name none"


def _moments(members: Iterable[EntityProposal]) -> list[str]:
    """Raw columns (table.column) that become moments."""
    known = load_entities()
    found = [
        raw
        for member in members
        if member.is_complete
        for name, column in member.columns.items()
        if known[member.entity].columns[name].type == "timestamp"
        for raw in column.raw
    ]
    return list(dict.fromkeys(found))


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")


def _note_closing(source: SourceProposal, days: dict[str, Days]) -> None:
    """The entity that the others belong to says which days are complete: refunds go on after the last order."""
    entities = load_entities()
    events = [p.entity for p in source.complete if entities[p.entity].kind == "event" and p.entity in days]
    if len(events) > 1:
        keys = {name: entities[name].key[0] for name in events}
        belonging = {
            name: sum(keys[name] in entities[other].columns for other in events if other != name) for name in events
        }
        source.closes_entity = max(events, key=lambda name: (belonging[name], -days[name].last.toordinal()))
        others = ", ".join(name for name in events if name != source.closes_entity)
        source.notes["closes"] = (
            f"a day is complete when a later row of {source.closes_entity} is there; {others} may go on longer"
        )
    else:
        source.notes["closes"] = "a day is complete when a row of a later day is there"
    source.settles_after_days = max((_RESTATED_DAYS.get(name, 0) for name in events), default=0)
    if source.settles_after_days:
        source.notes["settles_after"] = "rows may still change for so long; shorten it when yours never do"
