"""Rules across fields, KPIs and metrics that a single field cannot check by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.components import shared_component
from metrics.catalogue.findings import Finding
from metrics.catalogue.guarded_filters import guarded_by_filters
from metrics.catalogue.intervals import interval_of
from metrics.catalogue.lineage import Lineage
from metrics.catalogue.model import Kpi, Target, Watch
from metrics.errors import CatalogueError, did_you_mean

if TYPE_CHECKING:
    from metrics.catalogue.catalogue import Catalogue
    from metrics.catalogue.load import Entry
    from metrics.catalogue.target_files import TargetRows
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace


def rule_findings(
    kpis: Mapping[str, Kpi],
    entries: Mapping[str, Entry],
    targets: Mapping[str, Entry | TargetRows],
    layer: SemanticLayer,
    lineage: Lineage,
) -> list[Finding]:
    """Every broken rule, in the order of the files. ``targets`` says which entry gave a KPI's targets."""
    findings: list[Finding] = []
    for name, kpi in kpis.items():
        entry = entries[name]
        if name not in layer.metrics:
            hint = did_you_mean(name, layer.metrics) or " A KPI's id is the name of its metric."
            findings.append(Finding(entry.where("id"), f"{name} uses unknown metric '{name}'.{hint}"))
            continue
        findings.extend(_references(kpi, entry, layer))
        findings.extend(_leaks(kpi, entry, lineage))
        findings.extend(_targets(kpi, targets[name], layer))
        findings.extend(_segments(kpi, entry, layer))
    findings.extend(_cycles(kpis, entries))
    return findings


def watch_findings(
    watched: Mapping[str, tuple[Watch, Entry]], kpis: Mapping[str, Kpi], layer: SemanticLayer
) -> Iterator[Finding]:
    """Watched metrics that do not exist or are KPIs already."""
    for name, (_, entry) in watched.items():
        if name not in layer.metrics:
            yield Finding(entry.where("metric"), f"watched: unknown metric '{name}'.{did_you_mean(name, layer.metrics)}")
        elif name in kpis and entry.is_shipped:
            yield Finding(entry.where("metric"), f"watched: {name} is a KPI; its own threshold decides. Remove it here.")


def small_cell_findings(ws: Workspace, catalogue: Catalogue, layer: SemanticLayer) -> Iterator[Finding]:
    """Keys of small_cells that would guard nothing, metrics that would publish what it guards or misstate its persons."""
    known = {segment_dimension(item) for name in catalogue.metrics for item in catalogue.segments(name)}
    for index, name in enumerate(ws.small_cells.dimensions if ws.small_cells else ()):
        if name not in known:
            yield Finding(
                ws.where("small_cells", "dimensions", index),
                f"small_cells: no metric is split by '{name}', so nothing would be withheld.{did_you_mean(name, known)}",
            )
    entities = {name for model in layer.manifest.models.values() for name in model.entities} if ws.small_cells else set()
    if ws.small_cells and ws.small_cells.person not in entities:
        person = ws.small_cells.person
        hint = did_you_mean(person, entities) or " Name the entity that is a person."
        yield Finding(
            ws.where("small_cells", "person"),
            f"small_cells: no semantic model has the entity '{person}', so rows would be counted as persons.{hint}",
        )
    for name, guarded in guarded_by_filters(catalogue.metrics, ws.small_cells).items():
        yield Finding(
            f"metric {name}",
            f"a filter names {guarded[0]}, which small_cells guards, so its total would show the segment. "
            f"Leave the filter out, or take {guarded[0]} off small_cells ({ws.where('small_cells')}).",
        )
    for name, metric in catalogue.metrics.items():
        persons = metric.meta.get("persons", "none")
        if persons != "none" and persons not in catalogue.metrics:
            hint = did_you_mean(str(persons), catalogue.metrics) or " Name a metric that counts persons, or none."
            yield Finding(f"metric {name}", f"meta.persons is unknown metric '{persons}'.{hint}")


def interval_findings(layer: SemanticLayer) -> Iterator[Finding]:
    """Metrics that declare an interval that is unknown or lacks what it needs."""
    for name, metric in layer.metrics.items():
        try:
            interval_of(name, metric.meta, layer.metrics)
        except CatalogueError as error:
            where, _, message = str(error).partition(": ")
            yield Finding(where, message)


def _references(kpi: Kpi, entry: Entry, layer: SemanticLayer) -> Iterator[Finding]:
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("leading_indicators", i, "kpi"), leader.kpi) for i, leader in enumerate(kpi.leading_indicators)
    ]
    named += [(("guardrails", i), guardrail) for i, guardrail in enumerate(kpi.guardrails)]
    named += [(("parent",), kpi.parent)] if kpi.parent else []
    for path, reference in named:
        field = path[0]
        if reference not in layer.metrics:
            yield Finding(
                entry.where(*path),
                f"{kpi.id}: {field} names unknown metric '{reference}'.{did_you_mean(reference, layer.metrics)}",
            )
        elif reference == kpi.id:
            yield Finding(entry.where(*path), f"{kpi.id}: {field} names the KPI itself. Remove it.")


def _leaks(kpi: Kpi, entry: Entry, lineage: Lineage) -> Iterator[Finding]:
    """Leading indicators that are made of what their outcome is made of."""
    for index, leader in enumerate(kpi.leading_indicators):
        if leader.kpi == kpi.id or not {leader.kpi, kpi.id} <= lineage.keys():
            continue
        both = shared_component(*(lineage[name].definition.components for name in (kpi.id, leader.kpi)))
        if both is not None:
            yield Finding(
                entry.where("leading_indicators", index, "kpi"),
                f"{kpi.id}: leading indicator '{leader.kpi}' is a part of its own outcome: both are made of the same "
                f"measure ({both[0].way}; {both[1].way}), so it would predict it by arithmetic. "
                "Name an indicator that is made of other measures, or remove it.",
            )


def _targets(kpi: Kpi, entry: Entry | TargetRows, layer: SemanticLayer) -> Iterator[Finding]:
    if kpi.targets and layer.metrics[kpi.id].meta.get("direction") not in ("up", "down"):
        yield Finding(
            entry.where("targets"),
            f"{kpi.id} has a target, but its metric does not say which way is good. Set meta.direction to up or down.",
        )
    for index, target in enumerate(kpi.targets):
        if target.grain not in kpi.grains:
            yield Finding(
                entry.where("targets", index, "grain"),
                f"{kpi.id}: target for grain '{target.grain}', but values are kept for {', '.join(kpi.grains)}.",
            )
        for earlier in kpi.targets[:index]:
            if _overlap(earlier, target):
                yield Finding(
                    entry.where("targets", index),
                    f"{kpi.id}: target from {target.from_} overlaps the one from {earlier.from_} for the same grain and"
                    " scope. End the earlier one with 'to:'.",
                )


def _overlap(left: Target, right: Target) -> bool:
    if (left.grain, left.scope) != (right.grain, right.scope):
        return False
    return (left.to is None or right.from_ <= left.to) and (right.to is None or left.from_ <= right.to)


def _segments(kpi: Kpi, entry: Entry, layer: SemanticLayer) -> Iterator[Finding]:
    reachable = set(layer.dimensions(kpi.id)) if kpi.segments else set()
    for index, segment in enumerate(kpi.segments or ()):
        if segment not in reachable:
            yield Finding(
                entry.where("segments", index),
                f"{kpi.id} cannot be split by '{segment}'.{did_you_mean(segment, reachable)}",
            )


def _cycles(kpis: Mapping[str, Kpi], entries: Mapping[str, Entry]) -> Iterator[Finding]:
    for name in kpis:
        seen, current = [name], kpis[name].parent
        while current is not None and current in kpis and current not in seen:
            seen.append(current)
            current = kpis[current].parent
        if current == name and len(seen) > 1 and name == min(seen):
            yield Finding(entries[name].where("parent"), f"{name}: parents form a circle: {' -> '.join([*seen, name])}.")
