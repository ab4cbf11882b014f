"""What a file holds that its model does not allow: pydantic's complaints in plain words, with the line of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from metrics.catalogue.findings import Finding
from metrics.catalogue.model import (
    OVERRIDABLE,
    Benchmark,
    Kpi,
    KpiFile,
    LeadingIndicator,
    Override,
    Target,
    Text,
    Thresholds,
    Watch,
)
from metrics.catalogue.rulebook import Both, Hint, finding, hint
from metrics.catalogue.yaml_lines import Located, YamlPath


@dataclass(frozen=True)
class Shape:
    """The model of a file, and those of its parts by the key that holds them."""

    root: type[BaseModel]
    parts: Mapping[str, type[BaseModel]]
    entries: Mapping[str, type[BaseModel]] = field(default_factory=dict)

    def fields_at(self, path: YamlPath) -> list[str]:
        """The fields that the mapping which holds the last part of ``path`` may have."""
        names = [part for part in path if isinstance(part, str)]
        model = self.parts.get(names[-2]) if len(names) > 1 else None
        model = model or self.entries.get(names[0] if names else "", self.root)
        return sorted(info.alias or name for name, info in model.model_fields.items())


KPI_SHAPE = Shape(
    KpiFile,
    {
        "title": Text,
        "description": Text,
        "question": Text,
        "playbook": Text,
        "targets": Target,
        "benchmark": Benchmark,
        "thresholds": Thresholds,
        "leading_indicators": LeadingIndicator,
    },
    {"kpis": Kpi, "watched": Watch, "overrides": Override},
)
# Fields whose lack is a rule of its own.
_RULES = {"owner": "owner-missing", "description": "description-missing", "playbook": "playbook-missing"}


def shape_findings(document: Located, errors: Iterable[Any], shape: Shape = KPI_SHAPE) -> list[Finding]:
    """Every complaint of pydantic (its ``errors()``) as a finding with the line it belongs to.

    Unknown fields come first: a misspelt one is the cause of the missing one beside it.
    """
    details = sorted(errors, key=lambda detail: detail["type"] != "extra_forbidden")
    return [_finding(document, detail, shape) for detail in details]


def _finding(document: Located, detail: Any, shape: Shape) -> Finding:
    path: YamlPath = tuple(detail["loc"])
    kpi = _kpi(document, path)
    name = str(path[-1]) if path else ""
    if detail["type"] == "missing" and kpi and len(path) == 3 and name in _RULES:
        return finding(_RULES[name], document.where(path), kpi=kpi)
    english, chinese = _messages(path, name, detail, shape)
    subject = (f"{kpi}: ", f"{kpi}：") if kpi else ("", "")
    text = Both(en=f"{subject[0]}{english}".rstrip(".") + ("" if english.endswith("?") else "."),
                zh=f"{subject[1]}{chinese}")  # fmt: skip
    return finding("shape", document.where(path), kpi=kpi, problem=text)


def _messages(path: YamlPath, field: str, detail: Any, shape: Shape) -> tuple[str, str]:
    """What is wrong, in English and Chinese."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_field(path, field, shape)
    if kind == "missing":
        return f"field '{field}' is missing. Add it", f"缺少字段 '{field}'，请补上。"
    if kind == "literal_error":
        found, expected = detail["input"], str(detail["ctx"]["expected"])
        options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
        near = hint(str(found), options)
        return (
            f"'{field}' is '{found}', expected {expected}.{near.in_language('en')}",
            f"'{field}' 的值 '{found}' 不在 {'、'.join(options)} 之中。{near.in_language('zh')}",
        )
    if kind == "value_error":
        # What the model's own checks say; they speak English.
        return str(detail["ctx"]["error"]), f"{detail['ctx']['error']}。"
    shown = detail["input"] if isinstance(detail["input"], str | int | float | bool) else type(detail["input"]).__name__
    reason = detail["msg"][:1].lower() + detail["msg"][1:]
    return f"'{field}' is '{shown}': {reason}", f"'{field}' 的值 '{shown}' 不合要求（{reason}）。"


def _unknown_field(path: YamlPath, field: str, shape: Shape) -> tuple[str, str]:
    if path[0] == "overrides" and len(path) == 3:
        allowed = ", ".join(OVERRIDABLE)
        return (
            f"may not override '{field}' of a KPI that ships; allowed are {allowed}. Give it an id of its own instead",
            f"不能覆盖随产品提供的 KPI 的 '{field}'，可覆盖的有 {allowed}；其他改动请另取 id。",
        )
    known = shape.fields_at(path)
    near: Hint = hint(field, known)
    return (
        f"unknown field '{field}'.{near.in_language('en') or ' Known are ' + ', '.join(known) + '.'}",
        f"未知字段 '{field}'。{near.in_language('zh') or '可用的有 ' + '、'.join(known) + '。'}",
    )


def _kpi(document: Located, path: YamlPath) -> str:
    """The KPI's id in front of the message, when the file says it."""
    if len(path) >= 2 and isinstance(path[1], int):
        entry = document.value.get(path[0])
        if isinstance(entry, list) and path[1] < len(entry) and isinstance(entry[path[1]], dict) and "id" in entry[path[1]]:
            return str(entry[path[1]]["id"])
    return ""
