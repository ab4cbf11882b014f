"""The grain of a bare ``metric_time``: the coarsest of what the metrics asked for are shown by."""

from __future__ import annotations

from collections.abc import Iterable

from metrics.errors import QueryError
from metrics.semantic.manifest import Manifest, Metric
from metrics.semantic.query import GRAINS
from metrics.semantic.resolved import Value, leaves_of


def default_grain(metrics: Iterable[Metric], values: Iterable[Value], manifest: Manifest) -> str:
    """Each metric's ``time_granularity``, or where it names none the finest grain by which all its measures are known."""
    grains = ["day"]
    for metric, value in zip(metrics, values, strict=True):
        named = metric.time_granularity
        if named and named not in GRAINS:
            raise QueryError(
                f"metric '{metric.name}' has the time_granularity '{named}', by which metric_time without a grain is not "
                f"shown; ask for metric_time__day, or another of {', '.join(GRAINS)}"
            )
        known = [_known_by(leaf.measure.model, leaf.measure.time_dimension, manifest) for leaf in leaves_of(value)]
        grains += [named] if named else [grain for grain in known if grain in GRAINS]
    return max(grains, key=GRAINS.index)


def _known_by(model: str, time: str, manifest: Manifest) -> str:
    return manifest.models[model].dimensions[time].grain or "day"
