"""Rules of the driver tree: formulas that cannot be read or go in a circle, and edges that contradict them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from metrics.catalogue.drivers import Drivers, DriversError, parse_drivers
from metrics.catalogue.findings import Finding
from metrics.catalogue.model import Kpi
from metrics.catalogue.rulebook import Both, finding, hint

if TYPE_CHECKING:
    from metrics.catalogue.documents import Place
    from metrics.semantic import SemanticLayer

Formulas = Mapping[str, Drivers]


def read_formulas(kpis: Mapping[str, Kpi]) -> dict[str, Drivers]:
    """The parsed drivers of every KPI whose drivers can be read."""
    found = {}
    for name, kpi in kpis.items():
        if kpi.drivers is not None:
            try:
                found[name] = parse_drivers(kpi.drivers)
            except DriversError:
                continue  # driver_findings tells it
    return found


def driver_findings(kpis: Mapping[str, Kpi], entries: Mapping[str, Place], layer: SemanticLayer) -> Iterator[Finding]:
    """Drivers that cannot be read, name unknown metrics or form a circle."""
    for name, kpi in kpis.items():
        if kpi.drivers is None:
            continue
        where = entries[name].where("drivers")
        try:
            formula = parse_drivers(kpi.drivers)
        except DriversError as error:
            yield finding("drivers-syntax", where, kpi=name, text=kpi.drivers, problem=Both(str(error), error.chinese))
            continue
        for metric in formula.metrics:
            if metric not in layer.metrics:
                yield finding("drivers-unknown", where, kpi=name, name=metric, hint=hint(metric, layer.metrics))
    yield from _circles(read_formulas(kpis), entries)


def _circles(formulas: Formulas, entries: Mapping[str, Place]) -> Iterator[Finding]:
    told: set[frozenset[str]] = set()
    for name in formulas:
        way = _way_back(formulas, name)
        if way and frozenset(way) not in told:
            told.add(frozenset(way))
            yield finding("drivers-cycle", entries[name].where("drivers"), kpi=name, way=" -> ".join([*way, name]))


def _way_back(formulas: Formulas, start: str) -> list[str]:
    """The metrics on a way from ``start`` through formulas back to it; [] where there is none."""
    waiting, seen = [[start]], {start}
    while waiting:
        way = waiting.pop()
        for term in formulas[way[-1]].metrics:
            if term == start:
                return way
            if term in formulas and term not in seen:
                seen.add(term)
                waiting.append([*way, term])
    return []


def relation_findings(kpis: Mapping[str, Kpi], entries: Mapping[str, Place]) -> Iterator[Finding]:
    """Edges to a parent that say another thing than the formulas."""
    formulas = read_formulas(kpis)
    for name, kpi in kpis.items():
        why = _no_formula(kpi, formulas)
        if kpi.relation == "formula" and why is not None:
            yield finding("relation-formula", entries[name].where("relation"), kpi=name, why=why)
        named_by = [parent for parent, formula in formulas.items() if name in formula.metrics and parent != name]
        if not named_by or kpi.relation == "formula":
            continue
        parent, place = (kpi.parent, "parent") if kpi.parent in named_by else (named_by[0], "id")
        first = entries[parent].where("drivers")
        if kpi.parent in named_by:
            yield finding("relation-influence", entries[name].where(place), kpi=name, parent=parent, first=first)
        # A KPI has one parent and may be a term of several formulas; the top of a tree has none.
        elif kpi.parent is None and kpi.level != "strategic":
            yield finding("relation-parent", entries[name].where(place), kpi=name, parent=parent, first=first)


def _no_formula(kpi: Kpi, formulas: Formulas) -> Both | None:
    """Why the edge to the parent is no term of a formula; None where it is one."""
    if kpi.parent is None:
        return Both(en="it has no parent", zh="没有 parent")
    if kpi.parent not in formulas:
        return Both(en=f"its parent {kpi.parent} has no drivers", zh=f"其 parent {kpi.parent} 没有 drivers")
    if kpi.id not in formulas[kpi.parent].metrics:
        return Both(en=f"the drivers of {kpi.parent} do not name it", zh=f"{kpi.parent} 的 drivers 中没有它")
    return None
