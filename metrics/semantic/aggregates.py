"""Measures as SQL aggregates. Nothing to aggregate is NULL, never 0, unless the metric has ``fill_nulls_with``."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from metrics.errors import QueryError
from metrics.semantic.expressions import cast, when
from metrics.semantic.manifest import Measure
from metrics.semantic.plan import SUM_OF_COUNTS, Column

Build = Callable[[], exp.Expr]

AGGREGATIONS = ("sum", "sum_boolean", "count", "count_distinct", "average", "min", "max", "median", "percentile")


def aggregate(column: Column, value: Build, condition: Build | None, dialect: str, *, has_rows: bool) -> exp.Expr:
    """The column's measure over ``value`` of the rows under ``condition``. ``has_rows``: no group is without rows."""
    measure = column.measure

    def under(then: exp.Expr) -> exp.Expr:
        return when(condition(), then) if condition else then

    built = _function(measure, value, under, dialect, unconditional=condition is None)
    sees_null = column.fill is None and not isinstance(built, exp.Count)
    if column.fill is not None and not isinstance(built, exp.Count):
        built = filled(built, column.fill)
    if sees_null or (condition is None and has_rows):
        return built
    rows = exp.Count(this=under(exp.Literal.number(1)) if condition else exp.Star())
    return when(exp.GT(this=rows, expression=exp.Literal.number(0)), built)


def filled(value: exp.Expr, fill: int) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[exp.Literal.number(fill)])


def _function(
    measure: Measure,
    value: Build,
    under: Callable[[exp.Expr], exp.Expr],
    dialect: str,
    *,
    unconditional: bool,
) -> exp.Expr:
    kind = {"sum": exp.Sum, "average": exp.Avg, "min": exp.Min, "max": exp.Max}.get(measure.agg)
    if kind and not counts_rows(measure):
        return kind(this=under(value()))
    if measure.agg in ("median", "percentile"):
        return _percentile(measure, under(value()), dialect)
    return _count(measure, value, under, unconditional=unconditional)


def counts_rows(measure: Measure) -> bool:
    """Whether a sum is over the constant 1."""
    return measure.agg == "sum" and measure.expr.strip() == "1"


def _count(measure: Measure, value: Build, under: Callable[[exp.Expr], exp.Expr], *, unconditional: bool) -> exp.Expr:
    if counts_rows(measure):
        return exp.Count(this=exp.Star() if unconditional else under(exp.Literal.number(1)))
    if measure.agg == SUM_OF_COUNTS:
        return cast(exp.Sum(this=under(value())), "BIGINT")
    if measure.agg == "count":
        return exp.Count(this=under(value()))
    if measure.agg == "sum_boolean":
        return exp.Count(this=under(when(value(), exp.Literal.number(1))))
    if measure.agg == "count_distinct":
        return exp.Count(this=exp.Distinct(expressions=[under(value())]))
    raise QueryError(
        f"measure '{measure.name}' uses the aggregation '{measure.agg}'; expected one of {', '.join(AGGREGATIONS)}"
    )


def _percentile(measure: Measure, value: exp.Expr, dialect: str) -> exp.Expr:
    """Interpolated in double precision, as percentile_cont is defined; a discrete one is a value that occurs."""
    share = exp.Literal.number(str(0.5 if measure.agg == "median" else measure.percentile))
    discrete = measure.agg == "percentile" and measure.discrete
    if not discrete:
        value = cast(value, "DOUBLE")
    if dialect == "duckdb":
        name = "quantile_disc" if discrete else "quantile_cont"
        return exp.Anonymous(this=name, expressions=[value, share])
    inner = exp.PercentileDisc(this=share) if discrete else exp.PercentileCont(this=share)
    return exp.WithinGroup(this=inner, expression=exp.Order(expressions=[exp.Ordered(this=value)]))


def daily_parts(measure: Measure, value: Build) -> dict[str, exp.Expr]:
    """What to keep per day so that a window over days is exact: suffix -> aggregate. Only for decomposable measures."""
    if measure.agg == "average":
        return {"": exp.Sum(this=cast(value(), "DOUBLE")), "__n": exp.Count(this=value())}
    if measure.agg in ("sum", "min", "max") and not counts_rows(measure):
        kind = {"sum": exp.Sum, "min": exp.Min, "max": exp.Max}[measure.agg]
        return {"": kind(this=value())}
    return {"": _count(measure, value, lambda then: then, unconditional=True)}


def over_window(measure: Measure, part: Callable[[str], exp.Expr], window: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """The measure over a window of daily parts."""
    if measure.agg in ("min", "max"):
        return window((exp.Min if measure.agg == "min" else exp.Max)(this=part("")))
    total = window(exp.Sum(this=part("")))
    if measure.agg == "average":
        return exp.Div(
            this=total, expression=exp.Nullif(this=window(exp.Sum(this=part("__n"))), expression=exp.Literal.number(0))
        )
    if measure.agg == "sum" and not counts_rows(measure):
        return total
    return cast(total, "BIGINT")


def put_together(measure: Measure, part: exp.Expr) -> exp.Expr:
    """The measure of several days from what it is on each, where that is exact: sums, counts and extremes."""
    if measure.agg in ("min", "max"):
        return exp.Min(this=part) if measure.agg == "min" else exp.Max(this=part)
    total = exp.Sum(this=part)
    return total if measure.agg == "sum" and not counts_rows(measure) else cast(total, "BIGINT")
