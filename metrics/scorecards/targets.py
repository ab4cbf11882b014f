"""What a KPI is measured against in one period, from its effective-dated targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from metrics.catalogue.catalogue import segment_dimension

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue

Segment = tuple[str, str]


@dataclass(frozen=True)
class InForce:
    """The target of one period."""

    value: float
    floor: float | None
    stretch: float | None


def target_in_force(catalogue: Catalogue, metric: str, grain: str, start: date, segment: Segment) -> InForce | None:
    """The target at ``grain`` for the period that starts on ``start``, of the total or of one segment (dimension,
    member)."""
    kpi = catalogue.kpis.get(metric)
    for target in kpi.targets if kpi else ():
        scope = next(((segment_dimension(name), member) for name, member in target.scope.items()), ("", ""))
        if target.grain == grain and scope == segment and target.holds_on(start):
            return InForce(target.value_on(start), target.floor, target.stretch)
    return None


def as_segment(given: dict[str, str]) -> Segment:
    """(dimension, member) of ``{dimension: member}``; two empty texts for the total."""
    return next(((segment_dimension(name), member) for name, member in given.items()), ("", ""))
