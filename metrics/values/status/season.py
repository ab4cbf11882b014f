"""A KPI's own season: how its periods spread over a year, from whole years of settled values. Pure arithmetic.

Each year before the target is divided by its own mean, so that a year with more business does not weigh more, and the
factors of the last three years (as far as they are whole) are averaged: months by month of the year, quarters by quarter,
days by weekday over years of 52 weeks. Growth within a year is part of the season found this way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from metrics.values.periods import next_period, period_end, previous_period

MOST_YEARS = 3
_PERIODS = {"day": 364, "month": 12, "quarter": 4}
# A weekday with a value in fewer of the 52 weeks has no factor: a rate of Sundays on which nearly nobody came says nothing.
LEAST_WEEKS = 26


class SeasonRefusedError(ValueError):
    """There is no season to be found in the history; the text says why."""


@dataclass(frozen=True)
class Season:
    """What a period is worth by its slot (month, quarter, weekday), where the mean period of a year is 1.

    ``is_sum``: periods add up to the year; else the year is their mean. ``first``, ``last``: the history it comes from.
    """

    grain: str
    is_sum: bool
    factors: Mapping[int, float]
    first: date
    last: date

    def target(self, yearly: float, start: date) -> float | None:
        """The share of a calendar year's value that the period starting on ``start`` has to reach.

        The periods that start in the calendar year sum to ``yearly`` where ``is_sum``, else their plain mean is
        ``yearly``. None for a slot without a factor.
        """
        if slot(start, self.grain) not in self.factors:
            return None
        counts = {one: count for one, count in _slots_of_year(start.year, self.grain).items() if one in self.factors}
        whole = sum(self.factors[one] * count for one, count in counts.items())
        share = self.factors[slot(start, self.grain)] / whole
        return yearly * share if self.is_sum else yearly * share * sum(counts.values())


def slot(start: date, grain: str) -> int:
    """Month 1-12, quarter 1-4, weekday 0-6 from Monday. Raises KeyError for weeks, which have no slot."""
    return {"day": start.weekday(), "month": start.month, "quarter": (start.month + 2) // 3}[grain]


def find_season(
    settled: Mapping[date, float], before: date, grain: str, is_sum: bool, gaps: Collection[date] = ()
) -> Season:
    """The season of the settled values whose periods end before ``before``.

    ``gaps``: closed days that lack rows. A day without a value that is no gap counts 0 where days add up (nothing was
    sold), and not at all in a rate. Raises SeasonRefusedError on less than one whole year, or where the mean of a year
    is not above 0.
    """
    known = {start: value for start, value in settled.items() if period_end(start, grain) < before}
    length = _PERIODS[grain]
    years: list[dict[int, float]] = []
    last = max(known, default=before)
    first, end = last, last
    while len(years) < MOST_YEARS:
        periods = _back(end, grain, length)
        found = _year(periods, known, grain, is_sum, gaps)
        if found is None:
            break
        years.append(found)
        first, end = periods[0], previous_period(periods[0], grain)
    if not years:
        raise SeasonRefusedError(_too_short(known, last, before, grain))
    slots = set.intersection(*(set(year) for year in years))
    factors = {one: sum(year[one] for year in years) / len(years) for one in sorted(slots)}
    if min(factors.values()) < 0:
        raise SeasonRefusedError("some periods of its history are below 0, so that shares of a year mean nothing")
    return Season(grain, is_sum, factors, first, period_end(last, grain))


def _year(
    periods: list[date], known: Mapping[date, float], grain: str, is_sum: bool, gaps: Collection[date]
) -> dict[int, float] | None:
    """The factors of one year; None when it is not whole. Raises SeasonRefusedError when its mean is not above 0."""
    if not known or periods[0] < min(known):
        return None
    filled = grain == "day" and is_sum
    values = {start: known.get(start, 0.0) for start in periods if start in known or (filled and start not in gaps)}
    if grain != "day" and len(values) < len(periods):
        return None
    by_slot: dict[int, list[float]] = {}
    for start, value in values.items():
        by_slot.setdefault(slot(start, grain), []).append(value)
    least = LEAST_WEEKS if grain == "day" else 1
    means = {one: sum(found) / len(found) for one, found in by_slot.items() if len(found) >= least}
    if not means:
        return None
    mean = sum(means.values()) / len(means)
    if mean <= 0:
        raise SeasonRefusedError(f"the mean of the year from {periods[0]} is not above 0, so that shares of it mean nothing")
    return {one: value / mean for one, value in means.items()}


def _too_short(known: Mapping[date, float], last: date, before: date, grain: str) -> str:
    length = _PERIODS[grain]
    there = sum(start in known for start in _back(last, grain, length)) if known else 0
    return (
        f"it needs a full year of its own history, {length} settled {grain}s in a row before {before}, and {there} "
        f"{'has' if there == 1 else 'have'} a value"
    )


def _back(last: date, grain: str, length: int) -> list[date]:
    """``length`` consecutive periods up to ``last``, the earliest first."""
    if grain == "day":
        return [last - timedelta(days=back) for back in range(length - 1, -1, -1)]
    periods = [last]
    while len(periods) < length:
        periods.append(previous_period(periods[-1], grain))
    return periods[::-1]


@cache
def _slots_of_year(year: int, grain: str) -> Mapping[int, int]:
    """How many periods of each slot start in a calendar year."""
    start, slots = date(year, 1, 1), Counter[int]()
    while start.year == year:
        slots[slot(start, grain)] += 1
        start = next_period(start, grain)
    return slots
