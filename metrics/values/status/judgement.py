"""How a value is judged against its target, period by period: pure arithmetic.

Attainment is the share of the target that is reached: value / target where up is good, target / value where
down is good. It exists only for positive values and targets; else the comparison alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from metrics.catalogue import Kpi, Thresholds

Status = Literal["on_track", "at_risk", "off_track", "no_target", "no_data", "too_few", "too_early"]
_ORDER: tuple[Status, ...] = ("off_track", "at_risk", "on_track")


@dataclass(frozen=True)
class Point:
    """One stored value."""

    value: float | None
    n: int | None
    state: str


Points = Mapping[date, Point]


@dataclass(frozen=True)
class PeriodTarget:
    """What one period has to reach. ``valid_from``: first day of the target that says so."""

    value: float
    floor: float | None
    stretch: float | None
    valid_from: date
    path: str


@dataclass(frozen=True)
class Score:
    """One closed period as it is judged. ``is_reached``: its value is at or better than the target; None without one."""

    start: date
    point: Point
    target: PeriodTarget | None
    attainment: float | None
    status: Status
    is_reached: bool | None


def attainment(value: float | None, target: float | None, direction: str) -> float | None:
    """Share of the target reached, None where a share means nothing (zero, negative or missing)."""
    if value is None or target is None or value <= 0 or target <= 0:
        return None
    return value / target if direction == "up" else target / value


def is_worse(value: float, than: float, direction: str) -> bool:
    """Whether a value lies on the bad side of another."""
    return value < than if direction == "up" else value > than


def judged(
    value: float,
    target: float,
    direction: str,
    thresholds: Thresholds,
    before: Status | None,
    floor: float | None = None,
) -> Status:
    """The status of one period; it improves only when the line is passed by the hysteresis.

    Worse than ``floor`` is off track, whatever share of the target it is. Where no share exists (zero or negative), the
    target and the floor are the only lines, without hysteresis.
    """
    share = attainment(value, target, direction)
    if share is None:
        if not is_worse(value, target, direction):
            return "on_track"
        return "off_track" if floor is None or is_worse(value, floor, direction) else "at_risk"
    least = attainment(floor, target, direction)
    off_track = thresholds.off_track if least is None else max(thresholds.off_track, least)
    now = _against_lines(share, thresholds.at_risk, off_track)
    if before not in _ORDER or _ORDER.index(now) <= _ORDER.index(before):
        return now
    held = _against_lines(share - thresholds.hysteresis, thresholds.at_risk, off_track)
    return max(held, before, key=_ORDER.index)


def _against_lines(share: float, at_risk: float, off_track: float) -> Status:
    if share < off_track:
        return "off_track"
    return "on_track" if share >= at_risk else "at_risk"


def change(value: float | None, base: float | None) -> float | None:
    """Relative change; None without a positive base, because a percentage of nothing or of a loss says nothing."""
    return None if value is None or base is None or base <= 0 else value / base - 1


def walk(
    kpi: Kpi, direction: str, starts: Sequence[date], points: Points, target_on: Callable[[date], PeriodTarget | None]
) -> list[Score]:
    """The score of each of ``starts`` (consecutive closed periods), judged one after the other.

    A status is held against the one before it. Periods without a verdict leave that as it was, a period without a target
    ends it: what comes after is judged by itself.
    """
    found: list[Score] = []
    before: Status | None = None
    for start in starts:
        point, target = points.get(start, Point(None, None, "")), target_on(start)
        status: Status
        if point.value is None:
            status = "no_data"
        elif point.n is not None and point.n < kpi.minimum_n:
            status = "too_few"
        elif target is None:
            status = "no_target"
        else:
            status = judged(point.value, target.value, direction, kpi.thresholds, before, target.floor)
        if target is None:
            before = None
        elif status in _ORDER:
            before = status
        found.append(
            Score(
                start,
                point,
                target,
                attainment(point.value, target.value if target else None, direction),
                status,
                None if point.value is None or target is None else not is_worse(point.value, target.value, direction),
            )
        )
    return found
