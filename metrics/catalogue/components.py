"""Which measures a metric is made of, by which way, and whether two metrics share one.

A leading indicator that shares a measure with its outcome "predicts" it by arithmetic. Two cases are no leak: two rates of
the same base (carts / visits and orders / visits), where the shared measure only takes the size of the day out of both, and
parts of a measure that share no row (orders of Germany and orders of France).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from metrics.catalogue.project import Json, Project
from metrics.errors import QueryError

# Texts that a column of booleans or numbers may mean the same by.
_NOT_WORDS = frozenset({"true", "t", "yes", "y", "on", "false", "f", "no", "n", "off", "inf", "infinity", "nan"})


@dataclass(frozen=True)
class Component:
    """One way from a metric down to a measure.

    ``column``: table, date and expression behind the measure; equal for the same numbers under two names. ``through``: the
    metrics on the way, the metric itself first. ``is_base``: it is only divided by on this way. ``filters``: the conditions
    gathered on the way, over names of ``model``.
    """

    measure: str
    column: tuple[str, str, str]
    through: tuple[str, ...]
    is_base: bool
    model: str
    filters: tuple[str, ...]

    @property
    def way(self) -> str:
        """``revenue -> orders -> measure order_count``."""
        return " -> ".join([*self.through, f"measure {self.measure}"])


def components_of(project: Project, metric: Json) -> Iterator[Component]:
    """Every way from a metric down to a measure."""
    yield from _components(project, metric, (), (), is_base=False)


def shared_component(outcome: Sequence[Component], indicator: Sequence[Component]) -> tuple[Component, Component] | None:
    """The ways of both metrics to the first measure that they share.

    None where they share only the base of two rates, or only measures of which each counts other rows.
    """
    for left in outcome:
        for right in indicator:
            if left.column == right.column and not (left.is_base and right.is_base) and not _are_disjoint(left, right):
                return left, right
    return None


def _are_disjoint(left: Component, right: Component) -> bool:
    """Whether both ways ask one name of one model for different words, so that no row is counted on both."""
    if left.model != right.model or not (left.filters and right.filters):
        return False
    asked = _words(right.filters)
    return any(word != asked.get(name, word) for name, word in _words(left.filters).items())


def _words(filters: Sequence[str]) -> dict[str, str]:
    """Name -> the word that it has to equal, from conditions all of which hold.

    Words only: texts that differ may be equal as numbers, dates or booleans. Nothing is known of a condition that cannot be
    read here.
    """
    from sqlglot import exp

    from metrics.semantic.filters import parse_filter

    found = {}
    for text in filters:
        with suppress(QueryError):
            for condition in parse_filter(text, True):
                sides = [condition.tree.left, condition.tree.right] if isinstance(condition.tree, exp.EQ) else []
                words = [side.this.casefold() for side in sides if isinstance(side, exp.Literal) and side.is_string]
                if [type(side) for side in sides].count(exp.Column) == len(words) == 1 and _is_word(words[0]):
                    name = condition.references[0].name
                    if not name.grain and not name.is_metric_time:
                        found[str(name)] = words[0]
    return found


def _is_word(text: str) -> bool:
    return text[:1].isalpha() and text not in _NOT_WORDS


def _components(
    project: Project, metric: Json, through: tuple[str, ...], filters: tuple[str, ...], *, is_base: bool
) -> Iterator[Component]:
    through = (*through, metric["name"])
    base = ((metric["type_params"].get("conversion_type_params") or {}).get("base_measure") or {}).get("name")
    filters = (*filters, *_filters(metric))
    for reference in project.direct_measures(metric):
        name = reference["name"]
        # The conditions of a conversion are those of its base alone, and its events are counted for other rows.
        own = (*filters, *_filters(reference)) if base is None else ()
        model, _ = project.measures[name]
        yield Component(name, _column(project, name), through, is_base != (name == base), model["name"], own)
    for reference, divides in _inputs(project, metric):
        below = (*filters, *_filters(reference))
        yield from _components(project, project.metrics[reference["name"]], through, below, is_base=is_base != divides)


def _filters(definition: Json) -> tuple[str, ...]:
    """The conditions of a metric, or of its reference to a measure or another metric."""
    return tuple(one["where_sql_template"] for one in (definition.get("filter") or {}).get("where_filters") or ())


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
