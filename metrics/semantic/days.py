"""Arithmetic on days, without a clock: ranges, their shifts, and starts of periods."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.errors import QueryError

MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Days:
    """A closed range of days; None is open-ended."""

    start: date | None
    end: date | None

    def __str__(self) -> str:
        if self.start is None and self.end is None:
            return "all days"
        return f"{self.start or 'the beginning'} to {self.end or 'the end'}"


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day: 31 March - 1 month = 28 or 29 February, as in SQL."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        raise _outside(day, f"{abs(months)} months {'before' if months < 0 else 'after'}")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_days(day: date, count: int) -> date:
    """``count`` days later. Raises QueryError outside of the years 1 to 9999."""
    try:
        return day + timedelta(days=count)
    except OverflowError as error:
        raise _outside(day, f"{abs(count)} days {'before' if count < 0 else 'after'}") from error


def _outside(day: date, step: str) -> QueryError:
    return QueryError(
        f"query: {step} {day} lies outside of the calendar, which has the years 1 to 9999; give a start and an end closer"
        " to the days of the data, or a shorter distance"
    )


def period_start(day: date, grain: str) -> date:
    """First day of the period of ``grain`` that holds ``day``; weeks start on Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    months = MONTHS_OF[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def days_back(days: Days, count: int) -> Days:
    """The range ``count`` days earlier."""
    return Days(days.start and add_days(days.start, -count), days.end and add_days(days.end, -count))


def months_back(days: Days, count: int) -> Days:
    """The range ``count`` months earlier, each day clamped to its month."""
    return Days(days.start and add_months(days.start, -count), days.end and add_months(days.end, -count))


def whole_months_back(days: Days, count: int) -> Days:
    """Like months_back, but the last day of a month stays the last: 1-28 February 2025 -> 1-31 January 2025.

    So a complete month is compared with a complete month, and a month cut at its 10th with the first ten days.
    """
    back = months_back(days, count)
    end = back.end
    if days.end and end and days.end.day == monthrange(days.end.year, days.end.month)[1]:
        end = end.replace(day=monthrange(end.year, end.month)[1])
    return Days(back.start, end)


def widened(days: Days, count: int, grain: str) -> Days:
    """The days that a trailing window of ``count`` ``grain``s needs to be whole from the first day on."""
    if days.start is None:
        return days
    if grain in MONTHS_OF:
        return Days(add_days(add_months(days.start, -count * MONTHS_OF[grain]), 1), days.end)
    return Days(add_days(days.start, 1 - count * (7 if grain == "week" else 1)), days.end)


def widened_forward(days: Days, count: int, grain: str) -> Days:
    """The days that hold all that follows within ``count`` ``grain``s on a day of the range; a few more are harmless."""
    if days.end is None:
        return days
    try:
        if grain in MONTHS_OF:
            # Three days more: 28 February is within a month of 31 January and of 31 March.
            return Days(days.start, add_days(add_months(days.end, count * MONTHS_OF[grain]), 3))
        return Days(days.start, add_days(days.end, count * (7 if grain == "week" else 1)))
    except QueryError:
        # An end like 9999-12-31 means that there is none.
        return Days(days.start, date.max)


def period_name(start: date, grain: str) -> str:
    """The period that begins on ``start`` as people write it: 2026-06-30, 2026 W26, 2026-06, 2026 Q2."""
    return {
        "day": start.isoformat(),
        "week": f"{start.isocalendar().year} W{start.isocalendar().week:02}",
        "month": f"{start:%Y-%m}",
        "quarter": f"{start.year} Q{(start.month + 2) // 3}",
    }[grain]
