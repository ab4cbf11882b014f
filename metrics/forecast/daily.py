"""Forecasts of sums over a stretch of days, made at many days of the past at once.

A *stretch* is what is still to come of a period: ``rest`` days that begin ``gap`` days after the last known day. The same
stretch is forecast at every day of the past, with only what was known then, so that the errors say how wide an interval
has to be. All arrays are indexed by day: position i is ``first + i`` days.

The forecast of a day is the mean of the same weekday over the last weeks, with a shorter or longer memory, and with or
without the error that the same forecast made a year ago (the season).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

WEEK = 7
YEAR = 364  # 52 whole weeks, so that weekdays stay in place
MEMORIES = (1, 2, 4, 8, 13, 26)
FEWEST_DAYS = 4 * WEEK


@dataclass(frozen=True)
class Stretch:
    """The days of a period as seen from its last known day.

    ``known``: days of the period that are known already; ``gap``: days between the last known day and the first to
    come (0 unless the period lies in the future); ``rest``: days to come.
    """

    known: int
    gap: int
    rest: int

    @property
    def reach(self) -> int:
        """Days from the last known day to the end of the period."""
        return self.gap + self.rest


def sums_to_come(values: Array, stretch: Stretch) -> Array:
    """The true sum of the stretch at every day; NaN where it reaches past the last day."""
    import numpy as np

    total = np.concatenate(([0.0], np.cumsum(values)))
    found = np.full(values.size, np.nan)
    ends = values.size - stretch.reach
    if ends > 0:
        at = np.arange(ends) + 1
        found[:ends] = total[at + stretch.reach] - total[at + stretch.gap]
    return found


def sums_known(values: Array, stretch: Stretch) -> Array:
    """The sum of the period's known days at every day; NaN where the period would begin before the first day."""
    import numpy as np

    total = np.concatenate(([0.0], np.cumsum(values)))
    found = np.full(values.size, np.nan)
    start = max(stretch.known - 1, 0)
    found[start:] = total[start + 1 :] - total[start + 1 - stretch.known : values.size + 1 - stretch.known]
    return found


def forecast_sums(values: Array, stretch: Stretch, weeks: int) -> Array:
    """The forecast of the stretch at every day from the last ``weeks`` weeks; NaN where fewer are known."""
    import numpy as np

    size = values.size
    found = np.full(size, np.nan)
    first = weeks * WEEK - 1
    if size <= first:
        return found
    # same_weekday[i]: the sum of the values at i, i - 7, i - 14 ... of the last ``weeks`` weeks
    same_weekday = _running_by_weekday(values, weeks)
    days = np.arange(first, size)
    whole, left = divmod(stretch.rest, WEEK)
    forecast = np.zeros(days.size)
    if whole:
        total = np.concatenate(([0.0], np.cumsum(values)))
        forecast += whole * (total[days + 1] - total[days + 1 - weeks * WEEK]) / weeks
    for ahead in range(stretch.gap + 1, stretch.gap + 1 + left):
        # the latest known day of the same weekday
        forecast += same_weekday[days - (-ahead) % WEEK] / weeks
    found[first:] = forecast
    return found


def _running_by_weekday(values: Array, weeks: int) -> Array:
    import numpy as np

    total = values.copy()
    for start in range(WEEK):
        total[start::WEEK] = np.cumsum(values[start::WEEK])
    span = weeks * WEEK
    running = total.copy()
    running[span:] -= total[:-span]
    return running


def with_season(forecast: Array, truth: Array, strength: float) -> Array:
    """The forecast times what the same forecast was wrong by a year ago, to the power of ``strength``; NaN before."""
    import numpy as np

    if not strength:
        return forecast
    found = np.full(forecast.size, np.nan)
    if forecast.size > YEAR:
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = truth[:-YEAR] / forecast[:-YEAR]
        usable = np.isfinite(factor) & (factor > 0)
        factor = np.where(usable, np.clip(factor, 0.25, 4.0), np.nan)
        found[YEAR:] = forecast[YEAR:] * factor**strength
    return found
