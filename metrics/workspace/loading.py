"""Reads workspace.yml: YAML, ``${ENV_VAR}``, the model, then the checks. Every error is one line with file and line."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metrics.errors import WorkspaceError, did_you_mean
from metrics.workspace.channel_rules import read_channel_rules
from metrics.workspace.checks import Finding, check_workspace
from metrics.workspace.model import Workspace
from metrics.workspace.promotions import read_promotions
from metrics.workspace.yaml_lines import Located, YamlPath, dotted, load_yaml

ENV_VAR = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_workspace(path: Path | str) -> Workspace:
    """Return the workspace of a folder (or of its workspace.yml). Raises WorkspaceError with file and line."""
    given = Path(path)
    file = given if given.suffix in {".yml", ".yaml"} else given / Workspace.FILE_NAME
    if not file.is_file():
        raise WorkspaceError(
            f"{given}: there is no {file.name}. Give the folder of a workspace with --workspace, or make one there."
        )
    from_environment: set[YamlPath] = set()
    located = load_yaml(file, lambda text, key, where: _substitute(text, key, where, from_environment))
    if not isinstance(located.value, dict):
        raise WorkspaceError(f"{file.name}:1: is empty or not a mapping. It starts with `name: ...`")
    try:
        workspace = Workspace.model_validate(located.value)
    except ValidationError as error:
        raise _first([_finding(item, located, from_environment) for item in error.errors()], located) from error
    workspace._root = file.resolve().parent
    workspace._located = located
    findings = check_workspace(workspace)
    if findings:
        raise _first(findings, located)
    workspace._rules = read_channel_rules(workspace.root, workspace.channel_rules)
    workspace._promotions = read_promotions(workspace.root, workspace.promotions)
    return workspace


def _substitute(text: str, path: YamlPath, where: str, from_environment: set[YamlPath]) -> str:
    def value_of(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise WorkspaceError(
                f"{where}: {dotted(path)} uses the environment variable {match[1]}, which is not set. "
                f"Set it: export {match[1]}=..."
            )
        from_environment.add(path)
        return value

    return ENV_VAR.sub(value_of, text)


def _first(findings: list[Finding], located: Located) -> WorkspaceError:
    # A value that fits none of several types gives an error for each: the first says enough.
    findings = list({finding.path: finding for finding in reversed(findings)}.values())
    findings.sort(key=lambda finding: located.line(finding.path))
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    first = findings[0]
    message = " ".join(first.message.split())
    return WorkspaceError(f"{located.where(first.path)}: {message}{'' if message[-1] in '.?' else '.'}{more}")


def _finding(error: Any, located: Located, from_environment: set[YamlPath]) -> Finding:
    # pydantic adds the tag of a union and its own names for keys of dicts; only keys of the file are kept.
    path: YamlPath = ()
    for key in error["loc"]:
        if (*path, key) in located.lines:
            path = (*path, key)
    kind, message = error["type"], str(error["msg"])
    if kind == "unknown_key":
        return Finding((*path, error["ctx"]["key"]), f"{dotted(path)} {message}")
    if kind == "truth_value":
        path = (*path, error["ctx"]["key"])
        return Finding(path, f"{dotted(path)} {message}")
    if kind == "missing":
        return Finding(path, f"{dotted(path)} needs the key '{error['loc'][-1]}'")
    if kind == "union_tag_invalid":
        tag, path = error["ctx"]["tag"], (*path, "kind")
        return Finding(path, f"{dotted(path)} should be {error['ctx']['expected_tags']}, found '{tag}'")
    found = "" if path in from_environment else f", found {_shown(_at(located.value, path))}"
    if kind == "string_pattern_mismatch" and error["loc"][-1] == "[key]":
        message, found = f"should be named in lower case: letters, digits, single underscores ({path[-1]})", ""
    elif kind == "literal_error" and not found.endswith(("a list", "a mapping")):
        found += "." + did_you_mean(str(_at(located.value, path)), re.findall(r"'([^']+)'", message)) if found else ""
        message += " or a date" if path == ("clock",) else ""
    message = message.replace("String should match pattern", "should match the pattern")
    message = message.replace("Input should be", "should be").replace("Value should", "should")
    return Finding(path, f"{dotted(path)} {message[0].lower()}{message[1:].rstrip('.')}{found}")


def _at(value: Any, path: YamlPath) -> Any:
    for key in path:
        value = value[key]
    return value


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"'{value}'" if value is not None else "nothing"
