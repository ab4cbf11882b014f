"""The past of a KPI as the forecast reads it: days with their parts where a period follows from its days, else periods.

A period's value follows from days where the metric is additive, a sum or difference of such (a profit), a stock, or a
ratio whose numerator and denominator are kept by day: by itself, or as the metrics that it divides (a KPI without days,
such as the cost of a new customer or a margin).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.catalogue.drivers import DriversError, Name, Operation, Term, parse_drivers
from metrics.forecast.outlook import DailySeries
from metrics.values.periods import next_period

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.forecast.scales import Array
    from metrics.semantic.manifest import MetricInput

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
    if not (_is_plain(above) and _is_plain(below)):
        return None
    names = (above.name, below.name)
    if any(catalogue.metric(name).meta.get("additivity") != "additive" for name in names):
        return None
    return names


def sum_of(catalogue: Catalogue, metric: str) -> dict[str, int] | None:
    """The additive metrics with values by day that a metric is the sum of, each with how often it counts (-1: taken off).

    ``gross_profit`` is ``{"revenue": 1, "cost_of_goods": -1}``. None where it is no such sum, or one of them is not kept by
    day (costs that are typed in by month).
    """
    found = catalogue.metric(metric)
    if found.meta.get("additivity") == "additive":
        return {metric: 1} if "day" in catalogue.grains(metric) else None
    inputs = {one.alias or one.name: one for one in found.input_metrics}
    if found.type != "derived" or not found.expr or found.filters or not all(_is_plain(one) for one in inputs.values()):
        return None
    total: dict[str, int] = {}
    for name, times in (_counted(found.expr) or {"": 0}).items():
        below = sum_of(catalogue, inputs[name].name) if name in inputs else None
        if below is None:
            return None
        for one, count in below.items():
            total[one] = total.get(one, 0) + times * count
    return total


def _is_plain(one: MetricInput) -> bool:
    return not (one.filters or one.offset_window or one.offset_to_grain)


def _counted(formula: str) -> dict[str, int] | None:
    """How often a formula of plus and minus alone counts each name; None for any other."""
    try:
        return _signed(parse_drivers(formula).tree, 1)
    except DriversError:
        return None


def _signed(term: Term, sign: int) -> dict[str, int] | None:
    if isinstance(term, Name):
        return {term.metric: sign}
    if not isinstance(term, Operation) or term.sign not in "+-":
        return None
    left, right = _signed(term.left, sign), _signed(term.right, sign if term.sign == "+" else -sign)
    if left is None or right is None:
        return None
    return {name: left.get(name, 0) + right.get(name, 0) for name in {**left, **right}}


def _sums_divided(catalogue: Catalogue, metric: str) -> tuple[dict[str, int], dict[str, int]] | None:
    """Of which daily metrics the numerator and the denominator of a ratio are the sums; None for another formula."""
    found = catalogue.metric(metric)
    above, below = found.numerator, found.denominator
    if above is None or below is None or found.filters or not (_is_plain(above) and _is_plain(below)):
        return None
    sums = sum_of(catalogue, above.name), sum_of(catalogue, below.name)
    return (sums[0], sums[1]) if sums[0] and sums[1] else None


def metrics_to_read(catalogue: Catalogue, kpis: Iterable[str]) -> set[str]:
    """The KPIs and the metrics that their days may have to be put together from."""
    wanted = set(kpis)
    divided = [part for kpi in wanted for part in _sums_divided(catalogue, kpi) or ()]
    return wanted.union(*divided, *(sum_of(catalogue, kpi) or () for kpi in wanted))


def days_of(stored: Stored, catalogue: Catalogue, metric: str, through: date) -> Days | None:
    """The days of a KPI until ``through``; None where its periods do not follow from days, or there are none.

    A day without rows is 0 of an additive metric, and the last level known of a stock.
    """
    kind = _KINDS.get(str(catalogue.metric(metric).meta.get("additivity")))
    if kind is None:
        values = _added(stored, sum_of(catalogue, metric) or {}, through)
        return Days(min(values), DailySeries("sum", _filled(values, min(values), through, keep=False))) if values else None
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
    parts = _sums_divided(catalogue, metric)
    if not below and parts:
        above, below = (_added(stored, part, through) for part in parts)
    if not below or not above:
        return None
    first = min(*above, *below)
    if parts and any(len(part) > 1 for part in parts):
        # revenue from before any cost was noted has no profit to be divided
        first = max(min(above), min(below))
        above, below = ({day: value for day, value in part.items() if day >= first} for part in (above, below))
    numerator, denominator = (_filled(part, first, through, keep=False) for part in (above, below))
    is_share = catalogue.unit(metric) in _SHARES and bool((numerator <= denominator).all() and (numerator >= 0).all())
    return Days(first, DailySeries("ratio", numerator, denominator, is_share))


def _added(stored: Stored, counted: Mapping[str, int], through: date) -> dict[date, float]:
    """The days of a sum, from the first on which each part is known: revenue whose cost nobody noted yet is no profit."""
    parts = []
    for metric, times in counted.items():
        days = stored.values.get((metric, "day"), {})
        parts.append({day: times * row[0] for day, row in days.items() if day <= through and row[0] is not None})
    if not parts or not all(parts):
        return {}
    first = max(min(part) for part in parts)
    known = sorted({day for part in parts for day in part if day >= first})
    return {day: sum(part.get(day, 0.0) for part in parts) for day in known}


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
