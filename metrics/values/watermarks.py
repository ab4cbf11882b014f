"""Until when each metric's sources have delivered, and until when nothing is expected to change any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.workspace import load_entities

if TYPE_CHECKING:
    import duckdb

    from metrics.workspace import Workspace


@dataclass(frozen=True)
class Watermark:
    """``closed_through``: the last day for which everything has arrived. None: no day has closed yet."""

    closed_through: date | None
    settled_through: date | None

    def matured(self, days: int) -> Watermark:
        """The same for a metric whose cohorts grow for ``days``: they settle so much later."""
        if self.settled_through is None or not days:
            return self
        return Watermark(self.closed_through, self.settled_through - timedelta(days=days))


def event_watermarks(con: duckdb.DuckDBPyConnection, ws: Workspace) -> dict[str, Watermark]:
    """The watermark of every mapped entity: the earliest over the sources that the workspace maps it from.

    Reference entities (customers, products) have no business date: they are as far as their source is by its events.
    """
    latest = con.execute(
        """select source, entity, closed_through, settled_through
        from mart.source_watermarks
        qualify row_number() over (partition by source, entity order by recorded_at desc) = 1"""
    ).fetchall()
    found = {(source, entity): Watermark(closed, settled) for source, entity, closed, settled in latest}
    marks: dict[str, list[Watermark]] = {}
    for source in ws.sources.values():
        for entity in source.entities:
            marks.setdefault(entity, []).append(found.get((source.name, entity), Watermark(None, None)))
    return {entity: _earliest(of_sources) for entity, of_sources in marks.items()}


def metric_watermark(entities: Mapping[str, Watermark], reads: Collection[str]) -> Watermark:
    """The earliest watermark over the mapped event entities that a metric reads.

    Beside events reference entities decide nothing; a metric that reads no event (how many customers became active) has
    their watermark.
    """
    kinds = load_entities()
    read = [name for name in entities if name in reads]
    events = [name for name in read if kinds[name].kind == "event"]
    return _earliest([entities[name] for name in events or read])


def _earliest(marks: list[Watermark]) -> Watermark:
    return Watermark(
        _earliest_day([mark.closed_through for mark in marks]), _earliest_day([mark.settled_through for mark in marks])
    )


def _earliest_day(days: list[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return min(known) if known and len(known) == len(days) else None
