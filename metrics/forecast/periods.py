"""The outlook of one KPI for one period: the open one, or one to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.forecast.daily import Stretch
from metrics.forecast.history import Days, Stored, days_of, periods_of
from metrics.forecast.outlook import Outlook, needed_days, needed_periods, outlook_from_days, outlook_from_periods
from metrics.values.periods import last_closed_period, next_period, period_end, period_start

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue


@dataclass(frozen=True)
class PeriodOutlook:
    """``outlook`` is None where there is too little history: ``has`` of the ``needs`` days or periods (``unit``).

    ``known_through``: the last day that is taken as it is; what follows is forecast. ``is_half_known``: more than half of
    the period is known, but its value does not follow from its days, so that a forecast would have to ignore them: none
    is made.
    """

    metric: str
    grain: str
    start: date
    end: date
    known_through: date
    outlook: Outlook | None
    has: int
    needs: int
    unit: str
    is_half_known: bool = False


def outlook_for(
    stored: Stored, catalogue: Catalogue, metric: str, grain: str, start: date, closed_through: date
) -> PeriodOutlook:
    """The outlook of ``metric`` for the period of ``grain`` that starts on ``start`` and has not closed yet.

    ``closed_through``: the last day for which every source has delivered. Days of a cohort that still grows are not known.
    """
    known = closed_through - timedelta(days=catalogue.matures_after_days(metric))
    days = days_of(stored, catalogue, metric, known)
    if days is not None:
        return _from_days(days, metric, grain, start)
    last = last_closed_period(known, grain)
    values = periods_of(stored, metric, grain, last)
    ahead, at = 0, last
    while at < start:
        at, ahead = next_period(at, grain), ahead + 1
    end = period_end(start, grain)
    is_half_known = 2 * stretch_of(known, start, end).known > (end - start).days + 1
    is_share = catalogue.unit(metric) == "ratio" and catalogue.metric(metric).meta.get("additivity") == "ratio"
    is_count = catalogue.unit(metric) == "count"
    found = None
    if ahead and not is_half_known:
        found = outlook_from_periods(values, ahead, grain, is_share=is_share, is_count=is_count)
    return PeriodOutlook(
        metric, grain, start, end, known if is_half_known else period_end(last, grain), found,
        has=int((values == values).sum()), needs=needed_periods(ahead), unit=grain, is_half_known=is_half_known,
    )  # fmt: skip


def _from_days(days: Days, metric: str, grain: str, start: date) -> PeriodOutlook:
    end = period_end(start, grain)
    stretch = stretch_of(days.last, start, end)
    return PeriodOutlook(
        metric, grain, start, end, days.last, outlook_from_days(days.series, stretch),
        has=days.series.numerator.size, needs=needed_days(stretch), unit="day",
    )  # fmt: skip


def stretch_of(last: date, start: date, end: date) -> Stretch:
    """The period from ``start`` to ``end`` as seen from ``last``, the last known day."""
    known = max((last - start).days + 1, 0)
    gap = max((start - last).days - 1, 0)
    return Stretch(known, gap, (end - max(last, start - timedelta(days=1))).days)


def open_period(closed_through: date, grain: str) -> date:
    """First day of the period that holds the day after ``closed_through``."""
    return period_start(closed_through + timedelta(days=1), grain)
