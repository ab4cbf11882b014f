"""sqlglot building blocks: names, periods, source expressions, conditions. Every identifier of ours is quoted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metrics.errors import QueryError
from metrics.semantic.days import Days
from metrics.semantic.filters import HOLE, SOURCE_DIALECT
from metrics.semantic.joins import Target
from metrics.semantic.manifest import Dimension, Relation
from metrics.semantic.plan import BoundCondition
from metrics.semantic.query import GRAINS

FACT = "fact"
_ONE_CATALOG = frozenset({"duckdb", "postgres", "spark"})


def column(name: str, table: str | None = None) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(table) if table else None)


def identifier(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def aliased(expression: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=expression, alias=identifier(name))


def relation(source: Relation, alias: str, dialect: str) -> exp.Table:
    """The table by schema and name. DuckDB's catalog is the name of a file, and the published copy has another one."""
    catalog = source.database if source.database and dialect not in _ONE_CATALOG else None
    return exp.Table(
        this=identifier(source.name),
        db=identifier(source.schema) if source.schema else None,
        catalog=identifier(catalog) if catalog else None,
        alias=exp.TableAlias(this=identifier(alias)),
    )


def unused(name: str, taken: Collection[str]) -> str:
    """``name``, or the first of ``name_2``, ``name_3`` ... that is not taken."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    return free


def cte_table(name: str, alias: str | None = None) -> exp.Table:
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)) if alias else None)


@lru_cache(maxsize=8192)
def _parsed(text: str) -> exp.Expr:
    try:
        tree = sqlglot.parse_one(text, read=SOURCE_DIALECT)
    except SqlglotError as error:
        raise QueryError(
            f"the expression {text!r} of the semantic manifest cannot be parsed; expected SQL in the "
            f"{SOURCE_DIALECT} dialect"
        ) from error
    if tree.find(exp.Query, exp.DDL, exp.DML, exp.Command, exp.AggFunc):
        raise QueryError(
            f"the expression {text!r} of the semantic manifest holds a query, a command or an aggregate; expected "
            "one over a row's columns"
        )
    for node in tree.walk():
        node.comments = None
    return tree


def source(text: str, table: str) -> exp.Expr:
    """An expression of the manifest over the columns of ``table``."""
    known = _parsed(text)
    if isinstance(known, exp.Column) and isinstance(known.this, exp.Identifier) and len(known.parts) == 1:
        name = exp.Identifier(this=known.this.this, quoted=known.this.args.get("quoted"))
        return exp.Column(this=name, table=identifier(table))
    tree = known.copy()
    for node in list(tree.find_all(exp.Column)):
        if not node.table:
            node.set("table", identifier(table))
    # Also calls that are written between their arguments: and, or, ->>.
    is_whole = isinstance(tree, exp.Column | exp.Literal | exp.Func) and not isinstance(tree, exp.Binary)
    return tree if is_whole else exp.Paren(this=tree)


def table_of(path: Sequence[str]) -> str:
    """Alias of the table reached over the entities of ``path``."""
    return "to_" + "__".join(path) if path else FACT


def cast(expression: exp.Expr, to: str) -> exp.Cast:
    return exp.Cast(this=expression, to=exp.DataType(this=exp.DType[to], nested=False))


def period(grain: str, time: exp.Expr) -> exp.Expr:
    """First day of the period that ``time`` falls into; weeks start on Monday."""
    if grain == "day":
        return cast(time, "DATE")
    return cast(exp.TimestampTrunc(this=time, unit=exp.Var(this=grain.upper())), "DATE")


def moment(grain: str, time: exp.Expr) -> exp.Expr:
    """``time`` by the grain that it is declared by, which may be finer than a day."""
    if grain in GRAINS:
        return period(grain, time)
    return exp.TimestampTrunc(this=time, unit=exp.Var(this=grain.upper()))


def later(time: exp.Expr, count: int, unit: str) -> exp.Expr:
    return exp.Add(this=time, expression=interval(count, unit))


def earlier(time: exp.Expr, count: int, unit: str) -> exp.Expr:
    return exp.Sub(this=time, expression=interval(count, unit))


def interval(count: int, unit: str) -> exp.Interval:
    return exp.Interval(this=exp.Literal.string(str(count)), unit=exp.Var(this=unit.upper()))


def day(value: date) -> exp.Expr:
    return cast(exp.Literal.string(value.isoformat()), "DATE")


def in_days(time: Callable[[], exp.Expr], days: Days) -> list[exp.Expr]:
    """Range predicates on the bare time, so that the engine can skip what lies outside."""
    found: list[exp.Expr] = []
    if days.start:
        found.append(exp.GTE(this=time(), expression=day(days.start)))
    if days.end:
        found.append(_until(time, days.end))
    return found


def _until(time: Callable[[], exp.Expr], end: date) -> exp.Expr:
    """Up to and with the day ``end``. The last day of the calendar, which means that there is no end, has no next day."""
    if end == date.max:
        return exp.LTE(this=period("day", time()), expression=day(end))
    return exp.LT(this=time(), expression=day(end + timedelta(days=1)))


def in_instants(time: Callable[[], exp.Expr], days: Days, zone: str) -> list[exp.Expr]:
    """The same for timestamps in UTC and the days of a time zone, which have 23 or 25 hours when its clocks change."""
    found: list[exp.Expr] = []
    if days.start:
        found.append(exp.GTE(this=time(), expression=_midnight(days.start, zone)))
    if days.end == date.max:
        found.append(_until(time, days.end))
    elif days.end:
        found.append(exp.LT(this=time(), expression=_midnight(days.end + timedelta(days=1), zone)))
    return found


def _midnight(start: date, zone: str) -> exp.Expr:
    local = datetime(start.year, start.month, start.day, tzinfo=ZoneInfo(zone))
    try:
        instant = local.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise QueryError(
            f"query: {start} in {zone} begins outside of the calendar, which has the years 1 to 9999; give a day closer to "
            "those of the data"
        ) from error
    return cast(exp.Literal.string(instant.isoformat(" ", "seconds")), "TIMESTAMP")


def valid(time: Dimension, fact: str, edges: tuple[Dimension, Dimension], table: str) -> list[exp.Expr]:
    """The ``time`` of ``fact`` lies between the ``edges`` of a validity window in ``table``.

    By instant where all of them have a time of day, which no time zone moves; else by day.
    """
    if any(item.grain is None or item.grain in GRAINS for item in (time, *edges)):
        return valid_at(partial(source, time.expr, fact), *(partial(source, edge.expr, table) for edge in edges))
    stored = [partial(source, edge.stored or edge.expr, table) for edge in edges]
    return valid_at_instant(partial(source, time.stored or time.expr, fact), *stored)


def valid_at(time: Callable[[], exp.Expr], start: Callable[[], exp.Expr], end: Callable[[], exp.Expr]) -> list[exp.Expr]:
    """The day of ``time`` lies in a validity window: its first day counts, its last one does not, NULL has no end."""
    on = period("day", time())
    return _between(on, period("day", start()), period("day", end()), end())


def valid_at_instant(
    time: Callable[[], exp.Expr], start: Callable[[], exp.Expr], end: Callable[[], exp.Expr]
) -> list[exp.Expr]:
    """The same for times of day: the first instant counts, the last one does not."""
    return _between(time(), start(), end(), end())


def _between(on: exp.Expr, first: exp.Expr, last: exp.Expr, end: exp.Expr) -> list[exp.Expr]:
    is_open = exp.Is(this=end, expression=exp.Null())
    ends = exp.Or(this=exp.GT(this=last, expression=on.copy()), expression=is_open)
    return [exp.LTE(this=first, expression=on), exp.Paren(this=ends)]


def null_safe_equal(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.NullSafeEQ(this=left, expression=right)


def all_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.and_(*conditions, copy=False)


def any_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.or_(*conditions, copy=False)


def when(condition: exp.Expr, then: exp.Expr) -> exp.Case:
    """``then`` where the condition holds, else NULL."""
    return exp.Case(ifs=[exp.If(this=condition, true=then)])


def bound(
    item: BoundCondition,
    stored: Callable[[], exp.Expr],
    shown: Callable[[str], exp.Expr] | None = None,
) -> exp.Expr:
    """The condition over real columns.

    ``stored`` is the fact's own time. ``shown(grain)``, given when rows are moved to other periods than their own, is
    the period they are shown at, and what a condition of the query on metric_time means.
    """
    holder = exp.Paren(this=item.condition.tree.copy())
    for node in list(holder.find_all(exp.Column)):
        target, grain = item.targets[int(node.name[len(HOLE) :])]
        if target is None and grain and shown and item.shown:
            node.replace(shown(grain))
        elif grain is None and target is not None:
            node.replace(source(target.expr, table_of(target.path)))
        else:
            raw = stored if target is None else partial(source, target.expr, table_of(target.path))
            if not (grain == "day" and _made_plain(node, raw)):
                node.replace(period(grain or "day", raw()))
    return holder if isinstance(holder.this, exp.Or) else holder.this


def bound_to_keys(item: BoundCondition, keys: Mapping[tuple[Target | None, str | None], exp.Column]) -> exp.Expr | None:
    """The condition over columns that are group-by keys already, or None where it needs others."""
    if not all(target in keys for target in item.targets):
        return None
    holder = exp.Paren(this=item.condition.tree.copy())
    for node in list(holder.find_all(exp.Column)):
        node.replace(keys[item.targets[int(node.name[len(HOLE) :])]].copy())
    return holder


def _made_plain(node: exp.Column, raw: Callable[[], exp.Expr]) -> bool:
    """Turn ``day(time) <= '2024-01-31'`` into ``time < '2024-02-01'``: the same rows, no function on the column."""
    comparison = node.parent
    if not isinstance(comparison, exp.GTE | exp.LT | exp.GT | exp.LTE) or comparison.this is not node:
        return False
    literal = comparison.expression.this if isinstance(comparison.expression, exp.Cast) else comparison.expression
    if not (isinstance(literal, exp.Literal) and literal.is_string):
        return False
    try:
        limit = date.fromisoformat(literal.this)
    except ValueError:
        return False
    if isinstance(comparison, exp.GT | exp.LTE):
        if limit == date.max:
            return False
        limit += timedelta(days=1)
    kind = exp.GTE if isinstance(comparison, exp.GTE | exp.GT) else exp.LT
    comparison.replace(kind(this=raw(), expression=day(limit)))
    return True
