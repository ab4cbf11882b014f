"""A finding about a KPI file: where, how serious, what and how to mend it; and pydantic's words made readable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from metrics.catalogue.fields import known_fields
from metrics.catalogue.model import OVERRIDABLE, KpiFile
from metrics.catalogue.yaml_lines import Located, YamlPath
from metrics.errors import did_you_mean


@dataclass(frozen=True)
class Finding:
    """One problem; ``str(finding)`` is the line shown to the user."""

    where: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def shape_findings(document: Located, errors: Iterable[Any], model: type[BaseModel] = KpiFile) -> list[Finding]:
    """Every complaint of pydantic (its ``errors()``) about a file of ``model`` as a finding with the line it belongs to.

    Unknown fields come first: a misspelt one is the cause of the missing one beside it.
    """
    details = sorted(errors, key=lambda detail: detail["type"] != "extra_forbidden")
    return [_finding(document, detail, model) for detail in details]


def _finding(document: Located, detail: Any, model: type[BaseModel]) -> Finding:
    path: YamlPath = tuple(detail["loc"])
    subject = _subject(document, path)
    field = path[-1] if path else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        message = _unknown_field(path, str(field), model)
    elif kind == "missing":
        message = f"field '{field}' is missing. Add it"
    elif kind == "literal_error":
        found, expected = detail["input"], str(detail["ctx"]["expected"])
        options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
        message = f"'{field}' is '{found}', expected {expected}.{did_you_mean(str(found), options)}"
    elif kind == "value_error":
        message = str(detail["ctx"]["error"])
    else:
        shown = detail["input"] if isinstance(detail["input"], str | int | float | bool) else type(detail["input"]).__name__
        message = f"'{field}' is '{shown}': {_lower(detail['msg'])}"
    return Finding(document.where(path), f"{subject}{message}".rstrip(".") + _end(message))


def _end(message: str) -> str:
    return "" if message.endswith("?") else "."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _unknown_field(path: YamlPath, field: str, model: type[BaseModel]) -> str:
    if path[0] == "overrides" and len(path) == 3:
        allowed = ", ".join(OVERRIDABLE)
        return f"may not override '{field}' of a KPI that ships; allowed are {allowed}. Give it an id of its own instead"
    known = known_fields(model, path)
    return f"unknown field '{field}'.{did_you_mean(field, known) or ' Known are ' + ', '.join(known) + '.'}"


def _subject(document: Located, path: YamlPath) -> str:
    """The KPI's id in front of the message, when the file says it."""
    if len(path) >= 2 and isinstance(path[1], int):
        entry = document.value.get(path[0])
        if isinstance(entry, list) and path[1] < len(entry) and isinstance(entry[path[1]], dict) and "id" in entry[path[1]]:
            return f"{entry[path[1]]['id']}: "
    return ""
