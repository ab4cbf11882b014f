"""The formula of a KPI's `drivers`: + - * / and parentheses over names of metrics and plain numbers. Nothing is executed.

``parse_drivers("sessions * conversion_rate")`` gives an expression that knows its metrics and can be computed from values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from metrics.errors import CatalogueError

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d+)?)|(?P<sign>[-+*/()])|(?P<other>\S))", re.ASCII)
LONGEST = 500
DEEPEST = 20


class DriversError(CatalogueError):
    """The text is no such formula; ``str(error)`` says what was found and where, ``chinese`` the same."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.chinese = chinese


@dataclass(frozen=True)
class Name:
    """A metric."""

    metric: str


@dataclass(frozen=True)
class Number:
    """A constant, as in ``1 - churn_rate``."""

    value: float


@dataclass(frozen=True)
class Operation:
    """Two terms and the sign between them."""

    sign: Literal["+", "-", "*", "/"]
    left: Term
    right: Term


Term = Name | Number | Operation


@dataclass(frozen=True)
class Drivers:
    """A parsed formula. ``text``: as it was written; ``tree``: its outermost operation, or the only term."""

    text: str
    tree: Term

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it names, each once, in the order of the text."""
        return tuple(dict.fromkeys(_names(self.tree)))

    def evaluate(self, values: Mapping[str, float | None]) -> float | None:
        """The formula's value, in floating point. None where a value is missing or something is divided by 0.

        Raises KeyError for a metric that ``values`` does not hold at all.
        """
        return _value(self.tree, values)

    def __str__(self) -> str:
        return _written(self.tree)


def parse_drivers(text: str) -> Drivers:
    """Read a formula. Raises DriversError with the place (from 1) of what cannot be read, where it names no metric, and
    where it divides by constants that come to 0.
    """
    if len(text) > LONGEST:
        raise DriversError(
            f"the formula has {len(text)} characters, expected at most {LONGEST}",
            f"公式有 {len(text)} 个字符，最多 {LONGEST} 个",
        )
    reader = _Reader(text)
    tree = reader.total()
    if reader.kind != "end":
        raise reader.unexpected()
    if not any(_names(tree)):
        raise DriversError("it names no metric", "其中没有指标")
    return Drivers(text, tree)


class _Reader:
    """Recursive descent: total = product {(+|-) product}, product = term {(*|/) term}, term = name | number | (total)."""

    def __init__(self, text: str) -> None:
        self._tokens = [(str(m.lastgroup), m.group(str(m.lastgroup)), m.start(str(m.lastgroup)) + 1)
                        for m in _TOKEN.finditer(text) if m.lastgroup]  # fmt: skip
        self._next = 0
        self._depth = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else "end"

    def _place(self) -> int:
        """Where the next token stands, from 1; 0 at the end."""
        return self._tokens[self._next][2] if self._next < len(self._tokens) else 0

    def _taken(self, signs: str) -> str:
        """The sign that comes next, when it is one of ``signs``; it is then behind us."""
        if self.kind == "sign" and (sign := self._tokens[self._next][1]) in signs:
            self._next += 1
            return sign
        return ""

    def unexpected(self) -> DriversError:
        if self.kind == "end":
            return DriversError("it ends where a metric, a number or '(' should stand", "末尾缺少指标、数字或 '('")
        _, token, place = self._tokens[self._next]
        return DriversError(f"'{token}' at {place} does not belong there", f"第 {place} 个字符处的 '{token}' 不应出现在那里")

    def total(self) -> Term:
        left = self._product()
        while sign := self._taken("+-"):
            left = Operation("+" if sign == "+" else "-", left, self._product())
        return left

    def _product(self) -> Term:
        left = self._term()
        while sign := self._taken("*/"):
            place = self._place()
            right = self._term()
            if sign == "/" and not any(_names(right)) and _value(right, {}) == 0:
                raise DriversError(
                    f"what stands at {place} is 0, and nothing can be divided by it",
                    f"第 {place} 个字符处的值为 0，不能作除数",
                )
            left = Operation("*" if sign == "*" else "/", left, right)
        return left

    def _term(self) -> Term:
        kind = self.kind
        if kind in ("name", "number"):
            token = self._tokens[self._next][1]
            self._next += 1
            return Name(token) if kind == "name" else Number(float(token))
        if not self._taken("("):
            raise self.unexpected()
        self._depth += 1
        if self._depth > DEEPEST:
            raise DriversError(f"it has more than {DEEPEST} parentheses within each other", f"括号嵌套超过 {DEEPEST} 层")
        inner = self.total()
        if not self._taken(")"):
            missing = DriversError("a ')' is missing at the end", "末尾缺少 ')'")
            raise missing if self.kind == "end" else self.unexpected()
        self._depth -= 1
        return inner


def _names(term: Term) -> Iterator[str]:
    if isinstance(term, Name):
        yield term.metric
    elif isinstance(term, Operation):
        yield from _names(term.left)
        yield from _names(term.right)


def _value(term: Term, values: Mapping[str, float | None]) -> float | None:
    if isinstance(term, Number):
        return term.value
    if isinstance(term, Name):
        found = values[term.metric]
        return None if found is None else float(found)
    left, right = _value(term.left, values), _value(term.right, values)
    if left is None or right is None:
        return None
    if term.sign == "+":
        return left + right
    if term.sign == "-":
        return left - right
    if term.sign == "*":
        return left * right
    return left / right if right else None


def _written(term: Term) -> str:
    if isinstance(term, Name):
        return term.metric
    if isinstance(term, Number):
        return f"{term.value:g}"
    return f"({_written(term.left)} {term.sign} {_written(term.right)})"
