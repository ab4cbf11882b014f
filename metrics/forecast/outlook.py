"""Where a KPI is heading: its value at the end of a period with a calibrated interval, from its own past alone.

What is known of the period is taken as it is; the rest is forecast (``daily.py``), numerator and denominator apart. The
same forecast is made at every day of the past, on a stretch of the same length, and what those forecasts were wrong by
gives the interval (``width.py``). Values that do not follow from days (medians, distinct counts, growth) are forecast from
their closed periods in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from metrics.forecast import counts, daily, width
from metrics.forecast.counts import CountsToCome
from metrics.forecast.daily import Stretch
from metrics.forecast.scales import Scale, back, onto, scale_of

if TYPE_CHECKING:
    from metrics.forecast.scales import Array

DAYS_A_YEAR = 364
PERIODS_A_YEAR = {"day": DAYS_A_YEAR, "week": 52, "month": 12, "quarter": 4}
FEWEST_PERIODS = 8
# Errors smaller than this share of the values are of the arithmetic, not of the forecast.
_ROUNDING = 1e-9
_MEMORIES = (1, 2, 3, 6, 12)
_SEASONS = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class DailySeries:
    """The values of one KPI by day without a gap, oldest first.

    ``sum``: days add up. ``ratio``: numerators and denominators do. ``stock``: the period's value is its last day's.
    ``is_share``: the numerator counts a part of the denominator. ``is_count``: its unit is that of a count.
    """

    kind: Literal["sum", "ratio", "stock"]
    numerator: Array
    denominator: Array | None = None
    is_share: bool = False
    is_count: bool = False


@dataclass(frozen=True)
class Outlook:
    """A value to come: as likely above ``value`` as below it; 80 % likely between ``low`` and ``high``.

    ``spread`` is half the interval's width on ``scale``; ``stretches``: from how many stretches of the past it is known;
    ``least`` and ``most``: what no value falls below (what has been sold already) or exceeds (1 for a share). ``is_whole``:
    only whole numbers come, so that one stands for all that is nearer to it than to the next. ``few``: the chance of
    each number where often none comes; all that is said follows from it then.
    """

    value: float
    low: float
    high: float
    scale: Scale
    spread: float
    stretches: float
    most: float = float("inf")
    least: float = float("-inf")
    is_whole: bool = False
    few: CountsToCome | None = None

    def not_below(self, least: float) -> Outlook:
        """The same outlook where every value to come is ``least`` or more."""
        low, value, high = (max(one, least) for one in (self.low, self.value, self.high))
        return replace(self, value=value, low=low, high=high, least=least)

    def of_few(self, few: CountsToCome) -> Outlook:
        """The same outlook of a count that is often zero: its middle and its interval end on whole numbers."""
        low, value, high = (
            float(few.quantile(share)) for share in (0.5 - width.COVERAGE / 2, 0.5, 0.5 + width.COVERAGE / 2)
        )
        return replace(self, value=value, low=low, high=high, few=few)

    def probability_above(self, value: float) -> float:
        """How likely the value to come is ``value`` or more, 0 to 1."""
        if value <= self.least or _is_same(value, self.least):
            return 1.0
        if self.spread <= 0 and _is_same(value, self.value):
            return 1.0
        if self.few:
            return 1 - self.few.at_most(counts.whole_above(value) - 1)
        return self._beyond(counts.whole_above(value) - 0.5 if self._is_between_wholes else value)

    @property
    def _is_between_wholes(self) -> bool:
        return self.is_whole and self.spread > 0

    def _beyond(self, value: float) -> float:
        """How likely the value to come is more than ``value``, whatever its least is."""
        import numpy as np
        from scipy.special import stdtr

        if self.spread <= 0:
            return 1.0 if self.value > value and not _is_same(value, self.value) else 0.0
        centre, asked = (float(onto(self.scale, np.array([one]))[0]) for one in (self.value, value))
        if np.isnan(asked):
            # The scale ends before it: every value is above, or none.
            return 1.0 if value <= 0 else 0.0
        distance = (centre - asked) / self.spread * width.t_quantile(self.stretches)
        return float(stdtr(width.freedom(self.stretches), distance))

    def quantile(self, share: float) -> float:
        """The value below which the value to come lies with a probability of ``share``."""
        import numpy as np
        from scipy.special import stdtrit

        if self.few:
            return float(self.few.quantile(share))
        distance = float(stdtrit(width.freedom(self.stretches), share)) / width.t_quantile(self.stretches)
        centre = onto(self.scale, np.array([self.value]))
        return max(min(float(back(self.scale, centre + distance * self.spread)[0]), self.most), self.least)

    def probability_of(self, target: float, direction: str) -> float:
        """How likely the value to come is ``target`` or better."""
        if direction != "down":
            return self.probability_above(target)
        if target < self.least and not _is_same(target, self.least):
            return 0.0
        if self.few:
            return self.few.at_most(target)
        return 1 - self._beyond(counts.whole_below(target) + 0.5 if self._is_between_wholes else target)


def _is_same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=1e-12)


def needed_days(stretch: Stretch) -> int:
    """The days of history without which nothing is said about a stretch."""
    # One stretch more: the truth of the newest forecasts is not known yet.
    return daily.FEWEST_DAYS + stretch.known + (width.FEWEST_STRETCHES + 1) * max(stretch.reach, daily.WEEK)


def needed_periods(ahead: int) -> int:
    """The closed periods without which nothing is said about the one that ends ``ahead`` periods later."""
    return FEWEST_PERIODS + width.FEWEST_STRETCHES * ahead


def outlook_from_days(series: DailySeries, stretch: Stretch) -> Outlook | None:
    """The value at the end of the period; None where the history is shorter than `needed_days` or says nothing."""
    if series.numerator.size < needed_days(stretch) or stretch.rest < 1:
        return None
    truth, forecasts = (_stock if series.kind == "stock" else _summed)(series, stretch)
    found = _judged(truth, forecasts, stretch.reach, daily.WEEK, DAYS_A_YEAR, is_share=series.is_share)
    if found is None:
        return None
    is_whole = series.is_count and series.denominator is None and counts.are_whole(series.numerator)
    found = replace(found, is_whole=is_whole)
    if series.kind != "sum" or series.numerator.min() < 0:
        return found
    # No day has ever taken anything back, so that none to come does.
    happened = float(series.numerator[series.numerator.size - stretch.known :].sum())
    few = _few_days(series.numerator, stretch, happened) if is_whole and series.numerator.any() else None
    return found.of_few(few).not_below(happened) if few and counts.is_rare(few, found.value) else found.not_below(happened)


def _few_days(values: Array, stretch: Stretch, happened: float) -> CountsToCome | None:
    means = daily.forecast_sums(values, stretch, counts.WEEKS) + counts.UNSEEN * stretch.rest / (counts.WEEKS * daily.WEEK)
    return counts.counts_to_come(daily.sums_to_come(values, stretch), means, happened, max(stretch.reach, daily.WEEK))


def outlook_from_periods(values: Array, ahead: int, grain: str, *, is_share: bool, is_count: bool = False) -> Outlook | None:
    """The value ``ahead`` periods after the last of ``values`` (closed periods without a gap, NaN where there is none).

    ``is_count``: its unit is that of a count, so that whole numbers are one. None where fewer than `needed_periods` have a
    value.
    """
    import numpy as np

    if np.count_nonzero(~np.isnan(values)) < needed_periods(ahead) or np.isnan(values[-1]):
        return None
    truth = _shifted(values, -ahead)
    year = PERIODS_A_YEAR[grain]
    forecasts = [_running_mean(values, count) for count in _MEMORIES]
    if year >= ahead:
        forecasts.append(_shifted(values, year - ahead))
    found = _judged(truth, np.array(forecasts), ahead, 2, year, is_share=is_share)
    if found is None or not is_count or not counts.are_whole(values):
        return found
    means = _running_mean(values, counts.PERIODS) + counts.UNSEEN / counts.PERIODS
    few = counts.counts_to_come(truth, means, 0.0, max(ahead, 2)) if np.nanmax(values) > 0 else None
    found = replace(found, is_whole=True)
    return found.of_few(few) if few and counts.is_rare(few, found.value) else found


def _judged(truth: Array, forecasts: Array, reach: int, least: int, year: int, *, is_share: bool) -> Outlook | None:
    """One forecast with its interval out of several (rows of ``forecasts``); the last column is the one asked for."""
    import numpy as np

    scale = scale_of(np.concatenate([truth, forecasts[:, -1]]), is_share=is_share)
    placed = onto(scale, forecasts)
    errors = onto(scale, truth) - placed
    # A step of these scales is a share of the value; of the others it is in the unit itself.
    size = 1.0 if scale in ("log", "logit") else np.nanmax(np.abs(placed), initial=0.0)
    errors[np.abs(errors) <= _ROUNDING * size] = 0.0
    centre, past = width.combined(errors, placed, width.FEWEST_STRETCHES * max(reach, least), year)
    spread, stretches = width.half_width(past, reach, least, year)
    if np.count_nonzero(past == 0) > np.count_nonzero(~np.isnan(past)) / 2:
        # A past that stood still says nothing of a KPI that moves now; how far its forecasts lie apart does.
        apart = np.nanmax(np.abs(placed[:, -1] - centre), initial=0.0)
        spread = max(spread, float(apart) if apart > _ROUNDING * size else 0.0)
    if not np.isfinite(spread) or not np.isfinite(centre):
        return None
    found = back(scale, np.array([centre - spread, centre, centre + spread]))
    most = 1.0 if is_share else float("inf")
    low, value, high = (float(one) for one in np.minimum(found, most))
    return Outlook(value, low, high, scale, spread, stretches, most)


def _summed(series: DailySeries, stretch: Stretch) -> tuple[Array, Array]:
    """Truth and forecasts of sums, or of one sum divided by another, at every day of the past."""
    import numpy as np

    parts = [series.numerator] if series.denominator is None else [series.numerator, series.denominator]
    known = [daily.sums_known(part, stretch) for part in parts]
    to_come = [daily.sums_to_come(part, stretch) for part in parts]
    rows = []
    for weeks in daily.MEMORIES:
        plain = [daily.forecast_sums(part, stretch, weeks) for part in parts]
        for strength in _SEASONS:
            rest = _in_season(plain, to_come, strength)
            rows.append(_divided([before + after for before, after in zip(known, rest, strict=True)]))
    return _divided([before + after for before, after in zip(known, to_come, strict=True)]), np.array(rows)


def _in_season(plain: list[Array], to_come: list[Array], strength: float) -> list[Array]:
    """A sum, or numerator and denominator, with the season of a year ago: of a ratio that of its size, its rate as it was.

    A season for each part made rates that cannot be: four times the points of a quarter of the answers.
    """
    import numpy as np

    size = daily.with_season(plain[-1], to_come[-1], strength)
    if len(plain) == 1:
        return [size]
    with np.errstate(divide="ignore", invalid="ignore"):
        return [plain[0] * np.where(plain[1] > 0, size / plain[1], 1.0), size]


def _stock(series: DailySeries, stretch: Stretch) -> tuple[Array, Array]:
    """Truth and forecasts of a level: it stays, or goes on as it went over the last weeks."""
    import numpy as np

    values = series.numerator
    rows = [values]
    for weeks in daily.MEMORIES[1:]:
        slope = (values - _shifted(values, weeks * daily.WEEK)) / (weeks * daily.WEEK)
        rows.append(values + slope * stretch.reach)
    return _shifted(values, -stretch.reach), np.array(rows)


def _divided(parts: list[Array]) -> Array:
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(parts[1] > 0, parts[0] / parts[1], np.nan)


def _shifted(values: Array, by: int) -> Array:
    """Values moved ``by`` places to later days (earlier where negative); NaN where nothing comes from."""
    import numpy as np

    found = np.full(values.size, np.nan)
    if by == 0:
        return values.copy()
    if abs(by) < values.size:
        found[max(by, 0) : values.size + min(by, 0)] = values[max(-by, 0) : values.size - max(by, 0)]
    return found


def _running_mean(values: Array, count: int) -> Array:
    """The mean of the last ``count`` values that there are; NaN where one of them is missing."""
    import numpy as np

    found: Array = np.stack([_shifted(values, by) for by in range(count)]).mean(axis=0)
    return found
