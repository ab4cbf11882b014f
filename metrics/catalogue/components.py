"""Which measures a metric is made of, by which way, and whether two metrics share one.

A leading indicator that shares a measure with its outcome "predicts" it by arithmetic. One case is no leak: two rates of
the same base (carts / visits and orders / visits). There the shared measure only takes the size of the day out of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from metrics.catalogue.project import Json, Project


@dataclass(frozen=True)
class Component:
    """One way from a metric down to a measure.

    ``column``: table, date and expression behind the measure; equal for the same numbers under two names. ``through``: the
    metrics on the way, the metric itself first. ``is_base``: it is only divided by on this way.
    """

    measure: str
    column: tuple[str, str, str]
    through: tuple[str, ...]
    is_base: bool

    @property
    def way(self) -> str:
        """``revenue -> orders -> measure order_count``."""
        return " -> ".join([*self.through, f"measure {self.measure}"])


def components_of(project: Project, metric: Json) -> Iterator[Component]:
    """Every way from a metric down to a measure."""
    yield from _components(project, metric, (), is_base=False)


def shared_component(outcome: Sequence[Component], indicator: Sequence[Component]) -> tuple[Component, Component] | None:
    """The ways of both metrics to the first measure that they share; None where they share only the base of two rates."""
    for left in outcome:
        for right in indicator:
            if left.column == right.column and not (left.is_base and right.is_base):
                return left, right
    return None


def _components(project: Project, metric: Json, through: tuple[str, ...], *, is_base: bool) -> Iterator[Component]:
    through = (*through, metric["name"])
    base = ((metric["type_params"].get("conversion_type_params") or {}).get("base_measure") or {}).get("name")
    for reference in project.direct_measures(metric):
        name = reference["name"]
        yield Component(name, _column(project, name), through, is_base != (name == base))
    for reference, divides in _inputs(project, metric):
        yield from _components(project, project.metrics[reference["name"]], through, is_base=is_base != divides)


def _column(project: Project, measure_name: str) -> tuple[str, str, str]:
    model, measure = project.measures[measure_name]
    table = (model.get("node_relation") or {}).get("alias") or model["name"]
    time = measure.get("agg_time_dimension") or (model.get("defaults") or {}).get("agg_time_dimension")
    return table, str(time), "".join(str(measure.get("expr") or measure_name).lower().split())


def _inputs(project: Project, metric: Json) -> Iterator[tuple[Json, bool]]:
    """The metric's inputs, each with whether it is divided by; twice when it is both."""
    params = metric["type_params"]
    if metric["type"] == "ratio":
        yield params["numerator"], False
        yield params["denominator"], True
        return
    roles = _roles(params.get("expr")) if metric["type"] == "derived" else {}
    for reference in project.direct_inputs(metric):
        for divides in sorted(roles.get(str(reference.get("alias") or reference["name"]).lower(), {False})):
            yield reference, divides


def _roles(expression: str | None) -> dict[str, set[bool]]:
    """Name in a formula -> whether it stands below a line of division: False, True, or both."""
    import sqlglot

    found: dict[str, set[bool]] = {}
    for column in sqlglot.parse_one(expression or "", dialect="duckdb").find_all(sqlglot.exp.Column):
        found.setdefault(column.name.lower(), set()).add(_is_divisor(column))
    return found


def _is_divisor(column: Any) -> bool:
    import sqlglot

    below, node = False, column
    while node.parent is not None:
        if isinstance(node.parent, sqlglot.exp.Div) and node.parent.expression is node:
            below = not below
        node = node.parent
    return below
