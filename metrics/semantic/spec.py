"""Every field of dbt's semantic specification, and what of it has no exact answer here.

The tables name all fields that dbt-core 1.11 writes to semantic_manifest.json, each once, under what is done with it. A
field that is set and stands in no table comes from another version of dbt: what bears it is refused when it is asked for,
never read as if the field were not there. ``docs/semantic-spec.md`` says the same for people; a test compares both with
dbt's own classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from metrics.semantic.query import GRAINS

Raw = Mapping[str, Any]

# Part -> fields that change answers.
READ: dict[str, frozenset[str]] = {
    "semantic_manifest": frozenset({"semantic_models", "metrics", "project_configuration", "saved_queries"}),
    "semantic_model": frozenset(
        {"name", "defaults", "node_relation", "primary_entity", "entities", "measures", "dimensions"}
    ),
    "defaults": frozenset({"agg_time_dimension"}),
    "node_relation": frozenset({"alias", "schema_name", "database"}),
    "entity": frozenset({"name", "type", "expr"}),
    "dimension": frozenset({"name", "type", "is_partition", "type_params", "expr"}),
    "dimension_type_params": frozenset({"time_granularity", "validity_params"}),
    "validity_params": frozenset({"is_start", "is_end"}),
    "measure": frozenset({"name", "agg", "expr", "agg_params", "non_additive_dimension", "agg_time_dimension"}),
    "agg_params": frozenset({"percentile", "use_discrete_percentile"}),
    "non_additive_dimension": frozenset({"name", "window_choice", "window_groupings"}),
    "metric": frozenset({"name", "type", "type_params", "filter", "time_granularity"}),
    "metric_type_params": frozenset(
        {"measure", "numerator", "denominator", "expr", "window", "grain_to_date", "metrics", "conversion_type_params",
         "cumulative_type_params"}
    ),
    "input_measure": frozenset({"name", "filter", "join_to_timespine", "fill_nulls_with"}),
    "input_metric": frozenset({"name", "filter", "alias", "offset_window", "offset_to_grain"}),
    "window": frozenset({"count", "granularity"}),
    "cumulative_type_params": frozenset({"window", "grain_to_date", "period_agg"}),
    "conversion_type_params": frozenset(
        {"base_measure", "conversion_measure", "entity", "calculation", "window", "constant_properties"}
    ),
    "constant_property": frozenset({"base_property", "conversion_property"}),
    "filter": frozenset({"where_filters"}),
    "where_filter": frozenset({"where_sql_template"}),
    "project_configuration": frozenset({"time_spines", "time_spine_table_configurations"}),
    "time_spine": frozenset({"node_relation", "primary_column", "custom_granularities"}),
    "primary_column": frozenset({"name", "time_granularity"}),
    "custom_granularity": frozenset({"name", "column_name"}),
    "time_spine_table": frozenset({"location", "column_name", "grain"}),
    "saved_query": frozenset({"name", "query_params", "description", "label", "exports", "tags"}),
    "query_params": frozenset({"metrics", "group_by", "order_by", "limit", "where"}),
    "export": frozenset({"name"}),
}  # fmt: skip

# Part -> fields that no answer depends on: wording, where something was written, and what dbt writes a second time.
NO_EFFECT: dict[str, frozenset[str]] = {
    "semantic_model": frozenset({"description", "label", "metadata", "config"}),
    "node_relation": frozenset({"relation_name"}),
    "entity": frozenset({"description", "label", "metadata", "config", "role"}),
    "dimension": frozenset({"description", "label", "metadata", "config"}),
    "measure": frozenset({"description", "label", "metadata", "config", "create_metric"}),
    "agg_params": frozenset({"use_approximate_percentile"}),
    "metric": frozenset({"description", "label", "metadata", "config"}),
    "metric_type_params": frozenset({"input_measures"}),
    "input_measure": frozenset({"alias"}),
    "project_configuration": frozenset({"metadata", "dsi_package_version"}),
    "saved_query": frozenset({"metadata"}),
    "export": frozenset({"config"}),
}

# (part, field) -> the part that stands there, alone or in a list.
_INSIDE = {
    ("semantic_model", "defaults"): "defaults", ("semantic_model", "node_relation"): "node_relation",
    ("semantic_model", "entities"): "entity", ("semantic_model", "dimensions"): "dimension",
    ("dimension", "type_params"): "dimension_type_params", ("dimension_type_params", "validity_params"): "validity_params",
    ("measure", "agg_params"): "agg_params", ("measure", "non_additive_dimension"): "non_additive_dimension",
    ("metric", "type_params"): "metric_type_params", ("metric", "filter"): "filter",
    ("metric_type_params", "measure"): "input_measure", ("metric_type_params", "numerator"): "input_metric",
    ("metric_type_params", "denominator"): "input_metric", ("metric_type_params", "metrics"): "input_metric",
    ("metric_type_params", "window"): "window",
    ("metric_type_params", "conversion_type_params"): "conversion_type_params",
    ("metric_type_params", "cumulative_type_params"): "cumulative_type_params",
    ("input_measure", "filter"): "filter", ("input_metric", "filter"): "filter",
    ("input_metric", "offset_window"): "window", ("cumulative_type_params", "window"): "window",
    ("conversion_type_params", "window"): "window", ("conversion_type_params", "base_measure"): "input_measure",
    ("conversion_type_params", "conversion_measure"): "input_measure",
    ("conversion_type_params", "constant_properties"): "constant_property", ("filter", "where_filters"): "where_filter",
}  # fmt: skip


def refusals(raw: Raw) -> dict[str, str]:
    """Map ``metric <name>``, ``measure <name>`` and ``semantic model <name>`` to why it has no exact answer."""
    found: dict[str, str] = {}
    for model in raw["semantic_models"]:
        measures = model["measures"]
        _note(found, f"semantic model {model['name']}", [*_unknown("semantic_model", model), *_model(model)])
        for measure in measures:
            _note(found, f"measure {measure['name']}", [*_unknown("measure", measure), *_measure(measure, model)])
    for metric in raw["metrics"]:
        _note(found, f"metric {metric['name']}", [*_unknown("metric", metric), *_metric(metric)])
    return found


def _note(found: dict[str, str], what: str, reasons: Sequence[str]) -> None:
    if reasons:
        found[what] = "; ".join(reasons)


def _unknown(part: str, raw: Any) -> Iterator[str]:
    """Fields that are set and that no table names."""
    if isinstance(raw, list | tuple):
        for item in raw:
            yield from _unknown(part, item)
    if not isinstance(raw, Mapping):
        return
    for name, value in raw.items():
        inside = _INSIDE.get((part, name))
        if inside:
            yield from _unknown(inside, value)
        elif value not in (None, [], {}, "", False) and name not in READ[part] | NO_EFFECT.get(part, frozenset()):
            yield f"'{name}' is not known here: it was written by another version of dbt than 1.11; leave it out"


def _model(model: Raw) -> Iterator[str]:
    edges = [name for item in model["dimensions"] for name in _edges(item)]
    if edges and sorted(edges) != ["is_end", "is_start"]:
        yield "its validity_params need one dimension with is_start and one with is_end"
    if not edges and any(entity["type"] == "natural" for entity in model["entities"]):
        yield "its natural entity has several rows per value and no validity_params to choose one by"


def _edges(dimension: Raw) -> list[str]:
    params = (dimension.get("type_params") or {}).get("validity_params") or {}
    return [name for name, is_set in params.items() if is_set]


def _measure(measure: Raw, model: Raw) -> Iterator[str]:
    share = (measure.get("agg_params") or {}).get("percentile")
    if measure["agg"] == "percentile" and not (isinstance(share, int | float) and 0 <= share <= 1):
        yield f"its percentile is {share}; give agg_params: {{percentile: 0.9}}, from 0 to 1"
    if any(_edges(item) for item in model["dimensions"]):
        yield "its semantic model holds validity windows, and a row of it is no event; measure another model"
    stock = measure.get("non_additive_dimension")
    if not stock:
        return
    times = [item["name"] for item in model["dimensions"] if item["type"] == "time"]
    entities = [item["name"] for item in model["entities"]]
    if stock["name"] not in times:
        yield f"its non_additive_dimension '{stock['name']}' is no time dimension of '{model['name']}'; {_there(times)}"
    if stock["window_choice"] not in ("min", "max"):
        yield f"its window_choice is '{stock['window_choice']}'; use min or max"
    for name in stock.get("window_groupings") or ():
        if name not in entities:
            yield f"its window_groupings name '{name}', which is no entity of '{model['name']}'; {_there(entities)}"


def _metric(metric: Raw) -> Iterator[str]:
    if metric["type"] != "cumulative":
        return
    params = metric["type_params"]
    nested = params.get("cumulative_type_params") or {}
    window, to_date = (nested.get(name) or params.get(name) for name in ("window", "grain_to_date"))
    if window and to_date:
        yield "it has a window and a grain_to_date; give one of them"
    if window and _plain(window["granularity"]) not in GRAINS:
        yield f"its window is {window['count']} {window['granularity']}; use a count of {', '.join(GRAINS)}s"
    if to_date and to_date not in GRAINS:
        yield f"its grain_to_date is '{to_date}'; use one of {', '.join(GRAINS)}"
    if nested.get("period_agg") not in (None, "first", "last", "average"):
        yield f"its period_agg is '{nested['period_agg']}'; use first, last or average"


def _plain(grain: str) -> str:
    return grain if grain in GRAINS else grain.rstrip("s")


def _there(names: Iterable[str]) -> str:
    return f"there are {', '.join(names)}"
