"""What a metric is made of, read from dbt's manifest.json: inputs, measures, formula, hash, reach in time.

The hash changes when the arithmetic changes and not when a label, a description or a target does. Two properties
decide how values may be computed: ``is_foldable`` (weeks and months are sums of days, part by part) and the reach (how
many days before and after a changed date a value can depend on it).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metrics.catalogue.components import Component, components_of
from metrics.catalogue.project import Json, Project
from metrics.catalogue.spans import Span, spans_of

_DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
# what a filter names: Dimension('order__kind'), with the quotes as JSON has them
_NAMED = re.compile(r"""Dimension\(\s*(?:'|\\")([^'"\\]+)""")
# wording of the metric that does not change a number
_WORDING = frozenset({"label", "description", "input_measures"})
# keys of config.meta that change a number or its interval
_ARITHMETIC_META = ("additivity", "unit", "n", "interval", "promoters", "detractors")


@dataclass(frozen=True)
class Reach:
    """How far a value looks: a change on day D alters values from D - back to D + forward (None: without end)."""

    back: int | None = 0
    forward: int | None = 0

    def widened(self, other: Reach) -> Reach:
        """The larger of both, on each side."""
        return Reach(_larger(self.back, other.back), _larger(self.forward, other.forward))

    def shifted(self, forward: int) -> Reach:
        """The same reach, read through an offset of ``forward`` days."""
        return Reach(self.back, None if self.forward is None else self.forward + forward)


def _larger(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else max(left, right)


@dataclass(frozen=True)
class MetricDefinition:
    """One metric, resolved down to its measures.

    ``models``: names of semantic models. ``facts``: model, date column, filters and offsets of every measure; metrics
    with equal facts have values in the same periods and for the same members. ``is_zero_without_rows``: the definition says
    that a period without rows is zero (``fill_nulls_with: 0`` on every measure), not unknown. ``components``: the measures,
    each with the metrics through which it is reached. ``arithmetic``: all that decides the number, down to the measures;
    ``definition_hash`` is its hash.
    """

    name: str
    formula: str
    models: frozenset[str]
    facts: frozenset[str]
    is_foldable: bool
    is_zero_without_rows: bool
    reach: Reach
    spans: frozenset[Span]
    definition_hash: str
    components: tuple[Component, ...]
    arithmetic: Json


def read_definitions(manifest: Json) -> dict[str, MetricDefinition]:
    """Resolve every metric of a dbt manifest (manifest.json or semantic_manifest.json)."""
    project = Project(manifest)
    arithmetic = {name: _arithmetic(project, metric) for name, metric in project.metrics.items()}
    return {
        name: MetricDefinition(
            name=name,
            formula=_formula(project, metric),
            models=frozenset(_models(project, metric)),
            facts=frozenset(_facts(project, metric)),
            is_foldable=_is_foldable(project, metric),
            is_zero_without_rows=_is_zero_without_rows(project, metric),
            reach=_reach(project, metric),
            spans=spans_of(project, metric),
            definition_hash=_hash(arithmetic[name]),
            components=tuple(components_of(project, metric)),
            arithmetic=arithmetic[name],
        )
        for name, metric in project.metrics.items()
    }


def _is_zero_without_rows(project: Project, metric: Json) -> bool:
    if metric["type"] not in ("simple", "derived"):
        return False
    inputs = project.direct_inputs(metric)
    return all(measure.get("fill_nulls_with") == 0 for measure in project.direct_measures(metric)) and all(
        not one.get("offset_window")
        and not one.get("offset_to_grain")
        and _is_zero_without_rows(project, project.metrics[one["name"]])
        for one in inputs
    )


def _models(project: Project, metric: Json) -> set[str]:
    models = {project.measures[m["name"]][0]["name"] for m in project.direct_measures(metric)}
    for reference in project.direct_inputs(metric):
        models |= _models(project, project.metrics[reference["name"]])
    return models


def _facts(project: Project, metric: Json, path: tuple[str, ...] = ()) -> set[str]:
    params, cumulative = metric["type_params"], metric["type_params"].get("cumulative_type_params") or {}
    conditions = [metric.get("filter"), params.get("window"), params.get("grain_to_date"), cumulative]
    path = (*path, *_written(conditions))
    facts = set()
    for measured in project.direct_measures(metric):
        model, measure = project.measures[measured["name"]]
        time = measure.get("agg_time_dimension") or (model.get("defaults") or {}).get("agg_time_dimension")
        facts.add(" ".join((model["name"], str(time), *path, *_written([measured.get("filter")]))))
    for reference in project.direct_inputs(metric):
        conditions = [reference.get("filter"), reference.get("offset_window"), reference.get("offset_to_grain")]
        facts |= _facts(project, project.metrics[reference["name"]], (*path, *_written(conditions)))
    return facts


def _written(conditions: list[Any]) -> list[str]:
    pruned = [_pruned(condition) for condition in conditions]
    return [json.dumps(condition, sort_keys=True) for condition in pruned if condition]


def _is_foldable(project: Project, metric: Json) -> bool:
    if metric["type"] == "simple":
        return project.is_summable(metric)
    if metric["type"] != "ratio" or _additivity(metric) == "share":
        # the whole that a member is a share of counts the days on which the member has no rows, too
        return False
    inputs = project.direct_inputs(metric)
    return all(project.is_summable(project.metrics[i["name"]]) and not _offset_days(i) for i in inputs)


def _additivity(metric: Json) -> Any:
    return _meta(metric).get("additivity")


def _meta(metric: Json) -> Json:
    meta: Json = (metric.get("config") or {}).get("meta") or metric.get("meta") or {}
    return meta


def _window_days(window: Json | None) -> int:
    return 0 if not window else int(window["count"]) * _DAYS[str(window["granularity"]).rstrip("s")]


def _offset_days(reference: Json) -> int:
    to_grain = reference.get("offset_to_grain")
    return _window_days(reference.get("offset_window")) + (_DAYS[to_grain] if to_grain else 0)


def _reach(project: Project, metric: Json) -> Reach:
    params = metric["type_params"]
    reach = Reach()
    for reference in project.direct_inputs(metric):
        reach = reach.widened(_reach(project, project.metrics[reference["name"]]).shifted(_offset_days(reference)))
    if metric["type"] == "cumulative":
        cumulative = params.get("cumulative_type_params") or {}
        window = params.get("window") or cumulative.get("window")
        to_date = params.get("grain_to_date") or cumulative.get("grain_to_date")
        if window or to_date:
            return reach.shifted(_window_days(window) if window else _DAYS[str(to_date)])
        return Reach(reach.back, None)
    if metric["type"] == "conversion":
        window = (params.get("conversion_type_params") or {}).get("window")
        return reach.widened(Reach(_window_days(window) if window else None, 0))
    return reach


def _formula(project: Project, metric: Json) -> str:
    params = metric["type_params"]
    if metric["type"] == "ratio":
        return f"{params['numerator']['name']} / {params['denominator']['name']}"
    if metric["type"] == "derived":
        return str(params.get("expr"))
    if metric["type"] == "conversion":
        conversion = params["conversion_type_params"]
        return f"{conversion['conversion_measure']['name']} / {conversion['base_measure']['name']}"
    if metric["type"] == "cumulative":
        inner = (params.get("cumulative_type_params") or {}).get("metric") or params.get("measure")
        return f"cumulative {inner['name']}" if inner else "cumulative"
    _, measure = project.measures[params["measure"]["name"]]
    return f"{measure['agg']}({measure.get('expr') or measure['name']})"


def _pruned(value: Any) -> Any:
    """The value without wording and without empty parts, so that two dbt versions give the same hash."""
    if isinstance(value, Mapping):
        pruned = {key: _pruned(item) for key, item in value.items() if key not in _WORDING}
        return {key: item for key, item in pruned.items() if item not in (None, [], {}, False)}
    return [_pruned(item) for item in value] if isinstance(value, list) else value


def _arithmetic(project: Project, metric: Json) -> Any:
    meta = _meta(metric)
    measures = []
    for reference in project.direct_measures(metric):
        model, measure = project.measures[reference["name"]]
        times = [d for d in model["dimensions"] if d["type"] == "time"]
        measures.append(
            {
                "table": (model.get("node_relation") or {}).get("alias") or model.get("model"),
                "default_time": (model.get("defaults") or {}).get("agg_time_dimension"),
                "times": [{"name": d["name"], "expr": d.get("expr")} for d in times],
                "measure": {k: v for k, v in measure.items() if k not in ("config", "create_metric")},
            }
        )
    return _pruned(
        {
            "type": metric["type"],
            "type_params": metric["type_params"],
            "filter": metric.get("filter"),
            "meta": {key: meta.get(key) for key in _ARITHMETIC_META},
            "measures": measures,
            "filtered_by": _filtered_by(project, metric),
            "inputs": [_arithmetic(project, project.metrics[i["name"]]) for i in project.direct_inputs(metric)],
        }
    )


def _filtered_by(project: Project, metric: Json) -> list[Json]:
    """The dimensions that the metric's own filters name, as far as they are written as an expression."""
    text = json.dumps([metric["type_params"], metric.get("filter")])
    found: list[Json] = []
    for name in sorted(set(_NAMED.findall(text))):
        *links, element = name.lower().split("__")
        for model in project.models.values():
            entities = {model.get("primary_entity"), *(entity["name"] for entity in model["entities"])}
            for dimension in model["dimensions"]:
                if links and links[-1] in entities and dimension["name"] == element and dimension.get("expr"):
                    found.append({"dimension": f"{model['name']}.{element}", "expr": dimension["expr"]})
    return found


def _hash(arithmetic: Any) -> str:
    text = json.dumps(arithmetic, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
