"""What each driver of a KPI would have to do: the drivers' formula solved for one driver at a time, and for all of them.

Pure arithmetic. A formula is + - * / over metric names and numbers, as in ``drivers:`` of a KPI file.
"""

from __future__ import annotations

import ast
import math
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
# No driver is asked to become more than so many times as large, or as small.
_MOST_TIMES = 20.0


@dataclass(frozen=True)
class Formula:
    """A parsed formula and the metrics that it names, in their order."""

    text: str
    names: tuple[str, ...]
    body: ast.expr

    def value(self, values: Mapping[str, float]) -> float:
        """The result; NaN where it divides by zero."""
        try:
            return _evaluated(self.body, values)
        except ZeroDivisionError:
            return math.nan


def read_formula(text: str, where: str) -> Formula:
    """Parse ``sessions * conversion_rate``. Raises CatalogueError for anything that is not plain arithmetic."""
    wrong = (
        f"{where}: drivers is '{text}', expected metric names with + - * / and brackets, such as sessions * conversion_rate."
    )
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise CatalogueError(wrong) from None
    names: dict[str, None] = {}
    for node in ast.walk(body):
        if isinstance(node, ast.Name):
            names[node.id] = None
        elif not _is_arithmetic(node):
            raise CatalogueError(wrong)
    return Formula(text, tuple(names), body)


def _is_arithmetic(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, ast.operator | ast.expr_context)


def needed_of_one(formula: Formula, values: Mapping[str, float], name: str, wanted: float) -> float | None:
    """The value of ``name`` with which the formula gives ``wanted``, the others as they are; None where no value does."""
    factor = _solved(lambda times: formula.value({**values, name: values[name] * times}) - wanted)
    return None if factor is None else values[name] * factor


def needed_of_all(formula: Formula, values: Mapping[str, float], wanted: float) -> float | None:
    """The factor by which every driver has to get better so that the formula gives ``wanted``; None where none does.

    A driver gets better in the direction in which it moves the result towards ``wanted``: spend goes down by the factor by
    which customers go up.
    """
    now = formula.value(values)
    if not math.isfinite(now):
        return None
    upwards = wanted >= now
    helps = {name: (formula.value({**values, name: values[name] * 1.01}) >= now) == upwards for name in formula.names}

    def missing(times: float) -> float:
        return formula.value({name: values[name] * (times if helps[name] else 1 / times) for name in formula.names}) - wanted

    return _solved(missing)


def _solved(missing: Callable[[float], float]) -> float | None:
    """The factor nearest to 1 at which ``missing`` is zero, by bisection on its logarithm."""
    for end in (_MOST_TIMES, 1 / _MOST_TIMES):
        low, high = 0.0, math.log(end)
        at_low, at_high = missing(1.0), missing(end)
        if not (math.isfinite(at_low) and math.isfinite(at_high)) or at_low * at_high > 0:
            continue
        for _ in range(80):
            middle = (low + high) / 2
            if missing(math.exp(middle)) * at_low > 0:
                low = middle
            else:
                high = middle
        return math.exp((low + high) / 2)
    return None


def _evaluated(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    assert isinstance(node, ast.BinOp)  # noqa: S101 - read_formula lets nothing else pass
    return _OPERATORS[type(node.op)](_evaluated(node.left, values), _evaluated(node.right, values))
