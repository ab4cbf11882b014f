"""From a value to points: straight lines between given places, and what a KPI's target means as such a curve."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from metrics.scorecards.model import Curve

Line = tuple[tuple[float, float], ...]


def on_line(line: Sequence[tuple[float, float]], x: float) -> float:
    """The height of the line at ``x``; that of its ends outside."""
    if x <= line[0][0]:
        return line[0][1]
    for (left, low), (right, high) in pairwise(line):
        if x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return line[-1][1]


@dataclass(frozen=True)
class UsedCurve:
    """A curve as it was used, with nothing left to look up: ``line`` over values, or over shares of ``target``.

    A share is value / target where up is good and target / value where down is good.
    """

    line: Line
    of: Literal["value", "share"]
    target: float | None
    direction: str
    cap: float

    def points(self, value: float) -> float:
        """What a value earns: at least 0, at most ``cap``."""
        return min(max(on_line(self.line, self._x(value)), 0.0), self.cap)

    def _x(self, value: float) -> float:
        if self.of == "value" or self.target is None:
            return value
        if self.direction != "down":
            return value / self.target
        return self.target / value if value > 0 else self.line[-1][0]

    def text(self) -> str:
        """As JSON, to be stored with the score."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> UsedCurve:
        """The curve that ``text`` was made of."""
        found: dict[str, Any] = json.loads(text)
        return cls(**{**found, "line": tuple((x, y) for x, y in found["line"])})


def used_curve(
    curve: Curve, direction: str, target: float | None, floor: float | None = None, stretch: float | None = None
) -> UsedCurve | None:
    """The curve with ``target``, ``floor`` and ``stretch`` of the KPI where it gives none itself.

    None where there is no target to measure against, or where target and floor leave no line: equal, in the wrong
    order, or no floor given to a target that is not positive.
    """
    target = curve.target if curve.target is not None else target
    if curve.points is not None:
        if curve.of == "share" and (target is None or target <= 0):
            return None
        return UsedCurve(curve.points, curve.of, target, direction, curve.cap)
    if target is None:
        return None
    line = _line(
        -1 if direction == "down" else 1,
        target,
        curve.floor if curve.floor is not None else floor,
        curve.stretch if curve.stretch is not None else stretch,
        curve.stretch_points,
    )
    return UsedCurve(line, "value", target, direction, curve.cap) if line else None


def _line(sign: int, target: float, floor: float | None, stretch: float | None, stretch_points: float) -> Line | None:
    if floor is None:
        if target <= 0:
            return None
        # each percent by which the target is missed costs one point
        floor = 2 * target if sign < 0 else 0.0
    if sign * (target - floor) <= 0:
        return None
    places = [(floor, 0.0), (target, 100.0)]
    if stretch is not None and sign * (stretch - target) > 0:
        places.append((stretch, stretch_points))
    return tuple(sorted(places))
