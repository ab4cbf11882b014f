"""The chance of each whole number where few things happen: so few that often none do.

A smooth distribution gives no number a chance of its own, and least of all zero, the most likely one of a rare incident.
The count to come is taken as negative binomial (counts that come in bursts; Poisson where they do not). Its mean is the
forecast. Its shape is the one by which, at times of the past with much the same forecast, nothing came as often as nothing
did come: of all chances the one of zero is the one that a target of rare incidents asks for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metrics.forecast import width

if TYPE_CHECKING:
    from metrics.forecast.scales import Array

# The memory of the mean (of days, and of closed periods), and what is added to it: that there were none in all of it does
# not mean that there will never be one.
WEEKS = 13
PERIODS = 12
UNSEEN = 0.5
# From which share of empty stretches on.
_OFTEN_NONE = 0.05
# Rare are things of which no more are expected than so many; where many come and then none, there is a season or a cause.
MOST_EXPECTED = 10.0
# A forecast of between half and twice as much is much the same.
_ALIKE = 2.0
_SHAPES = (1e-3, 1e3)


@dataclass(frozen=True)
class CountsToCome:
    """``known`` have happened already; ``mean`` more are expected, in bursts where ``shape`` is small."""

    known: int
    mean: float
    shape: float

    def at_most(self, total: float) -> float:
        """How likely no more than ``total`` have happened in the end, 0 to 1."""
        from scipy.special import betainc

        more = whole_below(total) - self.known
        return 0.0 if more < 0 else float(betainc(self.shape, more + 1.0, self.shape / (self.shape + self.mean)))

    def quantile(self, share: float) -> int:
        """The least whole number that is not exceeded with a probability of ``share``."""
        below, above = self.known - 1, self.known
        while self.at_most(above) < share:
            below, above = above, 2 * above - self.known + 1
        while above - below > 1:
            middle = (below + above) // 2
            below, above = (middle, above) if self.at_most(middle) < share else (below, middle)
        return above


def are_whole(values: Array) -> bool:
    """Whether all values (NaN left out) are whole numbers, none below zero: what a count is."""
    import numpy as np

    known = values[~np.isnan(values)]
    return bool(known.size and (known >= 0).all() and (known == np.floor(known)).all())


def is_rare(few: CountsToCome, judged: float) -> bool:
    """Whether the law of rare things may speak: few are expected, and by the forecast with the season (``judged``), too.

    The mean of the last weeks knows no season: where the other forecast, which was judged by its errors, says something
    else, it knows why.
    """
    more = judged - few.known
    return max(few.mean, more) <= MOST_EXPECTED and abs(more - few.mean) <= max(2.0, few.mean / 2)


def whole_below(value: float) -> int:
    """The largest whole number that is not above ``value``, but for the last binary digits."""
    return math.floor(value + 1e-9)


def whole_above(value: float) -> int:
    """The smallest whole number that is not below ``value``, but for the last binary digits."""
    return math.ceil(value - 1e-9)


def counts_to_come(came: Array, means: Array, known: float, fewest: int) -> CountsToCome | None:
    """What may come, where often nothing does; None where that is seldom, or fewer than ``fewest`` times were like now.

    ``came`` and ``means``: how many came and were expected at every time of the past (NaN where unknown); the last mean is
    now's.
    """
    import numpy as np

    mean = float(means[-1])
    with np.errstate(invalid="ignore"):
        alike = ~np.isnan(came) & (means >= mean / _ALIKE) & (means <= mean * _ALIKE)
    if np.count_nonzero(alike) < width.FEWEST_STRETCHES * fewest:
        return None
    none = float(np.mean(came[alike] == 0))
    return CountsToCome(round(known), mean, _shape(means[alike], none)) if none >= _OFTEN_NONE else None


def _shape(means: Array, none: float) -> float:
    """The shape with which counts of these means are zero with a probability of ``none`` on average, by bisection."""
    import numpy as np

    low, high = (math.log(one) for one in _SHAPES)
    for _ in range(50):
        shape = math.exp((low + high) / 2)
        # the larger the shape, the less often nothing comes
        if float(np.mean(np.exp(-shape * np.log1p(means / shape)))) > none:
            low = math.log(shape)
        else:
            high = math.log(shape)
    return math.exp((low + high) / 2)
