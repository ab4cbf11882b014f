"""``timezone``: the manifest as it reads on the clock of another time zone.

Only timestamps have a time zone: time dimensions whose ``time_granularity`` is finer than a day, stored in UTC as plain
timestamps. A date was decided when it was written, and stays what it is.
"""

from __future__ import annotations

from dataclasses import replace

from metrics.errors import QueryError
from metrics.semantic.manifest import Dimension, Manifest, SemanticModel
from metrics.semantic.query import GRAINS
from metrics.semantic.resolved import ResolvedQuery, leaves_of


def zoned(manifest: Manifest, zone: str) -> Manifest:
    """The manifest with every timestamp turned into the local time of ``zone``."""
    return replace(manifest, models={name: _local_model(model, zone) for name, model in manifest.models.items()})


def _local_model(model: SemanticModel, zone: str) -> SemanticModel:
    validity = model.validity
    if validity:
        validity = localized(validity[0], zone), localized(validity[1], zone)
    return replace(
        model, dimensions={key: localized(item, zone) for key, item in model.dimensions.items()}, validity=validity
    )


def localized(dimension: Dimension, zone: str) -> Dimension:
    """A timestamp in UTC as it reads on the clock of ``zone``; a date as it is."""
    if dimension.grain is None or dimension.grain in GRAINS:
        return dimension
    quoted = zone.replace("'", "''")
    expr = f"convert_timezone('UTC', '{quoted}', {dimension.expr})"
    return replace(dimension, expr=expr, stored=dimension.expr, zone=zone)


def check_zone(query: ResolvedQuery, zone: str, manifest: Manifest) -> None:
    """Refuse metrics that are counted by dates. Raises QueryError."""
    for name, value in query.values:
        for measure in (part for leaf in leaves_of(value) for part in (leaf.measure, leaf.counted)):
            dimension = manifest.models[measure.model].dimensions[measure.time_dimension]
            if dimension.zone is None:
                raise QueryError(
                    f"query: timezone '{zone}' says nothing to metric '{name}': it is counted by "
                    f"{measure.model}.{dimension.name}, which holds dates (time_granularity {dimension.grain}), and a "
                    "date has no time zone; leave timezone out, or declare a dimension with time_granularity second"
                )
        if any(leaf.conversion and leaf.conversion.grain == "hour" for leaf in leaves_of(value)):
            raise QueryError(
                f"query: timezone '{zone}' says nothing to metric '{name}': it compares its two events by hour of UTC, and "
                "the hours of some zones begin at half past; leave timezone out, or declare both times with "
                "time_granularity minute"
            )
