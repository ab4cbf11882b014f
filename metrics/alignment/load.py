"""Load and check goals and pairs: those that ship and those of a workspace (kpis/goals.yml, kpis/pairs.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metrics.alignment.model import Goal, GoalFile, Pair, PairFile
from metrics.catalogue.documents import Place, by_id, circle, raise_first, read_documents, repeated, subject
from metrics.catalogue.findings import Finding
from metrics.catalogue.references import dimension_findings, grain_findings, unknown_metrics
from metrics.catalogue.rulebook import finding, hint

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace

SHIPPED_GOALS = Path(__file__).resolve().parents[1] / "kpis" / "goals.yml"
SHIPPED_PAIRS = Path(__file__).with_name("pairs.yml")


@dataclass(frozen=True)
class Alignment:
    """Goals and pairs by id."""

    goals: Mapping[str, Goal]
    pairs: Mapping[str, Pair]


def load_alignment(ws: Workspace, catalogue: Catalogue) -> Alignment:
    """Goals and pairs of a workspace. Raises CatalogueError with file and line on the first error."""
    alignment, findings = check_alignment(ws, catalogue)
    raise_first(findings)
    return alignment


def check_alignment(
    ws: Workspace, catalogue: Catalogue, shipped: Sequence[Path] = (SHIPPED_GOALS, SHIPPED_PAIRS)
) -> tuple[Alignment, list[Finding]]:
    """What could be read, and everything that is wrong with it. ``shipped``: the files of goals and of pairs."""
    goal_files, findings = read_documents(shipped[:1], [ws.root / "kpis" / "goals.yml"], GoalFile)
    pair_files, of_pairs = read_documents(shipped[1:], [ws.root / "kpis" / "pairs.yml"], PairFile)
    goals = [(one, file.place("goals", i)) for file in goal_files for i, one in enumerate(file.content.goals)]
    pairs = [(one, file.place("pairs", i)) for file in pair_files for i, one in enumerate(file.content.pairs)]
    found = Alignment(by_id((goal.id, goal) for goal, _ in goals), by_id((pair.id, pair) for pair, _ in pairs))
    return found, [
        *findings,
        *of_pairs,
        *repeated([(goal.id, place) for goal, place in goals], "goal"),
        *repeated([(pair.id, place) for pair, place in pairs], "pair"),
        *_goal_findings(goals, found, catalogue),
        *_pair_findings(pairs, catalogue),
        *_served_goals(catalogue, found),
    ]


def _goal_findings(goals: Sequence[tuple[Goal, Place]], found: Alignment, catalogue: Catalogue) -> Iterator[Finding]:
    parents = {name: goal.parent for name, goal in found.goals.items()}
    for goal, place in goals:
        about, above = subject("goal", goal.id), place.where("parent")
        if goal.parent and goal.parent not in found.goals:
            near = hint(goal.parent, found.goals)
            yield finding("goal-unknown", above, subject=about, field="parent", name=goal.parent, hint=near)
        elif way := circle(goal.id, parents):
            yield finding("tree-cycle", above, subject=about, way=" -> ".join(way))
        named: list[tuple[tuple[str | int, ...], str]] = [(("kpi",), goal.kpi)] if goal.kpi else []
        named += [(("loss_rate",), goal.loss_rate)] if goal.loss_rate else []
        for index, team in enumerate(goal.teams):
            named.append((("teams", index, "kpi"), team.kpi))
            named += [(("teams", index, "through", i), part) for i, part in enumerate(team.through) if isinstance(part, str)]
        yield from unknown_metrics(named, place, about, catalogue)
        for name in dict.fromkeys((goal.kpi, *(team.kpi for team in goal.teams))):
            if name is not None:
                yield from grain_findings(place.where("grain"), about, name, goal.grain, catalogue)


def _pair_findings(pairs: Sequence[tuple[Pair, Place]], catalogue: Catalogue) -> Iterator[Finding]:
    for pair, place in pairs:
        about = subject("pair", pair.id)
        # A workspace cannot mend a pair that ships: it is told and goes without that part.
        rule = "pair-dimension" if place.is_shipped else "dimension-without-values"
        for side, part in (("left", pair.left), ("right", pair.right)):
            named = [((side, "kpis", index), kpi) for index, kpi in enumerate(part.kpis)]
            if not place.is_shipped:
                yield from unknown_metrics(named, place, about, catalogue)
            for path, kpi in named:
                yield from dimension_findings(place.where(*path), about, kpi, pair.dimension, catalogue, rule)


def _served_goals(catalogue: Catalogue, found: Alignment) -> Iterator[Finding]:
    for kpi in catalogue.kpis.values():
        for goal in kpi.goals:
            if goal not in found.goals:
                where = catalogue.where.get(kpi.id, kpi.id)
                near = hint(goal, found.goals)
                yield finding("goal-unknown", where, kpi=kpi.id, field="goals", name=goal, hint=near)
