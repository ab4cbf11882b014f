"""Whether a target lies in what its own history makes plausible.

The range reaches from the worst level of the past to the best one, bettered by the largest improvement over a year that has
been seen, for each year (at least one) until the target's end. A guard against a slip of unit or grain (3 instead of 0.03),
not a forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.catalogue.findings import Finding
from metrics.catalogue.model import Kpi, Target
from metrics.catalogue.rulebook import finding

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue.load import Checked

# (metric, grain, segment dimension, member): closed periods, oldest first
History = Mapping[tuple[str, str, str, str], Sequence[tuple[date, float]]]
# How many periods lie between a period and the same one a year before; of days, the same weekday.
YEAR = {"day": 364, "week": 52, "month": 12, "quarter": 4}
LENGTH_DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92}

_CLOSED = """
select metric, grain, segment_dimension, segment_value, period_start, value
from mart.kpi_current
where state <> 'open' and value is not null and isfinite(value) and list_contains(?, metric)
order by period_start
"""


@dataclass(frozen=True)
class Range:
    """The plausible values of a target, and the largest yearly improvement behind them (0 or more)."""

    low: float
    high: float
    gain: float


def read_history(con: duckdb.DuckDBPyConnection, kpis: Mapping[str, Kpi]) -> History:
    """The closed periods of every KPI with a target, from the tables that a run has written."""
    found: dict[tuple[str, str, str, str], list[tuple[date, float]]] = {}
    wanted = {(name, target.grain, *_member(target)) for name, kpi in kpis.items() for target in kpi.targets}
    if not wanted:
        return found
    rows = con.execute(_CLOSED, [sorted({key[0] for key in wanted})]).fetchall()
    for metric, grain, dimension, member, start, value in rows:
        if (metric, grain, dimension, member) in wanted:
            found.setdefault((metric, grain, dimension, member), []).append((start, float(value)))
    return found


def implausible(checked: Checked, kpi: Kpi, today: date | None, history: History) -> Iterator[Finding]:
    """Targets of today and later that lie outside the plausible range."""
    direction = checked.catalogue.direction(kpi.id)
    if today is None or direction not in ("up", "down"):
        return
    for index, target in enumerate(kpi.targets):
        if target.to is not None and target.to < today:
            continue
        possible = range_of(kpi, target, direction, today, history)
        if possible and not possible.low <= target.value <= possible.high:
            where, low, high = checked.targets[kpi.id].where("targets", index, "value"), possible.low, possible.high
            yield finding(
                "target-implausible", where, kpi=kpi.id, grain=target.grain, value=short_number(target.value),
                low=short_number(low), high=short_number(high), gain=short_number(possible.gain),
            )  # fmt: skip


def range_of(kpi: Kpi, target: Target, direction: str, today: date, history: History) -> Range | None:
    """The plausible range of a target; None with less than a year of history to compare."""
    last = today - timedelta(days=kpi.matures_after_days + LENGTH_DAYS[target.grain] - 1)
    # The newest cohorts still grow: what they show so far is no level.
    points = [
        (start, value)
        for start, value in history.get((kpi.id, target.grain, *_member(target)), ())
        if not kpi.matures_after_days or start <= last
    ]
    values = [value for _, value in points]
    if len(values) <= YEAR[target.grain]:
        return None
    sign = 1 if direction == "up" else -1
    gain = max(0.0, max((sign * (later - earlier) for earlier, later in _year_apart(points)), default=0.0))
    end = target.to or today
    years = max(1.0, (end - points[-1][0]).days / 365.25)
    best, worst = (max(values), min(values)) if direction == "up" else (min(values), max(values))
    reach = best + sign * gain * years
    # What is never negative does not become so by getting better every year.
    if min(values) >= 0:
        reach = max(reach, 0.0)
    return Range(min(worst, reach), max(worst, reach), gain)


def _year_apart(points: Sequence[tuple[date, float]]) -> Iterator[tuple[float, float]]:
    """(value a year before, value) of every period for which both are there."""
    known = dict(points)
    for start, value in points:
        # The same month a year before; the same weekday 52 weeks before.
        for before in (start - timedelta(days=364), _same_day_last_year(start)):
            if before in known:
                yield known[before], value
                break


def _same_day_last_year(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _member(target: Target) -> tuple[str, str]:
    return next(iter(target.scope.items()), ("", ""))


def short_number(value: float) -> str:
    """A number as a person writes it: 17,500 or 0.0122."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
