"""Three steps of a target: safe, stretch, benchmark. Pure arithmetic over what is known of a KPI.

safe       what is 80 % likely to be reached if nothing changes
stretch    half of the way from now to the benchmark, but no further than the KPI has ever improved in as long a time;
           without a benchmark or any improvement so far, what is 20 % likely to be reached if nothing changes
benchmark  what others reach

Why half of the way, and not the geometric mean: it exists for every number (scores and margins below zero as well), and
it is the same whichever way a share is told (half of the way from 60 % to 80 % kept is half of the way from 40 % to
20 % lost; geometric means would name two targets that contradict each other). It is rounded towards now, so that rounding
never asks for more: 1.5 % now and 3 % elsewhere give 2.2 %, not 2.25 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from metrics.forecast.outlook import Outlook

StepName = Literal["safe", "stretch", "benchmark"]
# "Now" is the middle of so many closed periods: one alone may have been good or bad luck.
PERIODS_OF_NOW = 3


@dataclass(frozen=True)
class Step:
    """A value to reach, how likely that is if nothing changes (0 to 1), and which rule it comes from."""

    name: StepName
    value: float
    probability: float
    why: str


@dataclass(frozen=True)
class Known:
    """What the steps follow from. ``largest_gain``: the most that the KPI has improved in as long a time, 0 or more."""

    now: float
    direction: Literal["up", "down"]
    outlook: Outlook
    largest_gain: float
    benchmark: float | None

    def gain(self, value: float) -> float:
        """How much better than now a value is; below zero where it is worse."""
        return value - self.now if self.direction == "up" else self.now - value

    def better(self, gain: float) -> float:
        """The value that is better than now by ``gain``."""
        return self.now + gain if self.direction == "up" else self.now - gain


def steps_of(known: Known) -> list[Step]:
    """The three steps, two without a benchmark that is better than now."""
    outlook, up = known.outlook, known.direction == "up"
    safe = outlook.quantile(0.2 if up else 0.8)
    easier = -math.inf if up else math.inf
    value, why = _stretch(known)
    found = [
        _step(known, "safe", _rounded(safe, known.now, towards=easier), "80% likely if nothing changes"),
        _step(known, "stretch", value, why),
    ]
    if known.benchmark is not None and known.gain(known.benchmark) > 0:
        found.append(_step(known, "benchmark", known.benchmark, "what others reach"))
    return found


def _stretch(known: Known) -> tuple[float, str]:
    """The next step and why. Never easier than what is reached anyway."""
    value = known.outlook.quantile(0.8 if known.direction == "up" else 0.2)
    lucky = known.gain(value)
    if known.benchmark is None or known.gain(known.benchmark) <= 0:
        return _rounded(value, known.now, towards=known.now), "20% likely if nothing changes"
    half = known.gain(known.benchmark) / 2
    gain, why = half, "half of the way to the benchmark"
    if known.largest_gain < half:
        gain, why = known.largest_gain, "the largest improvement so far in as long a time"
        if lucky > gain:
            gain, why = min(lucky, half), "20% likely if nothing changes"
    heading = known.gain(known.outlook.value)
    if heading > gain:
        # Not beyond what others reach: that is the third step.
        gain, why = min(heading, 2 * half), "where it is heading anyway"
    return _rounded(known.better(gain), known.now, towards=known.now), why


def largest_gain(values: Sequence[float], ahead: int, direction: str) -> float:
    """The most that the middle of three periods in a row was better than ``ahead`` periods before; 0 where never.

    ``values``: of every period, NaN where one has none, so that neighbours here are neighbours on the calendar.
    """
    threes = [values[place - 2 : place + 1] for place in range(2, len(values))]
    middles = [math.nan if any(math.isnan(value) for value in three) else sorted(three)[1] for three in threes]
    sign = 1 if direction == "up" else -1
    gains = [sign * (later - earlier) for earlier, later in zip(middles, middles[ahead:], strict=False)]
    return max((gain for gain in gains if gain > 0), default=0.0)


def _step(known: Known, name: StepName, value: float, why: str) -> Step:
    return Step(name, value, known.outlook.probability_of(value, known.direction), why)


def _rounded(value: float, now: float, *, towards: float) -> float:
    """A round number at most a fifth of the step away, on the easier side."""
    gap = abs(value - now)
    if gap == 0 or not math.isfinite(gap):
        return value
    unit = 10.0 ** math.floor(math.log10(gap / 5))
    # 2.2 / 0.1 is 22.000000000000004: what is whole already stays
    whole = round(value / unit, 9)
    count = math.floor(whole) if towards < value else math.ceil(whole)
    # without the tail of a binary fraction
    return float(f"{count * unit:.12g}")
