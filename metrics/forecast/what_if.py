"""What each driver of a KPI would have to do: the drivers' formula solved for one driver at a time, and for all of them.

Pure arithmetic on the formula of ``drivers:`` in a KPI file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from metrics.catalogue.drivers import Drivers

# No driver is asked to become more than so many times as large, or as small.
_MOST_TIMES = 20.0


def result_of(formula: Drivers, values: Mapping[str, float]) -> float:
    """What the formula gives; NaN where it divides by zero."""
    found = formula.evaluate(values)
    return math.nan if found is None else found


def needed_of_one(formula: Drivers, values: Mapping[str, float], name: str, wanted: float) -> float | None:
    """The value of ``name`` with which the formula gives ``wanted``, the others as they are; None where no value does.

    None, too, for a driver that is 0: no factor makes it more.
    """
    if values[name] == 0:
        return None
    factor = _solved(lambda times: result_of(formula, {**values, name: values[name] * times}) - wanted)
    return None if factor is None else values[name] * factor


def needed_of_all(formula: Drivers, values: Mapping[str, float], wanted: float) -> float | None:
    """The factor by which every driver has to get better so that the formula gives ``wanted``; None where none does.

    A driver gets better in the direction in which it moves the result towards ``wanted``: spend goes down by the factor by
    which customers go up.
    """
    now = result_of(formula, values)
    if not math.isfinite(now):
        return None
    upwards = wanted >= now
    helps = {name: (result_of(formula, {**values, name: values[name] * 1.01}) >= now) == upwards for name in formula.metrics}

    def missing(times: float) -> float:
        moved = {name: values[name] * (times if helps[name] else 1 / times) for name in formula.metrics}
        return result_of(formula, moved) - wanted

    return _solved(missing)


def _solved(missing: Callable[[float], float]) -> float | None:
    """The factor nearest to 1 at which ``missing`` is zero, by bisection on its logarithm."""
    for end in (_MOST_TIMES, 1 / _MOST_TIMES):
        low, high = 0.0, math.log(end)
        at_low, at_high = missing(1.0), missing(end)
        if not (math.isfinite(at_low) and math.isfinite(at_high)) or at_low * at_high > 0:
            continue
        for _ in range(80):
            middle = (low + high) / 2
            if missing(math.exp(middle)) * at_low > 0:
                low = middle
            else:
                high = middle
        return math.exp((low + high) / 2)
    return None
