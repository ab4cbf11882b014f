"""How many persons are behind each segment value, for the cells that readers may not see.

A value of a fact that has the workspace's person entity is judged by its distinct persons; any other by its number of
observations, which are at least as many. ``config.meta.persons`` of a metric says it otherwise: the name of a metric that
counts its persons, or ``none`` for what says nothing about persons, such as ad spend.

A person may be in several segments (channels, devices) of a period. How often that is so is found by counting the persons
of the period without the segments.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.catalogue import segment_dimension
from metrics.catalogue.definitions import Reach
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.manifest import parse_manifest
from metrics.values.small_cells import NO_PERSONS, Cell, Parts, Place

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.workspace.small_cells import SmallCells

_PREFIX = "persons_of_"
# (semantic model, group-by item's dimension) -> (period, member) -> distinct persons; dimension and member "": in total
Counted = Mapping[tuple[str, str], Mapping[tuple[date, str], int]]


def metric_parts(catalogue: Catalogue) -> dict[str, Parts]:
    """What each metric is computed from, with the metric that counts its observations."""
    inputs = {name: _inputs(catalogue, name) for name in catalogue.metrics}
    found = {}
    for name, own in inputs.items():
        counted_by = _counted_by(catalogue, name)
        counting = ({counted_by} | inputs[counted_by]) if counted_by else set()
        reach = catalogue.lineage[name].definition.reach
        found[name] = Parts(
            names=frozenset((own | counting) - {name}),
            is_shifted=reach != Reach(),
            is_personal=not all(_is_impersonal(catalogue, part) for part in _atoms(inputs, name)),
        )
    return found


def read_persons(
    con: duckdb.DuckDBPyConnection, manifest: Path, catalogue: Catalogue, parts: Mapping[str, Parts], rules: SmallCells
) -> tuple[dict[Cell, float | None], dict[Place, float]]:
    """Persons behind every current segment value of the rules' dimensions at their grain; None where it is unknown.

    And for each metric, dimension and period by how much these, added up, may exceed its distinct persons.
    """
    rows = con.execute(
        """select metric, segment_dimension, period_start, segment_value, n
        from mart.kpi_current
        where grain = $grain and list_contains($dimensions, segment_dimension)""",
        {"grain": rules.grain, "dimensions": list(rules.dimensions)},
    ).fetchall()
    observed = {Cell(*row[:4]): row[4] for row in rows}
    counted = _count_persons(con, manifest, catalogue, rules)
    kept = {(cell.metric, cell.dimension) for cell in observed}
    persons = {cell: _persons(cell, n, observed, counted, kept, catalogue, parts) for cell, n in observed.items()}
    twice = _counted_twice(counted)
    return persons, {place: _repeated(place, twice, catalogue) for place in {cell[:3] for cell in observed}}


def _counted_twice(counted: Counted) -> dict[tuple[str, str, date], int]:
    """(Model, dimension, period) -> the persons of all members added up, less the distinct persons of the period."""
    found: Counter[tuple[str, str, date]] = Counter()
    for (model, dimension), by_member in counted.items():
        for (period, _), count in by_member.items():
            found[model, dimension, period] += count
    return {
        (model, dimension, period): count - counted[model, ""].get((period, ""), 0)
        for (model, dimension, period), count in found.items()
    }


def _repeated(place: Place, twice: Mapping[tuple[str, str, date], int], catalogue: Catalogue) -> float:
    metric, dimension, period = place
    meta = catalogue.metric(metric).meta
    counting = [str(meta[key]) for key in ("n", "persons") if meta.get(key) in catalogue.metrics]
    # Observations are in one member each. What does not add up (distinct visitors) may be in all of them.
    if any(catalogue.metric(name).meta.get("additivity") != "additive" for name in counting):
        return math.inf
    if _inputs(catalogue, metric):
        return 0
    models = catalogue.lineage[metric].definition.models
    return max((twice.get((model, dimension, period), 0) for model in models), default=0)


def _persons(
    cell: Cell,
    n: int | None,
    observed: Mapping[Cell, int | None],
    counted: Counted,
    kept: set[tuple[str, str]],
    catalogue: Catalogue,
    parts: Mapping[str, Parts],
) -> float | None:
    if not parts[cell.metric].is_personal:
        return NO_PERSONS
    inputs = _inputs(catalogue, cell.metric)
    if inputs:
        # A rate is as small as what it divides by; what it is computed from is judged for itself.
        is_covered = all((name, cell.dimension) in kept for name in inputs)
        return n if n is not None else (NO_PERSONS if is_covered else None)
    named = catalogue.metric(cell.metric).meta.get("persons")
    known = [n, observed.get(cell._replace(metric=named)) if named else None]
    for model in catalogue.lineage[cell.metric].definition.models:
        # Nobody at all where there are values: the facts do not say who it was.
        known.append(counted.get((model, cell.dimension), {}).get((cell.period, cell.member)) or None)
    return min((count for count in known if count is not None), default=None)


def _inputs(catalogue: Catalogue, name: str) -> set[str]:
    """The metrics that a metric is computed from, all the way down; of a metric over time, those of the same measure."""
    definition = catalogue.lineage[name].definition
    inputs = {part for component in definition.components for part in component.through} - {name}
    if inputs or definition.reach == Reach():
        return inputs
    columns = {component.column for component in definition.components}
    return {
        other
        for other, found in catalogue.lineage.items()
        if found.definition.reach == Reach()
        and len(found.definition.components) == 1
        and found.definition.components[0].column in columns
    }


def _atoms(inputs: Mapping[str, set[str]], name: str) -> list[str]:
    return [part for part in inputs[name] if not inputs[part]] or [name]


def _counted_by(catalogue: Catalogue, name: str) -> str | None:
    named = catalogue.metric(name).meta.get("n")
    return str(named) if named in catalogue.metrics else None


def _is_impersonal(catalogue: Catalogue, name: str) -> bool:
    return catalogue.metric(name).meta.get("persons") == "none"


def _count_persons(con: duckdb.DuckDBPyConnection, manifest: Path, catalogue: Catalogue, rules: SmallCells) -> Counted:
    """Distinct persons of every fact that has the person entity, by each dimension of the rules that its metrics have."""
    raw = json.loads(manifest.read_text(encoding="utf-8"))
    models = {name for model in raw["semantic_models"] if (name := _with_persons(raw, model, rules.person))}
    layer = SemanticLayer(parse_manifest(raw, hashlib.sha256(json.dumps(raw).encode()).hexdigest()))
    found: dict[tuple[str, str], dict[tuple[date, str], int]] = {}
    facts = {(model, item) for model, item in _facts(catalogue, rules) if model in models}
    for model, item in sorted(facts | {(model, "") for model, _ in facts}):
        group_by = [f"metric_time__{rules.grain}", *([item] if item else [])]
        rows = con.execute(layer.compile(Query(metrics=[_PREFIX + model], group_by=group_by, raw=True))).fetchall()
        found[model, segment_dimension(item)] = {(row[0], _label(row[1]) if item else ""): row[-1] for row in rows}
    return found


def _facts(catalogue: Catalogue, rules: SmallCells) -> set[tuple[str, str]]:
    """Semantic model and group-by item of every metric that is no formula of others."""
    return {
        (model, item)
        for name in catalogue.metrics
        if catalogue.connected(name) and not _inputs(catalogue, name)
        for item in catalogue.segments(name)
        if segment_dimension(item) in rules.dimensions
        for model in catalogue.lineage[name].definition.models
    }


def _with_persons(raw: dict[str, Any], model: dict[str, Any], person: str) -> str:
    """Give the model a measure and a metric of its distinct persons; "" where it has no such entity."""
    entity: Iterator[dict[str, Any]] = (item for item in model["entities"] if item["name"] == person)
    found = next(entity, None)
    if found is None or not model["measures"]:
        return ""
    name = str(model["name"])
    measure = {"name": _PREFIX + name, "agg": "count_distinct", "expr": found.get("expr") or person}
    model["measures"].append({**measure, "agg_time_dimension": model["measures"][0].get("agg_time_dimension")})
    raw["metrics"].append({"name": _PREFIX + name, "type": "simple", "type_params": {"measure": {"name": _PREFIX + name}}})
    return name


def _label(member: object) -> str:
    """A member as values call it."""
    return "(none)" if member is None else str(member) or "(empty)"
