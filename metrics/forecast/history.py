"""The past of a KPI as the forecast reads it: days with their parts where a period follows from its days, else periods.

A period's value follows from days where the metric is additive, a stock, or a ratio whose numerator and denominator are
kept by day: by itself, or as the metrics that it divides (a KPI without days, such as the cost of a new customer).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.forecast.outlook import DailySeries
from metrics.values.periods import next_period

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.forecast.scales import Array

_KINDS = {"additive": "sum", "ratio": "ratio", "stock": "stock"}
_SHARES = ("ratio",)


@dataclass(frozen=True)
class Days:
    """``series`` begins on ``first`` and ends on the last day that is known and mature."""

    first: date
    series: DailySeries

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.series.numerator.size - 1)


@dataclass(frozen=True)
class Stored:
    """Current values of many metrics, in total, by (metric, grain) and period: (value, numerator, denominator)."""

    values: Mapping[tuple[str, str], Mapping[date, tuple[float | None, float | None, float | None]]]


def read_stored(con: duckdb.DuckDBPyConnection, metrics: Iterable[str]) -> Stored:
    """Read the current values of ``metrics`` from `mart.kpi_current`."""
    found: dict[tuple[str, str], dict[date, tuple[float | None, float | None, float | None]]] = {}
    rows = con.execute(
        """select metric, grain, period_start, value, numerator::double, denominator::double
        from mart.kpi_current
        where segment_dimension = '' and list_contains($metrics, metric)
        order by period_start""",
        {"metrics": sorted(set(metrics))},
    ).fetchall()
    for metric, grain, start, *parts in rows:
        found.setdefault((metric, grain), {})[start] = (parts[0], parts[1], parts[2])
    return Stored(found)


def parts_of(catalogue: Catalogue, metric: str) -> tuple[str, str] | None:
    """The metrics that a ratio divides, where it divides them as they are; None for another formula."""
    found = catalogue.metric(metric)
    above, below = found.numerator, found.denominator
    if above is None or below is None or found.filters:
        return None
    if any(one.filters or one.offset_window or one.offset_to_grain for one in (above, below)):
        return None
    names = (above.name, below.name)
    if any(catalogue.metric(name).meta.get("additivity") != "additive" for name in names):
        return None
    return names


def metrics_to_read(catalogue: Catalogue, kpis: Iterable[str]) -> set[str]:
    """The KPIs and the metrics that their days may have to be put together from."""
    wanted = set(kpis)
    return wanted.union(*(parts_of(catalogue, kpi) or () for kpi in wanted))


def days_of(stored: Stored, catalogue: Catalogue, metric: str, through: date) -> Days | None:
    """The days of a KPI until ``through``; None where its periods do not follow from days, or there are none.

    A day without rows is 0 of an additive metric, and the last level known of a stock.
    """
    kind = _KINDS.get(str(catalogue.metric(metric).meta.get("additivity")))
    if kind is None:
        return None
    own = {day: row for day, row in stored.values.get((metric, "day"), {}).items() if day <= through}
    if kind == "ratio":
        return _ratio_days(stored, catalogue, metric, own, through)
    values = {day: row[0] for day, row in own.items() if row[0] is not None}
    if not values:
        return None
    first = min(values)
    filled = _filled(values, first, through, keep=kind == "stock")
    is_count = catalogue.unit(metric) == "count"
    return Days(first, DailySeries("stock" if kind == "stock" else "sum", filled, is_count=is_count))


def _ratio_days(
    stored: Stored,
    catalogue: Catalogue,
    metric: str,
    own: Mapping[date, tuple[float | None, float | None, float | None]],
    through: date,
) -> Days | None:
    above = {day: row[1] for day, row in own.items() if row[1] is not None}
    below = {day: row[2] for day, row in own.items() if row[2] is not None}
    parts = parts_of(catalogue, metric)
    if not below and parts:
        above, below = (_values_of(stored, part, through) for part in parts)
    if not below or not above:
        return None
    first = min(*above, *below)
    numerator, denominator = (_filled(part, first, through, keep=False) for part in (above, below))
    is_share = catalogue.unit(metric) in _SHARES and bool((numerator <= denominator).all() and (numerator >= 0).all())
    return Days(first, DailySeries("ratio", numerator, denominator, is_share))


def _values_of(stored: Stored, metric: str, through: date) -> dict[date, float]:
    days = stored.values.get((metric, "day"), {})
    return {day: row[0] for day, row in days.items() if day <= through and row[0] is not None}


def _filled(values: Mapping[date, float], first: date, last: date, *, keep: bool) -> Array:
    import numpy as np

    found = np.zeros((last - first).days + 1)
    level = 0.0
    for place in range(found.size):
        here = values.get(first + timedelta(days=place))
        if here is not None:
            level = here
        found[place] = here if here is not None else level if keep else 0.0
    return found


def periods_of(stored: Stored, metric: str, grain: str, last: date) -> Array:
    """The values of every period until the one that starts on ``last``, NaN where a period has none."""
    import numpy as np

    values = stored.values.get((metric, grain), {})
    found, start = [], min((day for day in values if day <= last), default=None)
    while start is not None and start <= last:
        value = values[start][0] if start in values else None
        found.append(np.nan if value is None else value)
        start = next_period(start, grain)
    return np.array(found, dtype=float)
