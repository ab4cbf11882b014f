"""Rules across fields, KPIs and metrics that a single field cannot check by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.components import shared_component
from metrics.catalogue.documents import Place, circle
from metrics.catalogue.driver_rules import driver_findings
from metrics.catalogue.findings import Finding
from metrics.catalogue.guarded_filters import guarded_by_filters
from metrics.catalogue.intervals import interval_of
from metrics.catalogue.lineage import Lineage
from metrics.catalogue.model import Kpi, Target, Watch
from metrics.catalogue.rulebook import Both, broken, finding, hint
from metrics.errors import CatalogueError

if TYPE_CHECKING:
    from metrics.catalogue.catalogue import Catalogue
    from metrics.catalogue.target_files import TargetRows
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace


def rule_findings(
    kpis: Mapping[str, Kpi],
    entries: Mapping[str, Place],
    targets: Mapping[str, Place | TargetRows],
    layer: SemanticLayer,
    lineage: Lineage,
) -> list[Finding]:
    """Every broken rule, in the order of the files. ``targets`` says which entry gave a KPI's targets."""
    findings: list[Finding] = []
    for name, kpi in kpis.items():
        entry = entries[name]
        if name not in layer.metrics:
            findings.append(finding("metric-unknown", entry.where("id"), kpi=name, hint=hint(name, layer.metrics)))
            continue
        findings.extend(_references(kpi, entry, layer))
        findings.extend(_leaks(kpi, entry, lineage))
        findings.extend(_targets(kpi, targets[name], layer))
        findings.extend(_segments(kpi, entry, layer))
    findings.extend(_cycles(kpis, entries))
    findings.extend(driver_findings(kpis, entries, layer))
    return findings


def watch_findings(
    watched: Mapping[str, tuple[Watch, Place]], kpis: Mapping[str, Place], layer: SemanticLayer
) -> Iterator[Finding]:
    """Watched metrics that do not exist or are KPIs already. ``kpis``: where each KPI stands."""
    for name, (_, entry) in watched.items():
        if name not in layer.metrics:
            yield finding("watch-unknown", entry.where("metric"), name=name, hint=hint(name, layer.metrics))
        # A workspace that makes a watched metric a KPI cannot take it off the shipped list, and need not.
        elif name in kpis and (kpis[name].is_shipped or not entry.is_shipped):
            yield finding("watch-kpi", entry.where("metric"), name=name)


def small_cell_findings(ws: Workspace, catalogue: Catalogue, layer: SemanticLayer) -> Iterator[Finding]:
    """Keys of small_cells that would guard nothing, metrics that would publish what it guards or misstate its persons."""
    known = {segment_dimension(item) for name in catalogue.metrics for item in catalogue.segments(name)}
    for index, name in enumerate(ws.small_cells.dimensions if ws.small_cells else ()):
        if name not in known:
            where = ws.where("small_cells", "dimensions", index)
            yield finding("small-cells-dimension", where, name=name, hint=hint(name, known))
    entities = {name for model in layer.manifest.models.values() for name in model.entities} if ws.small_cells else set()
    if ws.small_cells and ws.small_cells.person not in entities:
        person = ws.small_cells.person
        yield finding("small-cells-person", ws.where("small_cells", "person"), name=person, hint=hint(person, entities))
    for name, guarded in guarded_by_filters(catalogue.metrics, ws.small_cells).items():
        yield finding("small-cells-filter", f"metric {name}", name=guarded[0], first=ws.where("small_cells"))
    for name, metric in catalogue.metrics.items():
        persons = metric.meta.get("persons", "none")
        if persons != "none" and persons not in catalogue.metrics:
            yield finding("metric-persons", f"metric {name}", name=persons, hint=hint(str(persons), catalogue.metrics))


def interval_findings(layer: SemanticLayer) -> Iterator[Finding]:
    """Metrics that declare an interval that is unknown or lacks what it needs."""
    for name, metric in layer.metrics.items():
        try:
            interval_of(name, metric.meta, layer.metrics)
        except CatalogueError as error:
            yield broken("metric-interval", error)


def _references(kpi: Kpi, entry: Place, layer: SemanticLayer) -> Iterator[Finding]:
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("leading_indicators", i, "kpi"), leader.kpi) for i, leader in enumerate(kpi.leading_indicators)
    ]
    named += [(("guardrails", i), guardrail) for i, guardrail in enumerate(kpi.guardrails)]
    named += [(("siblings", i), sibling) for i, sibling in enumerate(kpi.siblings)]
    named += [(("parent",), kpi.parent)] if kpi.parent else []
    for path, reference in named:
        field = path[0]
        if reference not in layer.metrics:
            near = hint(reference, layer.metrics)
            yield finding("reference-unknown", entry.where(*path), kpi=kpi.id, field=field, name=reference, hint=near)
        elif reference == kpi.id:
            yield finding("reference-self", entry.where(*path), kpi=kpi.id, field=field)


def _leaks(kpi: Kpi, entry: Place, lineage: Lineage) -> Iterator[Finding]:
    """Leading indicators that are made of what their outcome is made of."""
    for index, leader in enumerate(kpi.leading_indicators):
        if leader.kpi == kpi.id or not {leader.kpi, kpi.id} <= lineage.keys():
            continue
        both = shared_component(*(lineage[name].definition.components for name in (kpi.id, leader.kpi)))
        if both is not None:
            yield finding(
                "leader-component", entry.where("leading_indicators", index, "kpi"),
                kpi=kpi.id, name=leader.kpi, left=both[0].way, right=both[1].way,
            )  # fmt: skip


def _targets(kpi: Kpi, entry: Place | TargetRows, layer: SemanticLayer) -> Iterator[Finding]:
    direction = layer.metrics[kpi.id].meta.get("direction")
    if kpi.targets and direction not in ("up", "down"):
        yield finding("target-direction", entry.where("targets"), kpi=kpi.id)
    for index, target in enumerate(kpi.targets):
        if target.grain not in kpi.grains:
            yield finding(
                "target-grain", entry.where("targets", index, "grain"),
                kpi=kpi.id, grain=target.grain, known=", ".join(kpi.grains),
            )  # fmt: skip
        yield from _scope(kpi, target, entry.where("targets", index), layer)
        for earlier in kpi.targets[:index]:
            if _overlap(earlier, target):
                yield finding(
                    "target-overlap", entry.where("targets", index), kpi=kpi.id, later=target.from_, earlier=earlier.from_
                )
        if direction in ("up", "down"):
            yield from _order(kpi.id, target, entry.where("targets", index), direction)


def _scope(kpi: Kpi, target: Target, where: str, layer: SemanticLayer) -> Iterator[Finding]:
    """A segment by which no value is kept: the target would judge nothing."""
    items = kpi.segments if kpi.segments is not None else layer.metrics[kpi.id].meta.get("segments") or ()
    kept = [segment_dimension(item) for item in items]
    for name in target.scope:
        if name not in kept:
            yield finding("target-scope", where, kpi=kpi.id, name=name, known=", ".join(kept) or "–", hint=hint(name, kept))


def _order(kpi: str, target: Target, where: str, direction: str) -> Iterator[Finding]:
    """Floor, value and stretch have to get better in this order; equal ones would leave nothing between them."""
    given = {"floor": target.floor, "value": target.value, "stretch": target.stretch}
    steps = [(name, number) for name, number in given.items() if number is not None]
    for (worse, low), (better, high) in pairwise(steps):
        if high <= low if direction == "up" else high >= low:
            way = Both(en="more", zh="越高越好") if direction == "up" else Both(en="less", zh="越低越好")
            yield finding(
                "target-order", where, kpi=kpi, better=better, high=f"{high:g}", worse=worse, low=f"{low:g}", way=way
            )


def _overlap(left: Target, right: Target) -> bool:
    if (left.grain, left.scope) != (right.grain, right.scope):
        return False
    return (left.to is None or right.from_ <= left.to) and (right.to is None or left.from_ <= right.to)


def _segments(kpi: Kpi, entry: Place, layer: SemanticLayer) -> Iterator[Finding]:
    reachable = set(layer.dimensions(kpi.id)) if kpi.segments else set()
    for index, segment in enumerate(kpi.segments or ()):
        if segment not in reachable:
            near = hint(segment, reachable)
            yield finding("segment-unreachable", entry.where("segments", index), kpi=kpi.id, name=segment, hint=near)


def _cycles(kpis: Mapping[str, Kpi], entries: Mapping[str, Place]) -> Iterator[Finding]:
    """Each circle once; a KPI that names itself is told by another rule."""
    parents = {name: kpi.parent for name, kpi in kpis.items()}
    for name in kpis:
        way = circle(name, parents)
        if len(way) > 2 and name == min(way):
            yield finding("tree-cycle", entries[name].where("parent"), kpi=name, way=" -> ".join(way))
