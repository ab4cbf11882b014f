"""YAML with the line of every key, so that an error can say where it stands. Knows nothing about workspaces."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from metrics.errors import WorkspaceError

# libyaml's parser is ten times faster than the one written in Python; every wheel of PyYAML has it.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
YamlPath = tuple[str | int, ...]
MOST_LEVELS = 30
# What YAML makes of an unquoted text: (what it is called, what it looks like).
_SCALARS = {
    "timestamp": ("date", "a date such as 2024-12-31"),
    "int": ("whole number", "a number such as 12"),
    "float": ("number", "a number such as 1.5"),
    "bool": ("yes or no", "true or false"),
}
_NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})
_OCTAL = re.compile(r"[-+]?0[0-7_]+")


@dataclass(frozen=True)
class Located:
    """The value of a YAML file and, for each path of keys into it, the line (from 1) on which it stands."""

    file_name: str
    value: Any
    lines: dict[YamlPath, int] = field(default_factory=dict)

    def where(self, path: YamlPath) -> str:
        """Return ``file:line`` of the deepest part of ``path`` that the file holds."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return f"{self.file_name}:{self.lines[path[:length]]}"
        return self.file_name

    def line(self, path: YamlPath) -> int:
        return int(self.where(path).rpartition(":")[2]) if self.lines else 0


def dotted(path: YamlPath) -> str:
    """Write a path of keys as ``sources.shop.tables``, list positions as ``notify[0]``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text or "the file"


def load_yaml(file: Path, text_of: Callable[[str, YamlPath, str], str] | None = None) -> Located:
    """Read one YAML document. ``text_of(text, path, where)`` may rewrite every string.

    Raises WorkspaceError with file and line for bad syntax, a duplicate key, more than one document.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"{error.reason} at byte {error.start}"
        raise WorkspaceError(f"{file.name}: is not UTF-8 text ({problem}). Save it as UTF-8.") from error
    except OSError as error:
        raise WorkspaceError(f"{file}: cannot be read ({error.strerror}).") from error
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        located = Located(file.name, None)
        value = _value(loader, node, (), located, text_of) if node is not None else None
        return Located(file.name, value, located.lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The end of the file is counted as a line of its own, which no editor shows.
        line = min(mark.line + 1, max(len(text.splitlines()), 1)) if mark else 1
        problem = " ".join(part for part in (error.problem, error.context) if part)
        raise WorkspaceError(f"{file.name}:{line}: is not valid YAML: {problem}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise WorkspaceError(f"{file.name}: is not valid YAML: {' '.join(str(error).split())}.") from error
    finally:
        loader.dispose()


def _value(
    loader: yaml.SafeLoader,
    node: yaml.Node,
    path: YamlPath,
    located: Located,
    text_of: Callable[[str, YamlPath, str], str] | None,
) -> Any:
    located.lines.setdefault(path, node.start_mark.line + 1)
    if len(path) > MOST_LEVELS:
        raise WorkspaceError(f"{located.where(path)}: is nested more than {MOST_LEVELS} levels deep.")
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        values: dict[str | int, Any] = {}
        for key_node, value_node in node.value:
            # YAML reads an unquoted `on:` as true and a bare date as a date: keys are always names here.
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in values:
                raise WorkspaceError(f"{located.file_name}:{line}: the key '{key}' is given twice. Keep one of them.")
            located.lines[(*path, key)] = line
            values[key] = _value(loader, value_node, (*path, key), located, text_of)
        return values
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*path, index), located, text_of) for index, item in enumerate(node.value)]
    value = _scalar(loader, node, path, located)
    if isinstance(value, str) and text_of is not None:
        return text_of(value, path, located.where(path))
    return value


def _scalar(loader: yaml.SafeLoader, node: yaml.Node, path: YamlPath, located: Located) -> Any:
    """The value of a single text. YAML itself makes dates and numbers of some; what looks like one may be none.

    YAML 1.1 counts 1:30 as 90 and 0755 as 493, which no person means: the first is a text, the second
    an error, and so is 007, of which a text would lose two digits.
    """
    is_number = node.tag in _NUMBERS
    if is_number and ":" in node.value:
        return str(node.value)
    try:
        value = loader.construct_object(node)
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        kind = node.tag.rpartition(":")[2]
        what, example = _SCALARS.get(kind, (kind, ""))
        reason = f": {error}" if isinstance(error, ValueError) else ""
        expected = f" Expected {example}." if example else ""
        raise WorkspaceError(
            f"{located.where(path)}: {dotted(path)} is '{node.value}', which is no {what}{reason}.{expected}"
        ) from error
    if is_number and _OCTAL.fullmatch(node.value):
        raise WorkspaceError(
            f"{located.where(path)}: {dotted(path)} is {node.value}, which YAML reads as {value}. "
            f"Write {int(node.value.replace('_', ''))}, or put it in quotes if it is a text."
        )
    return value
