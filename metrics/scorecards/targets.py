"""What a KPI is measured against in one period, from its effective-dated targets."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from metrics.catalogue.catalogue import segment_dimension

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.values.closed import ClosedValues
    from metrics.values.status import PeriodTarget

Segment = tuple[str, str]


def target_in_force(
    catalogue: Catalogue, values: ClosedValues, metric: str, grain: str, start: date, segment: Segment
) -> PeriodTarget | None:
    """The target at ``grain`` for the period that starts on ``start``, of the total or of one segment (dimension,
    member); the season of a seasonal one is that which its status was judged by."""
    kpi = catalogue.kpis.get(metric)
    return values.targets.on(kpi, grain, segment, start) if kpi else None


def as_segment(given: dict[str, str]) -> Segment:
    """(dimension, member) of ``{dimension: member}``; two empty texts for the total."""
    return next(((segment_dimension(name), member) for name, member in given.items()), ("", ""))
