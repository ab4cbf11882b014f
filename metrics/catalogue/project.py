"""The metrics and semantic models of dbt's manifest, looked up by name. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
# aggregations for which the sum over days is the value of the longer period
_SUMMABLE = frozenset({"sum", "count", "sum_boolean"})


class Project:
    """The metrics and semantic models of one manifest, by name."""

    def __init__(self, manifest: Json) -> None:
        self.metrics: dict[str, Json] = {m["name"]: m for m in _listed(manifest["metrics"])}
        self.models: dict[str, Json] = {m["name"]: m for m in _listed(manifest["semantic_models"])}
        self.measures: dict[str, tuple[Json, Json]] = {
            measure["name"]: (model, measure) for model in self.models.values() for measure in model["measures"]
        }

    def direct_inputs(self, metric: Json) -> list[Json]:
        """The metrics that a metric is computed from, as references with offset and filter."""
        params = metric["type_params"]
        cumulative = params.get("cumulative_type_params") or {}
        found = [
            params.get("numerator"),
            params.get("denominator"),
            cumulative.get("metric"),
            *(params.get("metrics") or []),
        ]
        return [reference for reference in found if reference]

    def direct_measures(self, metric: Json) -> list[Json]:
        """References to the measures that a metric aggregates itself."""
        params = metric["type_params"]
        conversion = params.get("conversion_type_params") or {}
        found = [params.get("measure"), conversion.get("base_measure"), conversion.get("conversion_measure")]
        return [reference for reference in found if reference]

    def is_summable(self, metric: Json) -> bool:
        """A simple metric whose value over a period is the sum of its days."""
        reference = metric["type_params"].get("measure")
        if metric["type"] != "simple" or not reference or reference.get("join_to_timespine"):
            return False
        _, measure = self.measures[reference["name"]]
        return measure["agg"] in _SUMMABLE and not measure.get("non_additive_dimension")


def _listed(named: Any) -> list[Json]:
    """dbt's manifest.json keeps definitions by id, its semantic_manifest.json as a list."""
    return list(named.values()) if isinstance(named, Mapping) else list(named)
