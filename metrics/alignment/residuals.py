"""Does a KPI equal the formula of its drivers? Compared for every closed period at every grain that all of them keep.

An additive driver whose definition says that a period without rows is zero counts as 0 there; any other missing driver
leaves the period uncompared, which is counted, because missing is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from metrics.catalogue.drivers import Drivers, parse_drivers

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.values.closed import ClosedValues

TOLERANCE = 1e-9  # of the larger of both numbers


@dataclass(frozen=True)
class Worst:
    """The period with the largest difference."""

    start: date
    value: float
    computed: float

    @property
    def residual(self) -> float:
        """What the formula does not explain."""
        return self.value - self.computed


@dataclass(frozen=True)
class FormulaCheck:
    """One formula at one grain."""

    metric: str
    grain: str
    formula: str
    checked: int
    incomplete: int
    failed: int
    worst: Worst | None

    def row(self) -> tuple[object, ...]:
        """The row of mart.kpi_tree_checks."""
        worst = (self.worst.start, self.worst.value, self.worst.computed, self.worst.residual) if self.worst else (None,) * 4
        return (self.metric, self.grain, self.formula, self.checked, self.incomplete, self.failed, *worst)

    def __str__(self) -> str:
        assert self.worst is not None  # noqa: S101 - said of failed checks only
        more = f" ({self.failed} of {self.checked} periods)" if self.failed > 1 else ""
        return (
            f"{self.metric}, {self.grain} from {self.worst.start}: the value is {self.worst.value:.10g}, "
            f"{self.formula} gives {self.worst.computed:.10g}{more}"
        )


def is_equal(value: float, computed: float) -> bool:
    """Whether both are the same number but for rounding: 1e-9 of the larger."""
    return abs(value - computed) <= TOLERANCE * max(abs(value), abs(computed))


def check_formulas(catalogue: Catalogue, values: ClosedValues) -> list[FormulaCheck]:
    """Every formula whose KPI and drivers are connected, at every grain that all of them keep."""
    found = []
    for kpi in catalogue.kpis.values():
        drivers = parse_drivers(kpi.drivers) if kpi.drivers else None
        names = (kpi.id, *(drivers.metrics if drivers else ()))
        if drivers is None or not all(name in catalogue.metrics and catalogue.connected(name) for name in names):
            continue
        zero = frozenset(name for name in drivers.metrics if catalogue.lineage[name].definition.is_zero_without_rows)
        for grain in kpi.grains:
            if all(grain in catalogue.grains(name) for name in drivers.metrics):
                found.append(_check(kpi.id, grain, drivers, values, zero))
    return found


def _check(metric: str, grain: str, drivers: Drivers, values: ClosedValues, zero: frozenset[str]) -> FormulaCheck:
    own = values.points(metric, grain)
    # only where every driver is closed too: of a source that is late nothing is known
    series: Mapping[str, Mapping[date, float]] = {
        name: {start: point.value for start, point in values.points(name, grain).items()} for name in drivers.metrics
    }
    last = min((values.last_period(name, grain) or date.min for name in drivers.metrics), default=date.min)
    checked = incomplete = failed = 0
    worst: Worst | None = None
    for start, point in own.items():
        if start > last:
            continue
        given = {name: found.get(start, 0.0 if name in zero else None) for name, found in series.items()}
        computed = drivers.evaluate(given)
        if computed is None:
            incomplete += 1
            continue
        checked += 1
        if not is_equal(point.value, computed):
            failed += 1
            if worst is None or abs(point.value - computed) > abs(worst.residual):
                worst = Worst(start, point.value, computed)
    return FormulaCheck(metric, grain, drivers.text, checked, incomplete, failed, worst)
