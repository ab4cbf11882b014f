"""Which names a metric can be grouped by: those that mean something for every one of its measures."""

from __future__ import annotations

from metrics.errors import QueryError
from metrics.semantic.calendars import calendar_grains, grains_of
from metrics.semantic.joins import ANY_KIND, JoinGraph, grains_from
from metrics.semantic.manifest import Manifest
from metrics.semantic.query import METRIC_TIME, parse_name
from metrics.semantic.resolve import grain_refusal
from metrics.semantic.resolved import Value, leaves_of


def reachable_names(value: Value, manifest: Manifest, graph: JoinGraph) -> tuple[str, ...]:
    """metric_time by grain, then dimensions and entities, nearest first; time dimensions by grain."""
    leaves = list(dict.fromkeys(leaves_of(value)))
    measures = list(dict.fromkeys(leaf.measure for leaf in leaves))
    models = list(dict.fromkeys(measure.model for measure in measures))
    possible = [grains_from(manifest.models[item.model].dimensions[item.time_dimension].grain or "day") for item in measures]
    possible += [grains_from(leaf.conversion.grain) for leaf in leaves if leaf.conversion]
    common = [grain for grain in possible[0] if all(grain in grains for grains in possible)]
    times = [manifest.models[item.model].dimensions[item.time_dimension].grain or "day" for item in measures]
    common += [grain for grain in calendar_grains(manifest) if all(grain in grains_of(time, (), manifest) for time in times)]
    names = [f"{METRIC_TIME}__{grain}" for grain in common if not any(grain_refusal(leaf, grain) for leaf in leaves)]
    candidates = dict.fromkeys(name for model in models for name in graph.names(model) if name != METRIC_TIME)
    for candidate in candidates:
        grains = _grains_everywhere(candidate, models, manifest, graph)
        if grains is not None:
            names += [f"{candidate}__{grain}" for grain in grains] if grains else [candidate]
    return tuple(names)


def _grains_everywhere(candidate: str, models: list[str], manifest: Manifest, graph: JoinGraph) -> tuple[str, ...] | None:
    """Grains of a time dimension, () for anything else, None when some model does not reach the name."""
    found: list[tuple[str, ...]] = []
    for model in models:
        try:
            target = graph.find(model, parse_name(candidate), ANY_KIND)
        except QueryError:
            return None
        found.append(grains_of(target.grain, grains_from(target.grain), manifest) if target.grain else ())
    return tuple(grain for grain in found[0] if all(grain in grains for grains in found))
