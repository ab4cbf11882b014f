"""What stands between ``{{`` and ``}}``: ``TimeDimension('metric_time', 'month')`` read as a name, without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from metrics.semantic.query import ElementName, parse_name

# The arguments that dbt's specification gives each call, in their order.
_ARGUMENTS = {
    "Dimension": ("name", "entity_path"),
    "TimeDimension": ("time_dimension_name", "time_granularity_name", "entity_path", "descending", "date_part_name"),
    "Entity": ("name", "entity_path"),
    "Metric": ("name", "group_by", "descending"),
}
_METHODS = ("grain", "descending", "date_part")


@dataclass(frozen=True)
class Call:
    """One call. ``kind`` is Dimension, TimeDimension, Entity or Metric; a grain is part of the name."""

    kind: str
    name: ElementName
    descending: bool = False


def parse_call(text: str) -> Call:
    """Read one call. Raises ValueError, with what is wrong, for anything that is not one or is not supported."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError("it cannot be parsed") from error
    given: dict[str, object] = {}
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        given.setdefault(node.func.attr, _first(node))
        node = node.func.value
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ARGUMENTS):
        raise ValueError("it is no call that is known here")
    kind = node.func.id
    given = {**_arguments(node, kind), **given}
    if given.get("date_part") or given.get("date_part_name"):
        raise ValueError("it asks for a part of a date (a month of any year), which is not supported")
    if given.get("group_by"):
        raise ValueError("it groups a metric by something of its own, which is not supported")
    return Call(kind, _named(given, kind), bool(given.get("descending")))


def _named(given: dict[str, object], kind: str) -> ElementName:
    name = parse_name(str(given[_ARGUMENTS[kind][0]]))
    grain = given.get("grain") or given.get("time_granularity_name") or name.grain
    path = given.get("entity_path") or ()
    if not isinstance(path, list | tuple):
        raise ValueError("its entity_path is no list")
    links = tuple(str(link).lower() for link in path)
    return ElementName((*links, *name.links), name.element, str(grain).lower() if grain else None)


def _arguments(call: ast.Call, kind: str) -> dict[str, object]:
    names = _ARGUMENTS[kind]
    if len(call.args) > len(names) or (not call.args and not call.keywords):
        raise ValueError(f"it takes {', '.join(names)}")
    found: dict[str, object] = {}
    for name, value in [*zip(names, call.args, strict=False), *((str(item.arg), item.value) for item in call.keywords)]:
        if name not in names or name in found:
            raise ValueError(f"it takes {', '.join(names)}")
        found[name] = _literal(value)
    if names[0] not in found:
        raise ValueError(f"it takes {', '.join(names)}")
    return found


def _first(call: ast.Call) -> object:
    if len(call.args) != 1 or call.keywords:
        raise ValueError("its method takes one argument")
    return _literal(call.args[0])


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except TypeError as error:
        raise ValueError("one of its arguments is no text") from error
