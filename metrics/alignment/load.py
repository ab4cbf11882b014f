"""Load and check goals and pairs: those that ship and those of a workspace (kpis/goals.yml, kpis/pairs.yml)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from metrics.alignment.model import Goal, GoalFile, Pair, PairFile
from metrics.catalogue.catalogue import segment_dimension
from metrics.catalogue.documents import Place, by_id, raise_first, read_documents, repeated
from metrics.catalogue.findings import Finding
from metrics.catalogue.rulebook import finding, hint
from metrics.errors import did_you_mean

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
    for goal, place in goals:
        if goal.parent and (goal.parent not in found.goals or goal.parent == goal.id):
            hint = did_you_mean(goal.parent, found.goals)
            yield Finding(place.where("parent"), f"goal {goal.id}: parent names unknown goal '{goal.parent}'.{hint}")
        named: list[tuple[tuple[str | int, ...], str]] = [(("kpi",), goal.kpi)] if goal.kpi else []
        named += [(("loss_rate",), goal.loss_rate)] if goal.loss_rate else []
        for index, team in enumerate(goal.teams):
            named.append((("teams", index, "kpi"), team.kpi))
            named += [(("teams", index, "through", i), part) for i, part in enumerate(team.through) if isinstance(part, str)]
        yield from unknown_metrics(named, place, f"goal {goal.id}", catalogue)
        yield from _wrong_grains(goal, place, catalogue)


def _wrong_grains(goal: Goal, place: Place, catalogue: Catalogue) -> Iterator[Finding]:
    for name in {goal.kpi, *(team.kpi for team in goal.teams)} & catalogue.metrics.keys():
        if name is not None and goal.grain not in catalogue.grains(name):
            kept = ", ".join(catalogue.grains(name))
            yield Finding(place.where("grain"), f"goal {goal.id}: {name} has no values by {goal.grain}, only by {kept}.")


def _pair_findings(pairs: Sequence[tuple[Pair, Place]], catalogue: Catalogue) -> Iterator[Finding]:
    for pair, place in pairs:
        for side, part in (("left", pair.left), ("right", pair.right)):
            named = [((side, "kpis", index), kpi) for index, kpi in enumerate(part.kpis)]
            if not place.is_shipped:
                yield from unknown_metrics(named, place, f"pair {pair.id}", catalogue)
            for path, kpi in named:
                kept = {segment_dimension(item) for item in catalogue.segments(kpi)} if kpi in catalogue.metrics else None
                if kept is not None and pair.dimension not in kept:
                    hint = did_you_mean(pair.dimension, kept) or f" It is kept by {', '.join(sorted(kept)) or 'none'}."
                    severity = "warning" if place.is_shipped else "error"
                    said = f"pair {pair.id}: {kpi} has no values by '{pair.dimension}'.{hint}"
                    yield Finding(place.where(*path), said, severity)  # type: ignore[arg-type]


def unknown_metrics(
    named: Sequence[tuple[tuple[str | int, ...], str]], place: Place, subject: str, catalogue: Catalogue
) -> Iterator[Finding]:
    """One finding per name that is no metric. ``named``: path of the field, name."""
    for path, name in named:
        if name not in catalogue.metrics:
            hint = did_you_mean(name, catalogue.metrics) or " `kpi list --all` shows all."
            yield Finding(place.where(*path), f"{subject}: {_field(path)} names unknown metric '{name}'.{hint}")


def _field(path: Sequence[str | int]) -> str:
    return str(next(part for part in reversed(path) if isinstance(part, str)))


def _served_goals(catalogue: Catalogue, found: Alignment) -> Iterator[Finding]:
    for kpi in catalogue.kpis.values():
        for goal in kpi.goals:
            if goal not in found.goals:
                where = catalogue.where.get(kpi.id, kpi.id)
                yield finding("goal-unknown", where, kpi=kpi.id, name=goal, hint=hint(goal, found.goals))
