"""``complete_periods``: which periods have all their days, from what the layer was told about its metrics.

Rule 7 of the compiler: with known watermarks every query ends with the last closed period unless open ones are asked for. A
layer that was told nothing bounds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from metrics.errors import QueryError
from metrics.semantic.days import MONTHS_OF, Days, add_days, add_months, period_start
from metrics.semantic.query import GRAINS, Query

ClosedThrough = Mapping[str, date] | Callable[[str], date | None]


@dataclass(frozen=True)
class Known:
    """``closed_through``: the last day for which everything of a metric has arrived; ``history_start``: the first day.

    They are days of ``zone``.
    """

    closed_through: ClosedThrough | None = None
    history_start: date | None = None
    zone: str = "UTC"

    def closed(self, metric: str) -> date | None:
        """The last closed day of a metric, or None where nobody knows."""
        if self.closed_through is None:
            return None
        return self.closed_through.get(metric) if isinstance(self.closed_through, Mapping) else self.closed_through(metric)

    def on_the_clock_of(self, zone: str | None) -> Known:
        """The same in days of another zone: those that lie wholly in what is known. In the west a day ends later."""
        if zone in (None, self.zone):
            return self
        closed = None if self.closed_through is None else lambda metric: self._last_day(self.closed(metric), str(zone))
        return Known(closed, self._first_day(str(zone)), str(zone))

    def _last_day(self, closed: date | None, zone: str) -> date | None:
        if closed is None or closed == date.max:
            return closed
        return add_days(self._midnight(add_days(closed, 1), zone).date(), -1)

    def _first_day(self, zone: str) -> date | None:
        if self.history_start is None or self.history_start == date.min:
            return self.history_start
        begins = self._midnight(self.history_start, zone)
        return begins.date() if begins.time() == time.min else add_days(begins.date(), 1)

    def _midnight(self, day: date, zone: str) -> datetime:
        """What clocks show in ``zone`` when ``day`` begins here."""
        return datetime.combine(day, time.min, ZoneInfo(self.zone)).astimezone(ZoneInfo(zone))


@dataclass(frozen=True)
class Bounds:
    """What the range of a query does not say. ``history_start``: the first day that a comparison may look at.

    ``whole``: the days in which all days of a period of the calendar have to lie, which only the time spine can tell.
    ``unknown``: metrics of which nobody knows until when they are complete, beside others or a history that bound the query.
    """

    history_start: date | None = None
    whole: Days | None = None
    unknown: tuple[str, ...] = ()


def bounded(query: Query, known: Known, time_grains: Callable[[Query], Collection[str]]) -> tuple[Query, Bounds]:
    """The query over complete periods only, and what else bounds it.

    ``time_grains`` returns the grains of metric_time in group_by. A metric of which nothing is known bounds nothing. Raises
    QueryError where complete periods are insisted on and one of the metrics is unknown, or where no period is complete.
    """
    if query.complete_periods is False:
        return query, Bounds()
    known = known.on_the_clock_of(query.timezone)
    days = {metric: known.closed(metric) for metric in query.metrics}
    unknown = tuple(metric for metric, day in days.items() if day is None)
    if query.complete_periods and unknown:
        raise QueryError(
            f"query: complete_periods: it is not known until when {', '.join(map(repr, unknown))} is complete; add it to "
            "closed_through of SemanticLayer.from_manifest, ask without it, or leave complete_periods out"
        )
    if known.closed_through is None and known.history_start is None:
        return query, Bounds()
    closed = [day for day in days.values() if day]
    end = min([*closed, *([query.end] if query.end else [])], default=None)
    start, grains = query.start, time_grains(query)
    if not grains:
        return _within(query, start, end, "day"), Bounds(known.history_start, None, unknown)
    grain = next((grain for grain in reversed(GRAINS) if grain in grains), "day")
    first = max([day for day in (start, known.history_start) if day], default=None)
    start = first and _first_complete(first, grain)
    end = end and _last_complete(end, grain)
    history_start = known.history_start and _first_complete(known.history_start, grain)
    has_calendar = any(grain not in GRAINS for grain in grains)
    return _within(query, start, end, grain), Bounds(history_start, Days(start, end) if has_calendar else None, unknown)


def _within(query: Query, start: date | None, end: date | None, grain: str) -> Query:
    if start and end and start > end:
        raise QueryError(
            f"query: no {grain} from {query.start or 'the beginning'} to {query.end or 'the end'} is complete (complete "
            f"ones are from {start} to {end}); ask for others, or for open ones, too, with complete_periods=False"
            " (--include-open)"
        )
    return replace(query, start=start, end=end)


def _next_start(day: date, grain: str) -> date:
    start = period_start(day, grain)
    return add_months(start, MONTHS_OF[grain]) if grain in MONTHS_OF else add_days(start, 7 if grain == "week" else 1)


def _first_complete(day: date, grain: str) -> date:
    """First day of the first period that does not begin before ``day``."""
    return day if period_start(day, grain) == day else _next_start(day, grain)


def _last_complete(day: date, grain: str) -> date:
    """Last day of the last period that does not end after ``day``."""
    if day == date.max or _next_start(day, grain) == add_days(day, 1):
        return day
    return add_days(period_start(day, grain), -1)
