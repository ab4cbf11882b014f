"""Which days a leaf looks at, and how its rows come to be shown at others."""

from __future__ import annotations

from enum import Enum

from metrics.semantic.conversion import days_followed
from metrics.semantic.days import Days, days_back, months_back, period_start, whole_months_back, widened
from metrics.semantic.resolved import Leaf, Offset


class Shift(Enum):
    """How a branch moves its rows onto the periods where they are shown."""

    NONE = "none"
    DAYS = "the day plus a number of days"
    MONTHS = "the month plus a number of months"
    SPINE = "each day of the spine reads the day some months before"
    ANCHOR = "each period of the spine reads the first period of a coarser grain"


def shift_of(offset: Offset, grain: str | None) -> Shift:
    """How rows move in an answer whose finest period of metric_time is ``grain``."""
    if offset.to_grain:
        return Shift.ANCHOR
    if offset.days:
        return Shift.DAYS
    if offset.months:
        return Shift.SPINE if grain == "day" else Shift.MONTHS
    return Shift.NONE


def standing_of(offset: Offset, shift: Shift, shown: Days) -> Days:
    """The days looked at: those shown, moved back by the offset."""
    if shift is Shift.DAYS:
        return days_back(shown, offset.days)
    if shift is Shift.MONTHS:
        return whole_months_back(shown, offset.months)
    if shift is Shift.SPINE:
        return months_back(shown, offset.months)
    if shift is Shift.ANCHOR and shown.start and offset.to_grain:
        return Days(period_start(shown.start, offset.to_grain), shown.end)
    return shown


def scanned_of(leaf: Leaf, standing: Days) -> Days:
    """The days read: a window reaches back from those looked at, a conversion comes after them."""
    if leaf.conversion:
        return days_followed(leaf.conversion, standing)
    cumulative = leaf.cumulative
    if cumulative is None:
        return standing
    if cumulative.window:
        return widened(standing, cumulative.window.count, cumulative.window.grain)
    if cumulative.grain_to_date and standing.start:
        return Days(period_start(standing.start, cumulative.grain_to_date), standing.end)
    return Days(None, standing.end)
