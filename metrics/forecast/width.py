"""From what several forecasts were wrong by in the past to one forecast and the width of its interval.

The forecasts are averaged, each weighed by how little it was wrong of late. The interval's width is split conformal
prediction (Vovk, Gammerman and Shafer 2005; locally weighted: Lei et al. 2018, JASA 113): the 80 % quantile of past errors,
each in shares of what was usual at its time, times what is usual now. Stretches of the past overlap; n of them that do
not are worth 1.5 n degrees of freedom (overlapping batch means: Meketon and Schmeiser 1984), by which Student's t widens
what few of them say. Every array has one entry per day (or period) of the past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.forecast.scales import Array

COVERAGE = 0.8
# Of stretches that do not overlap; fewer say nothing about how wrong a forecast can be.
FEWEST_STRETCHES = 3
# In years: after so long an error counts half, for the weight of a way of forecasting, for what is usual now, and for how
# errors are spread around it.
_WEIGHT_HALF_LIFE = 0.25
_ERROR_HALF_LIFE = 0.125
_SPREAD_HALF_LIFE = 1.0
_WORTH_OF_OVERLAP = 1.5


def combined(errors: Array, placed: Array, fewest: int, year: float) -> tuple[float, Array]:
    """The weighted mean of the newest forecasts, and the errors that such a mean made in the past (NaN where none).

    ``errors`` and ``placed`` (forecasts on the scale): one row per way of forecasting. Ways with fewer than ``fewest`` past
    errors do not take part; NaN when none is left.
    """
    import numpy as np

    known = ~np.isnan(errors)
    usable = ~np.isnan(placed[:, -1]) & (known.sum(axis=1) >= fewest)
    if not usable.any():
        return float("nan"), np.full(errors.shape[1], np.nan)
    errors, placed, known = errors[usable], placed[usable], known[usable]
    late = 0.5 ** (np.arange(errors.shape[1])[::-1] / (_WEIGHT_HALF_LIFE * year))
    missed = np.nansum(np.abs(errors) * late, axis=1) / np.sum(known * late, axis=1)
    weight = 1 / np.maximum(missed, 1e-9) ** 2
    weight /= weight.sum()
    shares = known * weight[:, None]
    with np.errstate(invalid="ignore"):
        past = np.sum(np.where(known, errors, 0.0) * shares, axis=0) / shares.sum(axis=0)
    return float(placed[:, -1] @ weight), past


def half_width(past: Array, reach: int, least: int, year: float) -> tuple[float, float]:
    """Half the width of the interval, NaN where the past is too short, and from how many stretches it is known.

    ``reach``: days (or periods) from a forecast to its truth; ``least``: the fewest that count as a stretch.
    """
    import numpy as np

    usual = _usual_error(past, reach, least, year)
    if not np.isnan(past).all():
        # A time without errors, when there was nothing to measure, is no yardstick.
        usual = np.maximum(usual, 0.05 * np.nanmean(np.abs(past)))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.abs(past) / usual
    now, found = float(usual[-1]), np.isfinite(shares)
    if found.sum() < FEWEST_STRETCHES * max(reach, least) or not np.isfinite(now):
        # too short a past to know what was usual at each time
        shares, now, found = np.abs(past), 1.0, ~np.isnan(past)
    weights = 0.5 ** (np.arange(past.size)[::-1][found] / (_SPREAD_HALF_LIFE * year))
    stretches = float(weights.sum() ** 2 / (weights**2).sum() / max(reach, 1)) if found.any() else 0.0
    if stretches < FEWEST_STRETCHES - 1:
        return float("nan"), stretches
    # After a time that stood still a share of what was usual means little; no width is needed beyond the largest error.
    width = min(now * _weighted_quantile(shares[found], weights, COVERAGE), float(np.nanmax(np.abs(past))))
    return width * t_quantile(stretches) / t_quantile(1e6), stretches


def t_quantile(stretches: float) -> float:
    """The quantile of Student's t that leaves the interval's share below and above."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom(stretches), 0.5 + COVERAGE / 2))


def freedom(stretches: float) -> float:
    """Degrees of freedom of a width that so many stretches have told."""
    return max(_WORTH_OF_OVERLAP * stretches, 1.0)


def _usual_error(errors: Array, reach: int, least: int, year: float) -> Array:
    """The mean absolute error of late at every day, of the forecasts whose truth was known by then."""
    import numpy as np

    known = ~np.isnan(errors)
    grown = 2.0 ** (np.arange(errors.size) / (_ERROR_HALF_LIFE * year))
    total = np.cumsum(np.where(known, np.abs(errors), 0.0) * grown)
    count = np.cumsum(known * grown)
    seen = np.cumsum(known) > 2 * max(reach, least)
    late = np.full(errors.size, np.nan)
    late[seen] = total[seen] / count[seen]
    found = np.full(errors.size, np.nan)
    found[reach:] = late[: errors.size - reach]
    return found


def _weighted_quantile(values: Array, weights: Array, share: float) -> float:
    import numpy as np

    order = np.argsort(values)
    reached = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    return float(np.interp(share, reached, values[order]))
