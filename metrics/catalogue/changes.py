"""What differs between two definitions of one metric, in words: its filter, its aggregation, its window, its inputs.

Compares what ``definitions.py`` hashes, so that a definition whose hash differs always has something to tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
_NOTHING = {"en": "none", "zh": "无"}
# The last part of a path in dbt's definition -> its words. What is not listed is told by its own name.
_WORDS = {
    "type": ("kind", "指标类型"),
    "filter": ("filter", "筛选条件"),
    "expr": ("expression", "表达式"),
    "agg": ("aggregation", "聚合方式"),
    "numerator": ("numerator", "分子"),
    "denominator": ("denominator", "分母"),
    "window": ("window", "时间窗口"),
    "grain_to_date": ("counted since the start of the", "累计周期"),
    "offset_window": ("offset", "时间偏移"),
    "offset_to_grain": ("offset to the start of the", "偏移至周期起点"),
    "fill_nulls_with": ("value where there are no rows", "无记录时的取值"),
    "join_to_timespine": ("a row for every period", "每期一行"),
    "period_agg": ("value of a longer period", "长周期取值"),
    "percentile": ("percentile", "百分位"),
    "unit": ("unit", "单位"),
    "additivity": ("additivity", "可加性"),
    "n": ("observations", "样本数指标"),
    "promoters": ("promoters", "推荐者指标"),
    "detractors": ("detractors", "贬损者指标"),
    "interval": ("interval", "置信区间"),
    "table": ("table", "数据表"),
    "name": ("measure", "度量"),
    "inputs": ("inputs", "输入指标"),
    "default_time": ("date", "日期字段"),
    "agg_time_dimension": ("date", "日期字段"),
    "grains": ("grains", "粒度"),
    "segments": ("segments", "细分维度"),
}
# Levels that only group: they say nothing by themselves.
_SILENT = frozenset({"type_params", "meta", "measure", "cumulative_type_params", "conversion_type_params", "agg_params"})


# Of a semantic model, what changes no number.
_NO_NUMBER = frozenset({"label", "description", "metadata", "config", "create_metric", "name"})


@dataclass(frozen=True)
class Change:
    """One part that differs: ``about`` names the input or measure it belongs to ('': the metric itself)."""

    part: str
    about: str
    old: str | None
    new: str | None

    def in_language(self, language: str) -> str:
        """``filter of orders: none -> a = 1``."""
        word = _WORDS.get(self.part, (self.part, self.part))[1 if language == "zh" else 0]
        nothing = _NOTHING["zh" if language == "zh" else "en"]
        old, new = (nothing if side is None else side for side in (self.old, self.new))
        if language == "zh":
            return f"{f'{self.about} 的' if self.about else ''}{word}：{old} → {new}"
        return f"{word}{f' of {self.about}' if self.about else ''}: {old} -> {new}"


def definition_changes(old: Json, new: Json) -> list[Change]:
    """What differs between two results of ``MetricDefinition.arithmetic``, the metric's own parts first."""
    before, after = _collected(old), _collected(new)
    keys = dict.fromkeys([*before, *after])
    return [
        Change(part, about, before.get((part, about)), after.get((part, about)))
        for part, about in keys
        if before.get((part, about)) != after.get((part, about))
    ]


Part = tuple[tuple[str, str], str]


def _collected(definition: Json) -> dict[tuple[str, str], str]:
    """Texts by part; a filter of the metric and one of its measure are both conditions on it."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, text in _parts(definition, ""):
        texts = found.setdefault(key, [])
        if text not in texts:
            texts.append(text)
    return {key: " and ".join(texts) for key, texts in found.items()}


def _parts(definition: Json, about: str) -> Iterator[Part]:
    """((part, about), text) of a metric, its measures and its inputs."""
    for key in ("type", "filter", "meta", "type_params"):
        if key in definition:
            yield from _leaves(definition[key], key, about)
    for measured in definition.get("measures", ()):
        measure = measured["measure"]
        name = str(measure["name"])
        yield ("table", name), str(measured.get("table"))
        time = measure.get("agg_time_dimension") or measured.get("default_time")
        yield ("default_time", name), str(time)
        for dimension in measured.get("times", ()):
            if dimension["name"] == time and dimension.get("expr"):
                yield ("expr", f"{name}.{time}"), str(dimension["expr"])
        for key, value in measure.items():
            if key not in ("name", "agg_time_dimension"):
                yield from _leaves(value, key, name)
    for filtering in definition.get("filtered_by", ()):
        yield ("expr", str(filtering["dimension"])), str(filtering["expr"])
    for reference, definition_of_input in zip(_references(definition), definition.get("inputs", ()), strict=True):
        yield from _parts(definition_of_input, str(reference["name"]))


def _references(definition: Json) -> list[Json]:
    """The inputs by name, in the order in which ``inputs`` holds what they are."""
    params = definition.get("type_params", {})
    cumulative = params.get("cumulative_type_params") or {}
    found = [params.get("numerator"), params.get("denominator"), cumulative.get("metric"), *(params.get("metrics") or [])]
    return [reference for reference in found if reference]


def _leaves(value: Any, part: str, about: str) -> Iterator[Part]:
    if part in ("filter", "where_filters"):
        yield ("filter", about), _filter_text(value)
    elif part in ("window", "offset_window") and isinstance(value, Mapping):
        yield (part, about), f"{value['count']} {str(value['granularity']).rstrip('s')}{'' if value['count'] == 1 else 's'}"
    elif part == "metrics":
        yield ("inputs", about), ", ".join(_input_name(item) for item in value)
        for item in value:
            yield from _reference(item, "", str(item.get("alias") or item["name"]))
    elif part in ("numerator", "denominator", "metric") and isinstance(value, Mapping):
        yield from _reference(value, part, about)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, key if part in _SILENT else f"{part} {key}" if key == "name" else key, about)
    else:
        yield (part, about), str(value)


def _reference(value: Json, part: str, about: str) -> Iterator[Part]:
    """A reference to an input; its filter and offset belong to its own name."""
    if part:
        yield (part, about), _input_name(value)
    for key, inner in value.items():
        if key not in ("name", "alias"):
            yield from _leaves(inner, key, str(value.get("alias") or value["name"]) if part == "" else str(value["name"]))


def _input_name(reference: Json) -> str:
    alias = reference.get("alias")
    return f"{reference['name']} as {alias}" if alias and alias != reference["name"] else str(reference["name"])


def _filter_text(value: Any) -> str:
    """The condition as it is written, with the spaces of one line."""
    if isinstance(value, Mapping):
        value = value.get("where_filters", [value])
    if isinstance(value, list):
        texts = [str(one["where_sql_template"] if isinstance(one, Mapping) else one) for one in value]
        return " and ".join(" ".join(text.split()) for text in texts)
    return " ".join(str(value).split())


def model_changes(old: Json, new: Json) -> list[Change]:
    """What differs between the semantic models and the time spine of two semantic manifests; ``about``: model.element."""
    before, after = _elements(old), _elements(new)
    found = []
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            there = [name in side for side in (before, after)]
            found.append(Change("is there", name, *("yes" if one else None for one in there)))
            continue
        parts = dict.fromkeys([*before[name], *after[name]])
        found += [
            Change(part, name, before[name].get(part), after[name].get(part))
            for part in parts
            if before[name].get(part) != after[name].get(part)
        ]
    return found


def _elements(manifest: Json) -> dict[str, dict[str, str]]:
    """Entities, dimensions, measures and the model itself -> the text of each part that decides a number."""
    found: dict[str, dict[str, str]] = {}
    for model in manifest["semantic_models"]:
        name = str(model["name"])
        found[name] = {
            "table": str((model.get("node_relation") or {}).get("alias") or model.get("model")),
            "default_time": str((model.get("defaults") or {}).get("agg_time_dimension")),
            "primary_entity": str(model.get("primary_entity")),
        }
        for element in (*model["entities"], *model["dimensions"], *model["measures"]):
            found[f"{name}.{element['name']}"] = {
                key: _text(value) for key, value in element.items() if key not in _NO_NUMBER and value is not None
            }
    for spine in (manifest.get("project_configuration") or {}).get("time_spines") or ():
        alias = spine["node_relation"]["alias"]
        found[f"time spine {alias}"] = {key: _text(value) for key, value in spine.items() if key != "node_relation"}
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
