"""Load and check scorecards, sets and objectives: those that ship, and a workspace's scorecards/*.yml and kpis/okrs.yml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.documents import Place, by_id, circle, raise_first, read_documents, repeated, subject, yaml_files
from metrics.catalogue.findings import Finding
from metrics.catalogue.references import dimension_findings, grain_findings, unknown_metrics
from metrics.catalogue.rulebook import Both, finding, hint
from metrics.scorecards.model import KpiSet, Scorecard, ScorecardFile
from metrics.scorecards.okr_model import Objective, OkrFile

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace

SHIPPED = Path(__file__).parent


@dataclass(frozen=True)
class Scorecards:
    """Scorecards, sets and objectives by id."""

    cards: Mapping[str, Scorecard]
    sets: Mapping[str, KpiSet]
    objectives: Mapping[str, Objective]


def load_scorecards(ws: Workspace, catalogue: Catalogue) -> Scorecards:
    """What a workspace has of them. Raises CatalogueError with file and line on the first error."""
    found, findings = check_scorecards(ws, catalogue)
    raise_first(findings)
    return found


def check_scorecards(ws: Workspace, catalogue: Catalogue, shipped: Path = SHIPPED) -> tuple[Scorecards, list[Finding]]:
    """What could be read, and everything that is wrong with it.

    A scorecard or set of a workspace takes the place of the one that ships under the same id.
    A metric that shipped files name and this workspace's project lacks is not connected; a workspace's own must exist.
    """
    files, findings = read_documents(yaml_files(shipped), yaml_files(ws.root / "scorecards"), ScorecardFile)
    okr_files, of_okrs = read_documents((), [ws.root / "kpis" / "okrs.yml"], OkrFile)
    cards = [(one, file.place("scorecards", i)) for file in files for i, one in enumerate(file.content.scorecards)]
    sets = [(one, file.place("sets", i)) for file in files for i, one in enumerate(file.content.sets)]
    goals = [(one, file.place("objectives", i)) for file in okr_files for i, one in enumerate(file.content.objectives)]
    found = Scorecards(
        by_id((card.id, card) for card, _ in sorted(cards, key=_own_first)),
        by_id((one.id, one) for one, _ in sorted(sets, key=_own_first)),
        by_id((one.id, one) for one, _ in goals),
    )
    return found, [
        *findings,
        *of_okrs,
        *repeated([(card.id, place) for card, place in cards if not place.is_shipped], "scorecard"),
        *repeated([(one.id, place) for one, place in sets if not place.is_shipped], "set"),
        *repeated([(one.id, place) for one, place in goals], "objective"),
        *(found for card, place in cards for found in _card_findings(ws, card, place, catalogue)),
        *(found for one, place in sets for found in _set_findings(one, place, catalogue)),
        *_objective_findings(ws, goals, found.objectives, catalogue),
    ]


def _own_first(entry: tuple[object, Place]) -> bool:
    return entry[1].is_shipped


def _card_findings(ws: Workspace, card: Scorecard, place: Place, catalogue: Catalogue) -> Iterator[Finding]:
    about = subject("scorecard", card.id)
    named: list[tuple[tuple[str | int, ...], str]] = []
    for index, item in enumerate(card.items):
        named.append((("items", index, "kpi"), item.kpi))
        asked: list[tuple[tuple[str | int, ...], str, dict[str, str]]] = [
            (("items", index, "segment"), item.kpi, item.segment)
        ]
        if item.weight_rule:
            named.append((("items", index, "weight_rule", "metric"), item.weight_rule.metric))
            of_rule = ("items", index, "weight_rule", "segment")
            asked.append((of_rule, item.weight_rule.metric, item.weight_rule.segment))
            where = place.where("items", index, "weight_rule", "metric")
            # Evaluated in the scorecard's own periods: without values at that grain the written weight would stay.
            yield from grain_findings(where, about, item.weight_rule.metric, card.grain, catalogue, "weight-rule-grain")
        for path, metric, segment in asked:
            for name in segment:
                yield from _segment_findings(ws, about, place.where(*path), metric, name, catalogue)
        if item.kpi not in catalogue.metrics:
            continue
        if item.grain:
            yield from grain_findings(place.where("items", index, "grain"), about, item.kpi, item.grain, catalogue)
        if catalogue.direction(item.kpi) not in ("up", "down") and item.curve.points is None:
            yield finding("score-direction", place.where("items", index, "kpi"), subject=about, metric=item.kpi)
    if not place.is_shipped:
        yield from unknown_metrics(named, place, about, catalogue)


def _segment_findings(
    ws: Workspace, about: Both, where: str, metric: str, name: str, catalogue: Catalogue
) -> Iterator[Finding]:
    dimension = segment_dimension(name)
    yield from dimension_findings(where, about, metric, dimension, catalogue)
    if ws.small_cells and dimension in ws.small_cells.dimensions:
        yield finding("score-small-cells", where, subject=about, name=dimension)


def _set_findings(one: KpiSet, place: Place, catalogue: Catalogue) -> Iterator[Finding]:
    if not place.is_shipped:
        named: list[tuple[tuple[Any, ...], str]] = [
            (("members", index, "kpi"), member.kpi) for index, member in enumerate(one.members)
        ]
        yield from unknown_metrics(named, place, subject("set", one.id), catalogue)


def _objective_findings(
    ws: Workspace, goals: Sequence[tuple[Objective, Place]], known: Mapping[str, Objective], catalogue: Catalogue
) -> Iterator[Finding]:
    parents = {name: one.parent for name, one in known.items()}
    for one, place in goals:
        about, above = subject("objective", one.id), place.where("parent")
        named: list[tuple[tuple[str | int, ...], str]] = [
            (("key_results", index, "kpi"), result.kpi) for index, result in enumerate(one.key_results)
        ]
        named += [(("floors", index, "kpi"), floor.kpi) for index, floor in enumerate(one.floors)]
        yield from unknown_metrics(named, place, about, catalogue)
        parts = [("key_results", i, part.kpi, part.grain) for i, part in enumerate(one.key_results)]
        parts += [("floors", i, part.kpi, part.grain) for i, part in enumerate(one.floors)]
        for field, place_in_list, kpi, grain in parts:
            yield from grain_findings(place.where(field, place_in_list), about, kpi, grain, catalogue)
        for index, result in enumerate(one.key_results):
            for name in result.segment:
                where = place.where("key_results", index, "segment")
                yield from _segment_findings(ws, about, where, result.kpi, name, catalogue)
        if one.parent and one.parent not in known:
            near = hint(one.parent, known)
            yield finding("objective-unknown", above, subject=about, field="parent", name=one.parent, hint=near)
        elif way := circle(one.id, parents):
            yield finding("tree-cycle", above, subject=about, way=" -> ".join(way))
        elif not one.key_results and not any(child.parent == one.id for child, _ in goals):
            yield finding("objective-empty", place.where(), subject=about)
