"""Load and check scorecards, sets and objectives: those that ship, and a workspace's scorecards/*.yml and kpis/okrs.yml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.alignment.load import unknown_metrics
from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.documents import Place, by_id, raise_first, read_documents, repeated, yaml_files
from metrics.catalogue.findings import Finding
from metrics.errors import did_you_mean
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
        *(finding for card, place in cards for finding in _card_findings(ws, card, place, catalogue)),
        *(finding for one, place in sets for finding in _set_findings(one, place, catalogue)),
        *_objective_findings(ws, goals, found.objectives, catalogue),
    ]


def _own_first(entry: tuple[object, Place]) -> bool:
    return entry[1].is_shipped


def _card_findings(ws: Workspace, card: Scorecard, place: Place, catalogue: Catalogue) -> Iterator[Finding]:
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
            yield from _rule_findings(card, item.weight_rule.metric, where, catalogue)
        for path, metric, segment in asked:
            for name in segment:
                yield from _segment_findings(ws, f"scorecard {card.id}", place.where(*path), metric, name, catalogue)
        if item.kpi not in catalogue.metrics:
            continue
        if item.grain and item.grain not in catalogue.grains(item.kpi):
            kept = ", ".join(catalogue.grains(item.kpi))
            said = f"scorecard {card.id}: {item.kpi} has no values by {item.grain}, only by {kept}."
            yield Finding(place.where("items", index, "grain"), said)
        if catalogue.direction(item.kpi) not in ("up", "down") and item.curve.points is None:
            yield Finding(
                place.where("items", index, "kpi"),
                f"scorecard {card.id}: {item.kpi} does not say which way is good, so a value cannot be scored. "
                "Give the item a curve with 'points'.",
            )
    if not place.is_shipped:
        yield from unknown_metrics(named, place, f"scorecard {card.id}", catalogue)


def _rule_findings(card: Scorecard, metric: str, where: str, catalogue: Catalogue) -> Iterator[Finding]:
    """A rule is evaluated in the scorecard's own periods: without values at that grain the written weight would stay."""
    if metric in catalogue.metrics and card.grain not in catalogue.grains(metric):
        kept = ", ".join(catalogue.grains(metric))
        yield Finding(
            where,
            f"scorecard {card.id}: {metric} has no values by {card.grain}, only by {kept}, so that its weight rule would "
            "never work. Take a metric that has, or the scorecard's 'grain' from these.",
        )


def _segment_findings(
    ws: Workspace, subject: str, where: str, metric: str, name: str, catalogue: Catalogue
) -> Iterator[Finding]:
    dimension = segment_dimension(name)
    if metric in catalogue.metrics:
        kept = {segment_dimension(item) for item in catalogue.segments(metric)}
        if dimension not in kept:
            hint = did_you_mean(dimension, kept) or f" It is kept by {', '.join(sorted(kept)) or 'no dimension'}."
            yield Finding(where, f"{subject}: {metric} has no values by '{dimension}'.{hint}")
    if ws.small_cells and dimension in ws.small_cells.dimensions:
        yield Finding(
            where, f"{subject}: small_cells guards {dimension}, so a score would tell what it withholds. Remove it."
        )


def _set_findings(one: KpiSet, place: Place, catalogue: Catalogue) -> Iterator[Finding]:
    if not place.is_shipped:
        named: list[tuple[tuple[Any, ...], str]] = [
            (("members", index, "kpi"), member.kpi) for index, member in enumerate(one.members)
        ]
        yield from unknown_metrics(named, place, f"set {one.id}", catalogue)


def _objective_findings(
    ws: Workspace, goals: Sequence[tuple[Objective, Place]], known: Mapping[str, Objective], catalogue: Catalogue
) -> Iterator[Finding]:
    for one, place in goals:
        named: list[tuple[tuple[str | int, ...], str]] = [
            (("key_results", index, "kpi"), result.kpi) for index, result in enumerate(one.key_results)
        ]
        named += [(("floors", index, "kpi"), floor.kpi) for index, floor in enumerate(one.floors)]
        yield from unknown_metrics(named, place, f"objective {one.id}", catalogue)
        parts = [("key_results", i, part.kpi, part.grain) for i, part in enumerate(one.key_results)]
        parts += [("floors", i, part.kpi, part.grain) for i, part in enumerate(one.floors)]
        for field, place_in_list, kpi, grain in parts:
            if kpi in catalogue.metrics and grain not in catalogue.grains(kpi):
                kept = ", ".join(catalogue.grains(kpi))
                said = f"objective {one.id}: {kpi} has no values by {grain}, only by {kept}."
                yield Finding(place.where(field, place_in_list), said)
        for index, result in enumerate(one.key_results):
            for name in result.segment:
                where = place.where("key_results", index, "segment")
                yield from _segment_findings(ws, f"objective {one.id}", where, result.kpi, name, catalogue)
        if one.parent and one.parent not in known:
            hint = did_you_mean(one.parent, known)
            yield Finding(place.where("parent"), f"objective {one.id}: parent names unknown objective '{one.parent}'.{hint}")
        elif one.id in (above := _above(one, known)):
            circle = " -> ".join([one.id, *above[: above.index(one.id) + 1]])
            yield Finding(place.where("parent"), f"objective {one.id}: parents form a circle: {circle}.")
        elif not one.key_results and not any(child.parent == one.id for child, _ in goals):
            said = f"objective {one.id} has no key result and no objective below it. Add one."
            yield Finding(place.where(), said)


def _above(one: Objective, known: Mapping[str, Objective]) -> list[str]:
    found: list[str] = []
    current = one.parent
    while current is not None and current in known and current not in found:
        found.append(current)
        current = known[current].parent
    return found
