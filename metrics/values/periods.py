"""Periods and windows: first and last day of a day, week (Monday), month or quarter; which days a run touches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.catalogue.definitions import Reach

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Business dates that a run has to look at again, both ends included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"window ends on {self.last}, before it starts on {self.first}")

    def hull(self, other: Window) -> Window:
        """The smallest window that holds both."""
        return Window(min(self.first, other.first), max(self.last, other.last))


def period_start(day: date, grain: str) -> date:
    """First day of the period that holds ``day``."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    raise ValueError(f"unknown grain {grain!r}")


def next_period(start: date, grain: str) -> date:
    """First day of the period after the one that starts on ``start``."""
    return period_start(start + {"day": DAY, "week": 7 * DAY, "month": 31 * DAY, "quarter": 92 * DAY}[grain], grain)


def previous_period(start: date, grain: str) -> date:
    """First day of the period before the one that starts on ``start``."""
    return period_start(start - DAY, grain)


def period_end(start: date, grain: str) -> date:
    """Last day of the period that starts on ``start``."""
    return next_period(start, grain) - DAY


def last_closed_period(closed_through: date, grain: str) -> date:
    """First day of the latest period that lies wholly before or on ``closed_through``."""
    start = period_start(closed_through, grain)
    return start if period_end(start, grain) <= closed_through else previous_period(start, grain)


def same_period_last_year(start: date, grain: str) -> date:
    """The period to compare with: 52 weeks earlier for days and weeks (same weekdays), else twelve months earlier."""
    if grain in ("day", "week"):
        return start - timedelta(weeks=52)
    return start.replace(year=start.year - 1)


def touched_periods(window: Window, grain: str, reach: Reach, today: date) -> Window | None:
    """Whole periods whose values can depend on a date in ``window``; None when all of them lie after ``today``."""
    first = date.min if reach.back is None else _moved(window.first, -reach.back)
    last = today if reach.forward is None else min(_moved(window.last, reach.forward), today)
    if last < first:
        return None
    return Window(period_start(first, grain), period_end(period_start(last, grain), grain))


def _moved(day: date, count: int) -> date:
    """``count`` days later, at most to the edge of the calendar: 9999-12-31 is what some systems write for no date."""
    edge = date.min if count < 0 else date.max
    return edge if abs(edge - day) < timedelta(days=abs(count)) else day + timedelta(days=count)


def hull(windows: Iterable[Window]) -> Window | None:
    """The smallest window that holds all, None for no windows."""
    whole: Window | None = None
    for window in windows:
        whole = window if whole is None else whole.hull(window)
    return whole
