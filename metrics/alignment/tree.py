"""The driver tree: which KPI serves which goal, which is computed from which, which moves which, which stand side by side.

Formula edges come from ``drivers`` of the parent, so that they can be checked; everything else is a claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from metrics.catalogue.drivers import parse_drivers

if TYPE_CHECKING:
    from metrics.alignment.load import Alignment
    from metrics.catalogue import Catalogue

Relation = Literal["goal", "team", "formula", "influence", "sibling"]


@dataclass(frozen=True)
class Edge:
    """``child`` serves ``parent``. ``relation`` goal: a KPI (or a goal) serves a goal; team: a team's KPI in a goal's
    cascade. ``formula``: that of the parent, on formula edges."""

    parent_kind: Literal["goal", "kpi"]
    parent: str
    child: str
    relation: Relation
    formula: str | None = None


def tree_edges(catalogue: Catalogue, alignment: Alignment) -> list[Edge]:
    """Every edge once; a formula edge hides the influence edge between the same two."""
    found: dict[tuple[str, str, str, bool], Edge] = {}
    for edge in (*_goal_edges(catalogue, alignment), *_formula_edges(catalogue), *_claimed_edges(catalogue)):
        found.setdefault((edge.parent_kind, edge.parent, edge.child, edge.relation == "sibling"), edge)
    return list(found.values())


def _goal_edges(catalogue: Catalogue, alignment: Alignment) -> Iterator[Edge]:
    for goal in alignment.goals.values():
        if goal.parent:
            yield Edge("goal", goal.parent, f"goal:{goal.id}", "goal")
        if goal.kpi:
            yield Edge("goal", goal.id, goal.kpi, "goal")
        for team in goal.teams:
            yield Edge("goal", goal.id, team.kpi, "team")
    for kpi in catalogue.kpis.values():
        for name in kpi.goals:
            yield Edge("goal", name, kpi.id, "goal")


def _formula_edges(catalogue: Catalogue) -> Iterator[Edge]:
    for kpi in catalogue.kpis.values():
        for name in parse_drivers(kpi.drivers).metrics if kpi.drivers else ():
            yield Edge("kpi", kpi.id, name, "formula", kpi.drivers)


def _claimed_edges(catalogue: Catalogue) -> Iterator[Edge]:
    seen: set[frozenset[str]] = set()
    for kpi in catalogue.kpis.values():
        if kpi.parent:
            parent = catalogue.kpis.get(kpi.parent)
            formula = parent.drivers if parent else None
            is_term = formula is not None and kpi.id in parse_drivers(formula).metrics
            yield Edge("kpi", kpi.parent, kpi.id, "formula" if is_term else "influence", formula if is_term else None)
        for sibling in kpi.siblings:
            # said by one of both is said: once
            if frozenset((kpi.id, sibling)) not in seen:
                seen.add(frozenset((kpi.id, sibling)))
                yield Edge("kpi", kpi.id, sibling, "sibling")


def edge_rows(catalogue: Catalogue, edges: Sequence[Edge]) -> list[tuple[object, ...]]:
    """The rows of mart.kpi_tree."""
    return [
        (edge.parent_kind, edge.parent, edge.child, edge.relation, edge.formula, _team(catalogue, edge.parent),
         _team(catalogue, edge.child), _connected(catalogue, edge.child))
        for edge in edges
    ]  # fmt: skip


def _team(catalogue: Catalogue, name: str) -> str | None:
    return catalogue.kpis[name].team if name in catalogue.kpis else None


def _connected(catalogue: Catalogue, name: str) -> bool:
    return name.startswith("goal:") or (name in catalogue.metrics and catalogue.connected(name))
