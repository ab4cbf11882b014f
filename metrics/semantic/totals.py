"""``totals`` and ``share_of_total``: the row over everything, and what part each row is of its total.

The total row is a query of its own without group-by: a ratio is the ratio of all, a distinct count counts once. Shares are
for metrics whose parts add up, so that they make 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metrics.errors import QueryError
from metrics.semantic.comparisons import check_range
from metrics.semantic.query import Query
from metrics.semantic.resolved import DerivedValue, LeafValue, RatioValue, ResolvedQuery, Value, leaves_of

IS_TOTAL = "is_total"
_ADDITIVE = frozenset({"sum", "count", "sum_boolean"})


def with_totals(query: Query, resolved: ResolvedQuery) -> ResolvedQuery:
    """Add what ``totals`` and ``share_of_total`` ask for. Raises QueryError where a metric has no total or no shares."""
    if query.share_of_total:
        for name, value in resolved.values:
            reason = no_parts(value)
            if reason:
                raise QueryError(f"query: share_of_total: metric '{name}' has no shares, because {reason}")
        resolved = replace(resolved, shares=tuple((f"{name}__share", name) for name, _ in resolved.values))
    resolved = replace(resolved, totals=query.totals)
    if query.totals or not resolved.time_keys:
        check_range(resolved)
    if query.totals and resolved.keys:
        _check_total(resolved)
        resolved = replace(resolved, totalled=replace(resolved, keys=(), limit=None))
    return resolved


def share_partition(query: ResolvedQuery) -> tuple[str, ...]:
    """The columns whose total a share is of: the period's where something else is grouped by, too, else none."""
    times = tuple(key.output for key in query.time_keys)
    return times if len(times) < len(query.keys) else ()


def _check_total(query: ResolvedQuery) -> None:
    if not query.time_keys:
        return
    if query.whole:
        raise QueryError(
            "query: totals: which periods of the calendar are complete only the time spine can tell, so the days that the "
            "total has to leave out are not known; ask with complete_periods=False (--include-open), or leave totals out"
        )
    for name, value in query.values:
        for leaf in leaves_of(value):
            if leaf.offset or leaf.cumulative:
                what = "compares with an earlier period" if leaf.offset else "accumulates over time"
                raise QueryError(
                    f"query: totals: metric '{name}' {what}, so its periods have no total; leave it or totals out"
                )


def no_parts(value: Value) -> str | None:
    """Why the parts of a value do not add up to it, or None where they do."""
    return next(_no_parts(value), None)


def _no_parts(value: Value) -> Iterator[str]:
    """Why the parts of a value do not add up to it."""
    if isinstance(value, LeafValue):
        leaf, counted = value.leaf, value.leaf.counted
        if counted.agg not in _ADDITIVE or counted.non_additive:
            kind = "a stock" if counted.non_additive else counted.agg
            yield f"'{counted.name}' is {kind}, and its parts do not add up"
        if leaf.cumulative:
            yield f"'{counted.name}' is accumulated over time, and its periods do not add up"
        if leaf.fill:
            yield f"'{counted.name}' is {leaf.fill} where there are no rows"
    elif isinstance(value, RatioValue):
        yield "it is a ratio, and ratios do not add up"
    elif isinstance(value, DerivedValue):
        if not _is_linear(value.expr):
            yield f"{value.expr} does not add up; sums and differences do"
            return
        named = {column.name for column in sqlglot.parse_one(value.expr, read="duckdb").find_all(exp.Column)}
        parts = [part for alias, part in value.inputs if alias in named]
        for part in parts:
            yield from _no_parts(part)
        leaves = [leaf for part in parts for leaf in leaves_of(part)]
        if len(leaves) > 1 and any(leaf.fill is None for leaf in leaves):
            yield "its inputs are not filled with 0 where one of them has no rows"


def _is_linear(text: str) -> bool:
    """Whether an expression is a sum of its names, each times a number at most."""
    try:
        return _sums_names(sqlglot.parse_one(text, read="duckdb"))
    except SqlglotError:
        return False


def _sums_names(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Neg):
        return _sums_names(node.this)
    if isinstance(node, exp.Add | exp.Sub):
        return _sums_names(node.this) and _sums_names(node.expression)
    if isinstance(node, exp.Mul):
        left, right = node.this.unnest(), node.expression.unnest()
        return (_sums_names(left) and isinstance(right, exp.Literal)) or (
            isinstance(left, exp.Literal) and _sums_names(right)
        )
    if isinstance(node, exp.Div):
        return _sums_names(node.this) and isinstance(node.expression.unnest(), exp.Literal)
    return isinstance(node, exp.Column)
