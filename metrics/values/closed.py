"""Current values of closed and mature periods, for whatever compares periods: scorecards, goals, guardrails, trees."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.values.periods import last_closed_period, previous_period
from metrics.values.status import TargetBook, read_target_book
from metrics.values.watermarks import event_watermarks, metric_watermark

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace

TOTAL = ("", "")
Segment = tuple[str, str]
_VALUES = """select metric, grain, segment_dimension, segment_value, period_start, value, n, numerator, denominator
    from mart.kpi_current
    where list_contains($metrics, metric) and state <> 'open' and value is not null
        and (segment_dimension = '' or list_contains($dimensions, segment_dimension))"""


@dataclass(frozen=True)
class ClosedValue:
    """One value with its parts, where it has any."""

    value: float
    n: int | None = None
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True)
class ClosedValues:
    """Values by series. ``closed_through``: last closed day per metric; ``matures_after``: days a cohort still grows;
    ``targets``: what their periods had to reach."""

    series: Mapping[tuple[str, str, Segment], Mapping[date, ClosedValue]]
    closed_through: Mapping[str, date | None]
    matures_after: Mapping[str, int] = field(default_factory=dict)
    targets: TargetBook = field(default_factory=TargetBook)

    def last_period(self, metric: str, grain: str, by: date | None = None) -> date | None:
        """Start of the latest period that ends on ``by`` at the latest and was closed and mature by then."""
        closed = self.closed_through.get(metric)
        if closed is None:
            return None
        until = min(closed, by) if by else closed
        return last_closed_period(until - timedelta(days=self.matures_after.get(metric, 0)), grain)

    def points(self, metric: str, grain: str, segment: Segment = TOTAL) -> dict[date, ClosedValue]:
        """Values of closed and mature periods, by their first day, the earliest first."""
        last = self.last_period(metric, grain)
        found = self.series.get((metric, grain, segment), {})
        return {start: found[start] for start in sorted(found) if last is not None and start <= last}

    def at(self, metric: str, grain: str, start: date | None, segment: Segment = TOTAL) -> ClosedValue | None:
        """The value of one period, if it is closed and mature."""
        last = self.last_period(metric, grain)
        if start is None or last is None or start > last:
            return None
        return self.series.get((metric, grain, segment), {}).get(start)


def read_closed(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    catalogue: Catalogue,
    metrics: Iterable[str],
    dimensions: Collection[str] = (),
) -> ClosedValues:
    """Totals of these metrics, and their values by these dimensions. Names that are unknown or not connected have none."""
    names = sorted({name for name in metrics if name in catalogue.metrics and catalogue.connected(name)})
    marks = event_watermarks(con, ws)
    series: dict[tuple[str, str, Segment], dict[date, ClosedValue]] = {}
    rows = con.execute(_VALUES, {"metrics": names, "dimensions": sorted(dimensions)}).fetchall()
    for metric, grain, dimension, member, start, value, n, numerator, denominator in rows:
        parts = (None if part is None else float(part) for part in (numerator, denominator))
        series.setdefault((metric, grain, (dimension, member)), {})[start] = ClosedValue(value, n, *parts)
    return ClosedValues(
        series,
        {name: metric_watermark(marks, catalogue.lineage[name].reads).closed_through for name in names},
        {name: catalogue.matures_after_days(name) for name in names},
        read_target_book(con),
    )


def periods_back(start: date, grain: str, count: int) -> date:
    """First day of the period so many periods earlier."""
    for _ in range(count):
        start = previous_period(start, grain)
    return start


def periods_between(first: date, last: date, grain: str) -> int:
    """How many periods lie from the one that starts on ``first`` to the one that starts on ``last``; 0 for the same."""
    count = 0
    while last > first:
        last, count = previous_period(last, grain), count + 1
    return count
