"""Pace: is the open period, as far as its days are closed, where it should be by now?

Of the open period only closed days count: the open day itself is never judged. What adds up is compared with the share of
the target that is to be expected by now, by the KPI's own weekdays; a rate, and a stock's latest closed day, with the
target itself. Medians, distinct counts and growth rates cannot be put together from days: they get no pace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from metrics.values.periods import DAY, period_end, period_start
from metrics.values.status.judgement import PeriodTarget, attainment, judged

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Kpi

# Before so much of the period is to be expected, its pace says little.
TOO_EARLY_BELOW = 0.25
# The weekdays that shares are expected by: so many weeks before the period, if at least so many have values.
PROFILE_WEEKS = 13
LEAST_PROFILE_WEEKS = 4
_LONGEST = timedelta(days=92 + 7 * PROFILE_WEEKS)
PACE_COLUMNS = (
    "pace_period_start", "pace_period_end", "pace_elapsed_share", "pace_value", "pace_n", "pace_target", "pace",
    "pace_status",
)  # fmt: skip
NO_PACE: dict[str, Any] = dict.fromkeys(PACE_COLUMNS)


@dataclass(frozen=True)
class DayParts:
    """One day's value and what it is computed from."""

    value: float | None
    numerator: float | None
    denominator: float | None
    n: int | None


Days = Mapping[date, DayParts]


def read_days(
    con: duckdb.DuckDBPyConnection, metrics: Collection[str], closed_through: date
) -> dict[tuple[str, str, str], dict[date, DayParts]]:
    """The days that a pace up to ``closed_through`` needs, by metric, dimension and member."""
    rows = con.execute(
        """select metric, segment_dimension, segment_value, period_start, value, numerator::double, denominator::double, n
        from mart.kpi_current
        where grain = 'day' and period_start >= $first and list_contains($metrics, metric)""",
        {"first": closed_through - _LONGEST, "metrics": sorted(metrics)},
    ).fetchall()
    found: dict[tuple[str, str, str], dict[date, DayParts]] = {}
    for metric, dimension, member, day, *parts in rows:
        found.setdefault((metric, dimension, member), {})[day] = DayParts(*parts)
    return found


def open_period(closed_through: date, grain: str) -> date:
    """First day of the period that the day after the last closed one lies in."""
    return period_start(closed_through + DAY, grain)


def pace_of(
    kpi: Kpi,
    additivity: str,
    direction: str,
    grain: str,
    closed_through: date,
    days: Days,
    target: PeriodTarget | None,
    gaps: Collection[date] = (),
) -> dict[str, Any]:
    """The ``pace_`` columns of one series: NULL where there is no pace to compute. ``target``: of the open period."""
    if grain == "day" or "day" not in kpi.grains or additivity not in ("additive", "ratio", "stock"):
        return NO_PACE
    start = open_period(closed_through, grain)
    end = period_end(start, grain)
    so_far = [start + timedelta(days=one) for one in range((closed_through - start).days + 1)]
    share = elapsed_share(days, start, end, closed_through, gaps if additivity == "additive" else None)
    value, n = _so_far([days[day] for day in so_far if day in days], additivity)
    wanted = None if target is None else target.value * share if additivity == "additive" else target.value
    reached = None if share < TOO_EARLY_BELOW else attainment(value, wanted, direction)
    status = _status(kpi, additivity, direction, share, value, n, target)
    values = (start, end, share, value, n, wanted, reached, status)
    return dict(zip(PACE_COLUMNS, values, strict=True))


def _status(
    kpi: Kpi, additivity: str, direction: str, share: float, value: float | None, n: int | None, target: PeriodTarget | None
) -> str:
    if target is None:
        return "no_target"
    if kpi.matures_after_days or share < TOO_EARLY_BELOW:
        return "too_early"
    if value is None:
        return "no_data"
    if n is not None and n < kpi.minimum_n:
        return "too_early"
    scale = share if additivity == "additive" else 1.0
    floor = None if target.floor is None else target.floor * scale
    return judged(value, target.value * scale, direction, kpi.thresholds, None, floor)


def _so_far(parts: list[DayParts], additivity: str) -> tuple[float | None, int | None]:
    """Value and observations of some days together."""
    counts = [part.n for part in parts if part.n is not None]
    n = sum(counts) if counts else None
    known = [part for part in parts if part.value is not None]
    if additivity == "stock":
        return (known[-1].value, known[-1].n) if known else (None, None)
    if additivity == "additive":
        return (sum(part.value or 0.0 for part in known) if known else None), n
    if any(part.numerator is None for part in known):
        return None, n
    divisor = sum(part.denominator or 0.0 for part in parts)
    return (sum(part.numerator or 0.0 for part in parts) / divisor if divisor else None), n


def elapsed_share(days: Days, start: date, end: date, closed_through: date, gaps: Collection[date] | None = None) -> float:
    """Share of the period from ``start`` to ``end`` that is to be expected by the end of ``closed_through``.

    With ``gaps`` (what adds up): by weekday, as the 13 weeks before the period were, days without a value counting 0
    unless rows are missing; every day the same where less than 4 of the weeks have values. Without: of the days.
    """
    weights = _weekdays(days, start, gaps) if gaps is not None else None
    whole = [start + timedelta(days=one) for one in range((end - start).days + 1)]
    worth = {day: weights[day.weekday()] if weights else 1.0 for day in whole}
    return sum(share for day, share in worth.items() if day <= closed_through) / sum(worth.values())


def _weekdays(days: Days, start: date, gaps: Collection[date]) -> dict[int, float] | None:
    """Mean value by weekday, at least 0; None where there is too little to tell."""
    weeks = [start - timedelta(weeks=back) for back in range(PROFILE_WEEKS, 0, -1)]
    before = [week + timedelta(days=one) for week in weeks for one in range(7)]
    known = [day for day in before if day in days and days[day].value is not None]
    if not known or len([day for day in before if day >= known[0]]) < 7 * LEAST_PROFILE_WEEKS:
        return None
    found: dict[int, list[float]] = {weekday: [] for weekday in range(7)}
    for day in before:
        if day >= known[0] and day not in gaps:
            part = days.get(day)
            found[day.weekday()].append(part.value or 0.0 if part else 0.0)
    if any(not values for values in found.values()):
        return None
    means = {weekday: max(sum(values) / len(values), 0.0) for weekday, values in found.items()}
    return means if sum(means.values()) > 0 else None
