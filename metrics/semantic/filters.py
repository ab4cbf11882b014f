"""Where strings: ``{{ Dimension('session__device') }} = 'mobile'`` -> a boolean expression with holes for the names.

The text is parsed, never pasted: what a caller passes has to be one boolean expression made of the node types listed
here, so that it cannot become a statement, a subquery or a call of a function with effects. Filters written in the
manifest may use any scalar function, but no subquery either.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metrics.errors import QueryError
from metrics.semantic.calls import parse_call
from metrics.semantic.query import GRAINS, ElementName, RefusedNameError

HOLE = "__element_"
SOURCE_DIALECT = "duckdb"

_HOLE_NAME = re.compile(HOLE + "[0-9]+")
_REFERENCE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_KINDS = {
    "Dimension": ("dimension", "time"),
    "TimeDimension": ("time",),
    "Entity": ("entity",),
}
_PREDICATES = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Is,
    exp.Like, exp.ILike, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Column, exp.Boolean,
)  # fmt: skip
_OPERANDS = (
    exp.Identifier, exp.Literal, exp.Null, exp.Tuple, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Cast,
    exp.DataType, exp.DataTypeParam,
    exp.Interval, exp.Var, exp.Lower, exp.Upper, exp.Trim, exp.Coalesce, exp.Abs, exp.Round, exp.Length,
)  # fmt: skip
_SCALAR_TYPES = frozenset(
    # A plain timestamp is read as one without a time zone.
    {exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ,
     exp.DType.INT, exp.DType.BIGINT, exp.DType.DOUBLE, exp.DType.DECIMAL,
     exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.BOOLEAN}
)  # fmt: skip
_NEVER = (exp.Query, exp.Subquery, exp.DDL, exp.DML, exp.Command, exp.Star, exp.Placeholder, exp.Parameter, exp.Window)


@dataclass(frozen=True)
class Reference:
    """One ``{{ ... }}``: the name, and which kinds of element it may be."""

    name: ElementName
    kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Condition:
    """One conjunct of a where string. ``tree`` holds a column named ``__element_<i>`` for ``references[i]``."""

    text: str
    tree: exp.Expr
    references: tuple[Reference, ...]

    @property
    def is_about_metric_time(self) -> bool:
        return any(reference.name.is_metric_time for reference in self.references)

    @cached_property
    def meaning(self) -> tuple[str, tuple[Reference, ...]]:
        """What tells conditions apart. Their texts do not: a dimension and an entity of one name print alike."""
        return self.tree.sql(SOURCE_DIALECT), self.references

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.meaning == other.meaning

    def __hash__(self) -> int:
        return hash(self.meaning)


@lru_cache(maxsize=4096)
def parse_filter(text: str, trusted: bool, calendar_grains: tuple[str, ...] = ()) -> tuple[Condition, ...]:
    """Return the conjuncts of ``text``. Raises QueryError unless it is one boolean expression over semantic names."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise QueryError(f"where: {text!r} holds a character that no text in a database has; leave it out")
    references: list[Reference] = []

    def hole(match: re.Match[str]) -> str:
        references.append(_reference(match.group(1), text, (*GRAINS, *calendar_grains)))
        return f" {HOLE}{len(references) - 1} "

    sql = _REFERENCE.sub(hole, text)
    tree = _parse(sql, text)
    _check(tree, text, len(references), trusted)
    if not trusted:
        _check_conditions(tree, text, references)
    return tuple(_conjunct(part, references) for part in _split(tree))


def names_in(text: str) -> list[ElementName]:
    """What a filter names, as the compiler reads it; calls that cannot be read are left out, and refused when compiled."""
    found = []
    for call in _REFERENCE.findall(text):
        with suppress(ValueError, QueryError):
            found.append(parse_call(call).name)
    return found


def _parse(sql: str, text: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(sql, read=SOURCE_DIALECT)
    except (SqlglotError, RecursionError) as error:
        raise QueryError(f"where: {text!r} cannot be parsed; expected a boolean expression such as {_EXAMPLE}") from error
    if len(trees) != 1 or trees[0] is None:
        raise QueryError(f"where: {text!r} is not one expression; expected a boolean expression such as {_EXAMPLE}")
    tree = trees[0]
    for node in tree.walk():
        node.comments = None
    return tree


_EXAMPLE = "{{ Dimension('session__device') }} = 'mobile'"


def _check_conditions(tree: exp.Expr, text: str, references: list[Reference]) -> None:
    """Every part that and, or and not put together is a condition itself. A bare dimension may be one: it may be boolean."""
    parts = [tree]
    while parts:
        part = parts.pop()
        if isinstance(part, exp.And | exp.Or):
            parts += [part.left, part.right]
        elif isinstance(part, exp.Not | exp.Paren):
            parts.append(part.this)
        elif isinstance(part, exp.Column):
            reference = references[int(part.name[len(HOLE) :])]
            if "dimension" not in reference.kinds:
                raise QueryError(f"where: {text!r} has '{reference.name}' as a condition; compare it, as in {_EXAMPLE}")
        elif not isinstance(part, _PREDICATES):
            odd = "" if part is tree else f" in '{_conjunct(part, references).text}'"
            raise QueryError(f"where: {text!r} is not a condition{odd}; expected a boolean expression such as {_EXAMPLE}")


def _check(tree: exp.Expr, text: str, holes: int, trusted: bool) -> None:
    filled = set()
    for node in tree.walk():
        if isinstance(node, _NEVER):
            raise QueryError(
                f"where: {text!r} holds '{node.sql(SOURCE_DIALECT)}', which a filter may not; expected, for "
                f"example, {_EXAMPLE}"
            )
        if isinstance(node, exp.Column):
            if node.table or not _HOLE_NAME.fullmatch(node.name):
                bare = node.sql(SOURCE_DIALECT)
                reason = f"where: {text!r} names the bare column '{bare}'"
                raise RefusedNameError(bare, reason, "; write {{ Dimension('entity__name') }}")
            filled.add(int(node.name[len(HOLE) :]))
        elif not trusted and not (isinstance(node, _PREDICATES + _OPERANDS) and _is_plain(node)):
            raise QueryError(
                f"where: {text!r} uses '{node.sql(SOURCE_DIALECT)}', which is not allowed here; allowed are "
                "comparisons, and, or, "
                "not, in, between, like, is null, arithmetic, casts, lower, upper, trim, coalesce, abs, round "
                "and length"
            )
    if filled != set(range(holes)):
        raise QueryError(
            f"where: {text!r} has a {{{{ ... }}}} inside a text, where it means nothing; expected, for example, {_EXAMPLE}"
        )


def _is_plain(node: exp.Expr) -> bool:
    """No hidden parts: a cast to a scalar type, an ``in`` over literals, an interval with a plain unit."""
    if isinstance(node, exp.DataType):
        return node.this in _SCALAR_TYPES
    if isinstance(node, exp.In):
        return bool(node.expressions) and not any(node.args.get(part) for part in ("query", "unnest", "field"))
    if isinstance(node, exp.Var):
        return isinstance(node.parent, exp.Interval)
    return True


def _split(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.Paren):
        return _split(tree.this)
    return [leaf for part in (tree.left, tree.right) for leaf in _split(part)] if isinstance(tree, exp.And) else [tree]


def _conjunct(tree: exp.Expr, references: list[Reference]) -> Condition:
    used = sorted({int(column.name[len(HOLE) :]) for column in tree.find_all(exp.Column)})
    renumbered = tree.copy()
    for column in renumbered.find_all(exp.Column):
        column.set("this", exp.to_identifier(f"{HOLE}{used.index(int(column.name[len(HOLE) :]))}"))
    own = tuple(references[index] for index in used)
    # Names take the place of columns, not of characters: a text in quotes may look like a hole.
    named = renumbered.transform(
        lambda node: exp.Var(this=str(own[int(node.name[len(HOLE) :])].name)) if isinstance(node, exp.Column) else node
    )
    return Condition(named.sql(SOURCE_DIALECT), renumbered, own)


def _reference(call: str, text: str, grains: tuple[str, ...]) -> Reference:
    try:
        found = parse_call(call)
        if found.kind not in _KINDS:
            raise ValueError(f"a filter by {found.kind} is not supported")
    except (ValueError, QueryError) as error:
        expected = "; expected Dimension('entity__name'), TimeDimension('metric_time', 'day') or Entity('name')"
        raise RefusedNameError(call.strip(), f"where: {text!r} has {{{{{call}}}}}, and {error}", expected) from error
    name = found.name
    if name.grain and name.grain not in grains:
        raise QueryError(f"where: {text!r} uses the grain '{name.grain}'; expected one of {', '.join(grains)}")
    kinds = ("time",) if name.is_metric_time or name.grain else _KINDS[found.kind]
    return Reference(name, kinds)
