"""The drivers of a KPI: arithmetic over metric names, such as ``sessions * conversion_rate * average_order_value``.

Nothing else is understood: + - * /, parentheses, names and numbers. The text is parsed, never executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from metrics.errors import CatalogueError

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_EXPECTED = "Write metric names and numbers with + - * / and parentheses, for example sessions * conversion_rate."


@dataclass(frozen=True)
class Drivers:
    """A parsed expression. ``metrics``: the names in it, each once, in the order of the text."""

    text: str
    metrics: tuple[str, ...]
    tree: ast.expr

    def evaluate(self, values: Mapping[str, float | None]) -> float | None:
        """The number for these values; None where one is missing or a divisor is 0."""
        return _value(self.tree, values)


def parse_drivers(text: str) -> Drivers:
    """Parse the text. Raises CatalogueError that says what is not understood."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise CatalogueError(f"drivers '{text}' cannot be read. {_EXPECTED}") from error
    names: dict[str, None] = {}
    _check(tree, text, names)
    if not names:
        raise CatalogueError(f"drivers '{text}' names no metric. {_EXPECTED}")
    return Drivers(text.strip(), tuple(names), tree)


def _check(node: ast.expr, text: str, names: dict[str, None]) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        _check(node.left, text, names)
        _check(node.right, text, names)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _check(node.operand, text, names)
    elif isinstance(node, ast.Name):
        names[node.id] = None
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise CatalogueError(f"drivers '{text}': '{ast.unparse(node)}' is not understood. {_EXPECTED}")


def _value(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, values)
        return None if operand is None else -operand
    assert isinstance(node, ast.BinOp)  # noqa: S101 - nothing else passes _check
    left, right = _value(node.left, values), _value(node.right, values)
    if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
        return None
    return _OPERATORS[type(node.op)](left, right)
