"""What a file holds that its model does not allow: pydantic's complaints in plain words, with the line of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from metrics.catalogue.expected import expected, found
from metrics.catalogue.fields import known_fields
from metrics.catalogue.findings import Finding
from metrics.catalogue.model import OVERRIDABLE, KpiFile
from metrics.catalogue.rulebook import Both, Hint, finding, hint
from metrics.catalogue.yaml_lines import Located, YamlPath

# Fields whose lack is a rule of its own.
_RULES = {"owner": "owner-missing", "description": "description-missing", "playbook": "playbook-missing"}


def shape_findings(document: Located, errors: Iterable[Any], model: type[BaseModel] = KpiFile) -> list[Finding]:
    """Every complaint of pydantic (its ``errors()``) about a file of ``model`` as a finding with the line it belongs to.

    Unknown fields come first: a misspelt one is the cause of the missing one beside it.
    """
    details = sorted(errors, key=lambda detail: detail["type"] != "extra_forbidden")
    return [_finding(document, detail, model) for detail in details]


def _finding(document: Located, detail: Any, model: type[BaseModel]) -> Finding:
    path: YamlPath = tuple(detail["loc"])
    entry = _entry_id(document, path)
    kpi = entry if model is KpiFile else ""
    # An entry of a list has no name: that of the list and its place.
    name = "" if not path else f"{path[-2]}[{path[-1]}]" if isinstance(path[-1], int) and len(path) > 1 else str(path[-1])
    if detail["type"] == "missing" and kpi and len(path) == 3 and name in _RULES:
        return finding(_RULES[name], document.where(path), kpi=kpi)
    english, chinese = _messages(path, name, detail, model)
    subject = (f"{entry}: ", f"{entry}：") if entry else ("", "")
    text = Both(en=f"{subject[0]}{english}".rstrip(".") + ("" if english.endswith("?") else "."),
                zh=f"{subject[1]}{chinese}")  # fmt: skip
    return finding("shape", document.where(path), kpi=kpi, problem=text)


def _messages(path: YamlPath, field: str, detail: Any, model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong, in English and Chinese."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_field(path, field, model)
    if kind == "missing":
        return f"field '{field}' is missing. Add it", f"缺少字段 '{field}'，请补上。"
    if kind == "literal_error":
        given, choices = detail["input"], str(detail["ctx"]["expected"])
        options = [option.strip(" '") for option in choices.replace(" or ", ",").split(",")]
        near = hint(str(given), options)
        return (
            f"'{field}' is '{given}', expected {choices}.{near.in_language('en')}",
            f"'{field}' 的值 '{given}' 不在 {'、'.join(options)} 之中。{near.in_language('zh')}",
        )
    if kind == "value_error":
        error = detail["ctx"]["error"]
        return str(error), f"{getattr(error, 'chinese', error)}。"
    wanted = expected(field, detail)
    if wanted is not None:
        there = found(detail.get("ctx", {}).get("value", detail["input"]))
        return f"'{field}' {there[0]}, expected {wanted[0]}", f"'{field}' {there[1]}，应为{wanted[1]}。"
    shown = detail["input"] if isinstance(detail["input"], str | int | float | bool) else type(detail["input"]).__name__
    reason = detail["msg"][:1].lower() + detail["msg"][1:]
    return f"'{field}' is '{shown}': {reason}", f"'{field}' 的值 '{shown}' 不合要求（{reason}）。"


def _unknown_field(path: YamlPath, field: str, model: type[BaseModel]) -> tuple[str, str]:
    if path[0] == "overrides" and len(path) == 3:
        allowed = ", ".join(OVERRIDABLE)
        return (
            f"may not override '{field}' of a KPI that ships; allowed are {allowed}. Give it an id of its own instead",
            f"不能覆盖随产品提供的 KPI 的 '{field}'，可覆盖的有 {allowed}；其他改动请另取 id。",
        )
    known = known_fields(model, path)
    near: Hint = hint(field, known)
    return (
        f"unknown field '{field}'.{near.in_language('en') or ' Known are ' + ', '.join(known) + '.'}",
        f"未知字段 '{field}'。{near.in_language('zh') or '可用的有 ' + '、'.join(known) + '。'}",
    )


def _entry_id(document: Located, path: YamlPath) -> str:
    """The id of the KPI, goal or scorecard in front of the message, when the file says it."""
    if len(path) >= 2 and isinstance(path[1], int):
        entry = document.value.get(path[0])
        if isinstance(entry, list) and path[1] < len(entry) and isinstance(entry[path[1]], dict) and "id" in entry[path[1]]:
            return str(entry[path[1]]["id"])
    return ""
