"""The company's calendar: numbered days, their start in UTC, seasons, holidays, promotions, office hours.

Everything here is computed over one fixed horizon, so that no value depends on where the history ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from data.generator.randomness import Bools, Floats, Ints

FIRST_DAY = date(2024, 7, 1)
BASE_DAYS = 730  # the two years that volumes are scaled to
HORIZON = 2000  # last day that can ever be generated, counted from the first
TIME_ZONE = ZoneInfo("Europe/Berlin")
DAY_OPENS, DAY_CLOSES = 9 * 60, 18 * 60  # office hours of the service and sales teams, in minutes after midnight


@dataclass(frozen=True)
class Promotion:
    name: str
    starts_on: date
    ends_on: date
    discount_share: float


# month, day, length in days, name, discount: repeated every year
_YEARLY_PROMOTIONS = [
    (1, 2, 4, "New year sale", 0.15),
    (3, 26, 4, "Spring days", 0.12),
    (5, 28, 4, "Early summer", 0.12),
    (7, 23, 4, "Summer sale", 0.15),
    (9, 11, 3, "Back to work", 0.10),
    (11, 27, 5, "Black weekend", 0.20),
    (12, 11, 3, "Gift days", 0.12),
]


def day_index(day: date) -> int:
    return (day - FIRST_DAY).days


def day_of(index: int) -> date:
    return FIRST_DAY + timedelta(days=int(index))


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm (Meeus, Jones, Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return date(year, month, day + 1)


def german_holidays(year: int) -> list[date]:
    """Holidays that all of Germany has."""
    sunday = easter(year)
    moving = [sunday + timedelta(days=offset) for offset in (-2, 1, 39, 50)]
    return sorted([date(year, 1, 1), date(year, 5, 1), date(year, 10, 3), date(year, 12, 25), date(year, 12, 26), *moving])


class Calendar:
    """Arrays over the days 0 .. HORIZON - 1; negative days do not exist."""

    def __init__(self) -> None:
        self.days: Ints = np.arange(HORIZON)
        self.weekday: Ints = (self.days + FIRST_DAY.weekday()) % 7
        self._dates = [day_of(index) for index in range(HORIZON + 1)]

    @cached_property
    def dates(self) -> npt.NDArray[np.datetime64]:
        return np.array(self._dates[:-1], dtype="datetime64[D]")

    @cached_property
    def starts_utc(self) -> Ints:
        """Seconds since the epoch of each local midnight, one more than there are days."""
        return np.array([int(datetime.combine(day, time(), TIME_ZONE).astimezone(UTC).timestamp()) for day in self._dates])

    @cached_property
    def month(self) -> Ints:
        """Year and month as one number, for example 202407."""
        return np.array([day.year * 100 + day.month for day in self._dates[:-1]])

    @cached_property
    def year_share(self) -> Floats:
        return np.array([(day.timetuple().tm_yday - 1) / 365.25 for day in self._dates[:-1]])

    @cached_property
    def holidays(self) -> list[date]:
        years = sorted({day.year for day in self._dates})
        return [day for year in years for day in german_holidays(year) if 0 <= day_index(day) < HORIZON]

    @cached_property
    def is_holiday(self) -> Bools:
        marks = np.zeros(HORIZON, dtype=bool)
        marks[[day_index(day) for day in self.holidays]] = True
        return marks

    @cached_property
    def promotions(self) -> list[Promotion]:
        years = sorted({day.year for day in self._dates})
        planned = [
            Promotion(f"{name} {year}", date(year, month, day), date(year, month, day) + timedelta(days=length - 1), share)
            for year in years
            for month, day, length, name, share in _YEARLY_PROMOTIONS
        ]
        return [each for each in planned if day_index(each.starts_on) >= 0 and day_index(each.ends_on) < HORIZON]

    @cached_property
    def discount_share(self) -> Floats:
        """Discount of the promotion that runs on the day, else 0."""
        shares = np.zeros(HORIZON)
        for each in self.promotions:
            shares[day_index(each.starts_on) : day_index(each.ends_on) + 1] = each.discount_share
        return shares

    @cached_property
    def demand(self) -> Floats:
        """Expected visits relative to their mean of the base years: weekday, trend, season, holidays, promotions."""
        weekday = np.array([1.06, 1.03, 1.01, 1.00, 0.93, 0.92, 1.05])[self.weekday]
        trend = 1.0 + 0.35 * self.days / BASE_DAYS
        angle = 2 * np.pi * self.year_share
        season = 1.0 + 0.07 * np.cos(angle - 2 * np.pi * 0.93) + 0.03 * np.cos(2 * angle)
        level = weekday * trend * season
        level = np.where(self.is_holiday, level * 0.88, level)
        level = level * (1.0 + 1.6 * self.discount_share)
        return np.asarray(level / level[:BASE_DAYS].mean())

    def at_utc(self, day: Ints, seconds: npt.ArrayLike) -> Ints:
        """UTC seconds of a moment ``seconds`` after local midnight; days of 23 and 25 hours count as 86,400 s."""
        length = self.starts_utc[day + 1] - self.starts_utc[day]
        return np.asarray(self.starts_utc[day] + np.floor(np.asarray(seconds) * length / 86400)).astype(np.int64)

    def day_of_utc(self, instant: npt.ArrayLike) -> Ints:
        """The local day in which a UTC instant (seconds) lies; clipped to the horizon."""
        return (np.searchsorted(self.starts_utc, np.asarray(instant), side="right") - 1).clip(0, HORIZON - 1)

    @cached_property
    def is_workday(self) -> Bools:
        return (self.weekday < 5) & ~self.is_holiday

    @cached_property
    def _worked_minutes(self) -> Floats:
        """Office minutes that lie before each day."""
        worked = np.where(self.is_workday, float(DAY_CLOSES - DAY_OPENS), 0.0)
        return np.concatenate([[0.0], np.cumsum(worked)])

    def after_office_minutes(self, instant: Ints, minutes: Floats) -> Ints:
        """The UTC instant (seconds) that lies ``minutes`` of office time after ``instant``."""
        day = self.day_of_utc(instant)
        length = self.starts_utc[day + 1] - self.starts_utc[day]
        minute = (instant - self.starts_utc[day]) / length * 1440
        inside = np.where(self.is_workday[day], np.clip(minute - DAY_OPENS, 0, DAY_CLOSES - DAY_OPENS), 0.0)
        goal = self._worked_minutes[day] + inside + np.maximum(minutes, 0.01)
        target = (np.searchsorted(self._worked_minutes, goal, side="left") - 1).clip(0, HORIZON - 1)
        rest = np.minimum(DAY_OPENS + goal - self._worked_minutes[target], DAY_CLOSES)
        return self.at_utc(target, rest * 60)
