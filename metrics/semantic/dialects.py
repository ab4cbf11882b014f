"""What other engines mean by the words of DuckDB, written so that they answer as DuckDB does.

A manifest and a filter are written in the SQL of DuckDB; sqlglot translates the words. A few are words of other engines, and
mean something else there: the escape of LIKE, halves in round, weeks from Sunday, numbers of weekdays.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metrics.errors import QueryError
from metrics.semantic.filters import SOURCE_DIALECT

_BACKSLASH_ESCAPES = frozenset({"postgres", "redshift", "spark", "databricks", "bigquery"})
_HALF_TO_EVEN = frozenset({"postgres", "redshift"})
_WEEKDAYS = frozenset({"DOW", "DAYOFWEEK", "WEEKDAY"})
_MOST_ROUNDS = 3


def as_meant(tree: exp.Query, dialect: str) -> exp.Query:
    """``tree``, changed in place. Raises QueryError for what the engine cannot be told."""
    if dialect == SOURCE_DIALECT:
        return tree
    for node in reversed(list(tree.walk())):  # what lies inside first
        change = _CHANGES.get(type(node))
        changed = change(node, dialect) if change else node
        if changed is not node:
            node.replace(changed)
    return tree


def _like(node: exp.Expr, dialect: str) -> exp.Expr:
    """DuckDB's LIKE has no escape unless it is named; elsewhere a backslash is one, and two are a backslash."""
    if isinstance(node.parent, exp.Escape):
        if dialect == "bigquery":
            raise QueryError(f"'{node.parent.sql(SOURCE_DIALECT)}': bigquery has no ESCAPE; write the condition without it")
        return node
    if dialect in _BACKSLASH_ESCAPES:
        pattern = node.expression
        if pattern.find(exp.Column):
            one, two = exp.Literal.string("\\"), exp.Literal.string("\\\\")
            node.set("expression", exp.Anonymous(this="REPLACE", expressions=[pattern.copy(), one, two]))
        for literal in [] if pattern.find(exp.Column) else list(pattern.find_all(exp.Literal)):
            literal.set("this", literal.this.replace("\\", "\\\\"))
    return node


def _round(node: exp.Expr, dialect: str) -> exp.Expr:
    """Halves away from zero, for every type: PostgreSQL's own round takes halves of doubles to the even neighbour.

    With digits: of the number times a power of ten, as DuckDB does it.
    """
    if dialect not in _HALF_TO_EVEN:
        return node
    if _rounds_around(node) >= _MOST_ROUNDS:
        raise QueryError(
            f"round inside of more than {_MOST_ROUNDS} others cannot be written for {dialect}; round fewer times"
        )
    digits = node.args.get("decimals")
    if digits is None:
        return exp.Paren(this=_rounded(node.this))
    try:
        count = int(digits.sql(SOURCE_DIALECT))
    except ValueError as error:
        raise QueryError(
            f"'{node.sql(SOURCE_DIALECT)}' cannot be written for {dialect}; expected a number of digits: round(x, 2)"
        ) from error
    power = exp.Literal.number(f"1{'0' * abs(count)}.0")
    there, back = (exp.Mul, exp.Div) if count >= 0 else (exp.Div, exp.Mul)
    scaled = exp.Paren(this=there(this=exp.Paren(this=node.this.copy()), expression=power))
    return exp.Paren(this=back(this=exp.Paren(this=_rounded(scaled)), expression=power.copy()))


def _rounded(value: exp.Expr) -> exp.Expr:
    """The whole part, and one more where half of one or more is left. Exact: nothing is added before it is compared."""

    def whole() -> exp.Expr:
        return exp.Anonymous(this="TRUNC", expressions=[value.copy()])

    rest = exp.Abs(this=exp.Sub(this=exp.Paren(this=value.copy()), expression=whole()))
    is_half = exp.GTE(this=rest, expression=exp.Literal.number("0.5"))
    one = exp.Anonymous(this="SIGN", expressions=[value.copy()])
    more = exp.Case(ifs=[exp.If(this=is_half, true=one)], default=exp.Literal.number(0))
    return exp.Add(this=whole(), expression=more)


def _rounds_around(node: exp.Expr) -> int:
    count, above = 0, node.find_ancestor(exp.Round)
    while above:
        count, above = count + 1, above.find_ancestor(exp.Round)
    return count


def _trunc(node: exp.Expr, dialect: str) -> exp.Expr:
    """Weeks start on Monday; BigQuery's WEEK on Sunday."""
    if dialect == "bigquery" and node.text("unit").upper() == "WEEK":
        node.set("unit", exp.Var(this="ISOWEEK"))
    return node


def _extract(node: exp.Expr, dialect: str) -> exp.Expr:
    part = node.name.upper()
    if part in _WEEKDAYS:
        return _weekday(node.expression, dialect)
    return _week_of_year(node.expression, dialect) if part in ("WEEK", "WEEKOFYEAR") else node


def _call(node: exp.Expr, dialect: str) -> exp.Expr:
    """``weekday(x)`` and ``date_part('dow', x)``, which sqlglot hands on as they are."""
    name, given = node.name.lower(), node.expressions
    if name == "weekday" and len(given) == 1:
        return _weekday(given[0], dialect)
    is_part = name in ("date_part", "datepart") and len(given) == 2 and isinstance(given[0], exp.Literal)
    return _extract(exp.Extract(this=exp.Var(this=given[0].name), expression=given[1].copy()), dialect) if is_part else node


def _weekday(time: exp.Expr, dialect: str) -> exp.Expr:
    """0 on Sunday to 6 on Saturday."""
    if dialect in ("postgres", "redshift"):
        return _whole_number(exp.Extract(this=exp.Var(this="DOW"), expression=time.copy()))
    if dialect == "snowflake":
        return exp.Anonymous(this="MOD", expressions=[exp.DayOfWeekIso(this=time.copy()), exp.Literal.number(7)])
    return exp.Paren(this=exp.Sub(this=exp.DayOfWeek(this=time.copy()), expression=exp.Literal.number(1)))


def _iso_weekday(node: exp.Expr, dialect: str) -> exp.Expr:
    """1 on Monday to 7 on Sunday."""
    if dialect not in ("postgres", "redshift"):
        return node
    after_monday = exp.Add(this=_weekday(node.this, dialect), expression=exp.Literal.number(6))
    in_week = exp.Mod(this=exp.Paren(this=after_monday), expression=exp.Literal.number(7))
    return exp.Paren(this=exp.Add(this=in_week, expression=exp.Literal.number(1)))


def _week_of_year(time: exp.Expr, dialect: str) -> exp.Expr:
    """The number of the ISO week."""
    if dialect in ("postgres", "redshift"):
        return _whole_number(exp.Extract(this=exp.Var(this="WEEK"), expression=time.copy()))
    return exp.WeekOfYear(this=time.copy())


def _whole_number(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType(this=exp.DType.BIGINT, nested=False))


_CHANGES: dict[type[exp.Expr], Callable[[exp.Expr, str], exp.Expr]] = {
    exp.Like: _like,
    exp.ILike: _like,
    exp.Round: _round,
    exp.TimestampTrunc: _trunc,
    exp.DateTrunc: _trunc,
    exp.Extract: _extract,
    exp.Anonymous: _call,
    exp.DayOfWeek: lambda node, dialect: _weekday(node.this, dialect),
    exp.DayOfWeekIso: _iso_weekday,
    exp.Week: lambda node, dialect: _week_of_year(node.this, dialect),
    exp.WeekOfYear: lambda node, dialect: _week_of_year(node.this, dialect),
}
