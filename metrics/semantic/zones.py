"""``timezone``: the manifest as it reads on the clock of another time zone.

Only timestamps have a time zone: time dimensions whose ``time_granularity`` is finer than a day, stored in UTC as plain
timestamps. A date was decided when it was written, and stays what it is.
"""

from __future__ import annotations

from dataclasses import replace

from metrics.errors import QueryError
from metrics.semantic.manifest import Dimension, Manifest
from metrics.semantic.query import GRAINS
from metrics.semantic.resolved import ResolvedQuery, leaves_of


def zoned(manifest: Manifest, zone: str) -> Manifest:
    """The manifest with every timestamp turned into the local time of ``zone``."""
    models = {
        name: replace(model, dimensions={key: _local(item, zone) for key, item in model.dimensions.items()})
        for name, model in manifest.models.items()
    }
    return replace(manifest, models=models)


def _local(dimension: Dimension, zone: str) -> Dimension:
    if dimension.grain is None or dimension.grain in GRAINS:
        return dimension
    quoted = zone.replace("'", "''")
    expr = f"convert_timezone('UTC', '{quoted}', {dimension.expr})"
    return replace(dimension, expr=expr, stored=dimension.expr, zone=zone)


def check_zone(query: ResolvedQuery, zone: str, manifest: Manifest) -> None:
    """Refuse metrics that are counted by dates. Raises QueryError."""
    for name, value in query.values:
        for leaf in leaves_of(value):
            dimension = manifest.models[leaf.measure.model].dimensions[leaf.measure.time_dimension]
            if dimension.zone is None:
                raise QueryError(
                    f"query: timezone '{zone}' says nothing to metric '{name}': it is counted by "
                    f"{leaf.measure.model}.{dimension.name}, which holds dates (time_granularity {dimension.grain}), and a "
                    "date has no time zone; leave timezone out, or declare a dimension with time_granularity second"
                )
