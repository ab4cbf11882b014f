"""dbt's semantic YAML -> ``semantic_manifest.json`` as dbt-core 1.11 writes it, without running dbt for each hazard.

A test holds it against dbt's own file for the schema of the soundness suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.soundness.hazards.case import CATALOG, SCHEMA, SPINE, Case

Json = Mapping[str, Any]


def semantic_manifest(case: Case, metrics: Sequence[Json] | None = None) -> dict[str, Any]:
    """The manifest of a case; ``metrics`` in place of its own."""
    return build_manifest(case.semantic_models, case.metrics if metrics is None else metrics, CATALOG, SPINE)


def build_manifest(
    models: Sequence[Json], metrics: Sequence[Json], catalog: str, spine: str, calendar: Sequence[Json] = ()
) -> dict[str, Any]:
    """The manifest of definitions in dbt's YAML form, over tables in schema ``core`` of ``catalog``.

    ``calendar``: the spine's ``custom_granularities``.
    """
    built = [_metric(item) for item in metrics]
    _add_input_measures(built)
    return {
        "semantic_models": [_model(item, catalog) for item in models],
        "metrics": built,
        "project_configuration": {
            "time_spine_table_configurations": [],
            "metadata": None,
            "dsi_package_version": {"major_version": "0", "minor_version": "9", "patch_version": "0"},
            "time_spines": [
                {
                    "node_relation": _relation(spine, catalog),
                    "primary_column": {"name": "date_day", "time_granularity": "day"},
                    "custom_granularities": [
                        {"name": item["name"], "column_name": item.get("column_name")} for item in calendar
                    ],
                }
            ],
        },
        "saved_queries": [],
    }


def _relation(table: str, catalog: str) -> dict[str, Any]:
    return {
        "alias": table,
        "schema_name": SCHEMA,
        "database": catalog,
        "relation_name": f'"{catalog}"."{SCHEMA}"."{table}"',
    }


def _model(raw: Json, catalog: str) -> dict[str, Any]:
    table = raw["model"].split("'")[1]
    return {
        "name": raw["name"],
        "defaults": raw.get("defaults"),
        "description": raw.get("description"),
        "node_relation": _relation(table, catalog),
        "primary_entity": raw.get("primary_entity"),
        "entities": [{**_described(item), "type": item["type"], "role": None} for item in raw.get("entities", ())],
        "measures": [_measure(item) for item in raw.get("measures", ())],
        "dimensions": [_dimension(item) for item in raw.get("dimensions", ())],
        "label": None,
        "metadata": None,
        "config": {"meta": {}},
    }


def _described(raw: Json) -> dict[str, Any]:
    return {
        "name": raw["name"],
        "description": None,
        "expr": raw.get("expr"),
        "metadata": None,
        "label": None,
        "config": {"meta": {}},
    }


def _dimension(raw: Json) -> dict[str, Any]:
    params = raw.get("type_params")
    return {
        **_described(raw),
        "type": raw["type"],
        "is_partition": False,
        "type_params": params and {"time_granularity": params["time_granularity"], "validity_params": _validity(params)},
    }


def _measure(raw: Json) -> dict[str, Any]:
    params, stock = raw.get("agg_params"), raw.get("non_additive_dimension")
    return {
        **_described(raw),
        "agg": raw["agg"],
        "create_metric": False,
        "agg_params": params and {"percentile": params["percentile"], "use_discrete_percentile": False,
                                  "use_approximate_percentile": False, **params},
        "non_additive_dimension": stock and {"window_groupings": [], **stock},
        "agg_time_dimension": raw.get("agg_time_dimension"),
    }  # fmt: skip


def _metric(raw: Json) -> dict[str, Any]:
    given = raw["type_params"]
    params: dict[str, Any] = {
        "measure": _measure_input(given.get("measure")),
        "numerator": _metric_input(given.get("numerator")),
        "denominator": _metric_input(given.get("denominator")),
        "expr": given.get("expr"),
        "window": None,
        "grain_to_date": None,
        "metrics": [_metric_input(item) for item in given.get("metrics", ())],
        "conversion_type_params": _conversion(given.get("conversion_type_params")),
        "cumulative_type_params": _cumulative(given.get("cumulative_type_params")),
        "input_measures": [],
    }
    return {
        "name": raw["name"],
        "description": raw.get("description", ""),
        "type": raw["type"],
        "type_params": params,
        "filter": _filter(raw.get("filter")),
        "metadata": None,
        "label": raw.get("label", raw["name"]),
        "config": {"meta": (raw.get("config") or {}).get("meta") or {}},
        "time_granularity": None,
    }


def _measure_input(raw: Json | str | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    given = {"name": raw} if isinstance(raw, str) else raw
    return {
        "name": given["name"],
        "filter": _filter(given.get("filter")),
        "alias": given.get("alias"),
        "join_to_timespine": given.get("join_to_timespine", False),
        "fill_nulls_with": given.get("fill_nulls_with"),
    }


def _metric_input(raw: Json | str | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    given = {"name": raw} if isinstance(raw, str) else raw
    return {
        "name": given["name"],
        "filter": _filter(given.get("filter")),
        "alias": given.get("alias"),
        "offset_window": _window(given.get("offset_window")),
        "offset_to_grain": given.get("offset_to_grain"),
    }


def _filter(text: str | None) -> dict[str, Any] | None:
    return {"where_filters": [{"where_sql_template": text}]} if text else None


def _window(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    count, grain = text.split()
    return {"count": int(count), "granularity": grain.removesuffix("s")}


def _cumulative(raw: Json | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    return {
        "window": _window(raw.get("window")),
        "grain_to_date": raw.get("grain_to_date"),
        "period_agg": raw.get("period_agg", "first"),
    }


def _validity(raw: Json) -> dict[str, bool] | None:
    given = raw.get("validity_params")
    return given and {edge: bool(given.get(edge)) for edge in ("is_start", "is_end")}


def _conversion(raw: Json | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    return {
        "base_measure": _measure_input(raw["base_measure"]),
        "conversion_measure": _measure_input(raw["conversion_measure"]),
        "entity": raw["entity"],
        "calculation": raw.get("calculation", "conversion_rate"),
        "window": _window(raw.get("window")),
        "constant_properties": raw.get("constant_properties"),
    }


def _add_input_measures(metrics: list[dict[str, Any]]) -> None:
    """Every metric lists the measures below it, its own filters and inputs resolved; MetricFlow reads the list."""
    by_name = {item["name"]: item for item in metrics}

    def below(metric: dict[str, Any]) -> list[dict[str, Any]]:
        params = metric["type_params"]
        conversion = params["conversion_type_params"]
        own = [params["measure"]] if params["measure"] else []
        own += [conversion["base_measure"], conversion["conversion_measure"]] if conversion else []
        inputs = [part for part in (params["numerator"], params["denominator"], *params["metrics"]) if part]
        found = [*own, *(measure for part in inputs for measure in below(by_name[part["name"]]))]
        return [item for place, item in enumerate(found) if item not in found[:place]]

    for metric in metrics:
        metric["type_params"]["input_measures"] = below(metric)
