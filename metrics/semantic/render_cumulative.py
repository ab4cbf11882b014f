"""A cumulative branch -> CTEs: one pass over the fact into days, then a window over the days of the spine."""

from __future__ import annotations

from functools import partial

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic.aggregates import aggregate, daily_parts, filled, over_window
from metrics.semantic.days import MONTHS_OF
from metrics.semantic.plan import BranchKey, Column
from metrics.semantic.render_fact import FactScan
from metrics.semantic.shifts import Shift

DAY, SHOWN_ON, IS_DATA = "__day", "__shown_on", "__is_data"
_EVENTS, _RANKED = "events", "__ranked"


def cumulative_ctes(scan: FactScan) -> list[exp.CTE]:
    """The CTEs of the branch; the last one bears its name and has its keys and columns."""
    branch = scan.branch
    members = [key for key in branch.keys if not key.is_metric_time]
    if branch.is_decomposable:
        daily = f"{branch.name}_daily"
        ctes = [
            _cte(daily, _daily(scan, members)),
            _cte(f"{branch.name}_on_day", _windowed(scan, members, daily)),
        ]
    else:
        ctes = [_cte(f"{branch.name}_on_day", _joined(scan, members))]
    return [*ctes, _cte(branch.name, _shown(scan, f"{branch.name}_on_day"))]


def _cte(name: str, select: exp.Select) -> exp.CTE:
    return exp.CTE(this=select, alias=exp.TableAlias(this=sql.identifier(name)))


def _daily(scan: FactScan, members: list[BranchKey]) -> exp.Select:
    """One row per day and member that has rows, with what a window needs."""
    groups = [(sql.period("day", scan.stored()), DAY)] + [(scan.key(key), key.output) for key in members]
    outputs: list[exp.Expr] = [sql.aliased(value, name) for value, name in groups]
    for column in scan.branch.columns:
        parts = daily_parts(column.measure, scan.value(column.measure.expr))
        outputs += [sql.aliased(part, column.alias + suffix) for suffix, part in parts.items()]
    select = scan.select(outputs, about_metric_time=False)
    select.set("group", exp.Group(expressions=[value.copy() for value, _ in groups]))
    return select


def _spine_days(scan: FactScan, daily: str | None) -> list[exp.Expr]:
    """Predicates on the spine: the days to stand at. An open range ends where the data does, not with the spine."""
    branch = scan.branch
    bounds = branch.shown if branch.shift is Shift.SPINE else branch.standing
    found = sql.in_days(scan.spine_day, bounds)

    def edge(kind: type[exp.Min] | type[exp.Max]) -> exp.Expr:
        if daily is None:
            select = scan.select([kind(this=sql.period("day", scan.stored()))], about_metric_time=False)
        else:
            select = exp.Select(expressions=[kind(this=sql.column(DAY))])
            select.set("from_", exp.From(this=sql.cte_table(daily)))
        return exp.Subquery(this=select)

    if bounds.start is None:
        found.append(exp.GTE(this=_stands_on(scan), expression=edge(exp.Min)))
    if bounds.end is None:
        found.append(exp.LTE(this=_stands_on(scan), expression=edge(exp.Max)))
    return found


def _stands_on(scan: FactScan) -> exp.Expr:
    """The day up to which a day of the spine accumulates."""
    day = scan.spine_day()
    if scan.branch.shift is Shift.SPINE:
        day = sql.earlier(day, scan.branch.offset.months, "month")
    return sql.period("day", day)


def _windowed(scan: FactScan, members: list[BranchKey], daily: str) -> exp.Select:
    """Data rows, and an empty row per day and member to stand at; those are kept where their window saw data."""
    branch = scan.branch
    table = "member"
    names = [key.output for key in members]
    parts = [part for column in branch.columns for part in _parts(column)]
    data = exp.Select(expressions=[sql.column(name, daily) for name in (DAY, *names, *parts)])
    data.append("expressions", sql.aliased(exp.Literal.number(1), IS_DATA))
    data.append("expressions", sql.aliased(sql.cast(exp.Null(), "DATE"), SHOWN_ON))
    data.set("from_", exp.From(this=sql.cte_table(daily)))
    empty = exp.Select(expressions=[sql.aliased(_stands_on(scan), DAY)] + [sql.column(name, table) for name in names])
    empty.set(
        "expressions",
        [*empty.expressions, *(exp.Null() for _ in parts), exp.Literal.number(0), sql.period("day", scan.spine_day())],
    )
    empty.set("from_", exp.From(this=scan.spine_table()))
    if members:
        distinct = exp.Select(expressions=[sql.column(name, daily) for name in names], distinct=exp.Distinct())
        distinct.set("from_", exp.From(this=sql.cte_table(daily)))
        subquery = exp.Subquery(this=distinct, alias=exp.TableAlias(this=sql.identifier(table)))
        empty.set("joins", [exp.Join(this=subquery, kind="CROSS")])
    empty.set("where", exp.Where(this=sql.all_of(_spine_days(scan, daily))))
    select = exp.Select(expressions=[sql.column(name, _EVENTS) for name in (DAY, SHOWN_ON, *names)])
    for column in branch.columns:
        built = over_window(column.measure, partial(_event_part, column.alias), partial(_over, scan, names))
        if column.fill is not None:
            built = filled(built, column.fill)
        select.append("expressions", sql.aliased(built, column.alias))
    select.append("expressions", sql.aliased(_over(scan, names, exp.Sum(this=sql.column(IS_DATA, _EVENTS))), IS_DATA))
    events = exp.Union(this=data, expression=empty, distinct=False)
    select.set("from_", exp.From(this=exp.Subquery(this=events, alias=exp.TableAlias(this=sql.identifier(_EVENTS)))))
    return select


def _parts(column: Column) -> list[str]:
    return [column.alias + suffix for suffix in daily_parts(column.measure, exp.Null)]


def _event_part(alias: str, suffix: str) -> exp.Expr:
    return sql.column(alias + suffix, _EVENTS)


def _over(scan: FactScan, names: list[str], aggregate: exp.Expr) -> exp.Expr:
    """``aggregate`` over the days that a day accumulates: a trailing window, since a period began, or since ever.

    A range frame counts days, not rows, so that a gap in the data does not lengthen the window.
    """
    cumulative = scan.branch.cumulative
    assert cumulative is not None  # noqa: S101  only cumulative branches get here
    day = sql.column(DAY, _EVENTS)
    partition: list[exp.Expr] = [sql.column(name, _EVENTS) for name in names]
    start: exp.Expr | str = "UNBOUNDED"
    if cumulative.window:
        count, grain = cumulative.window.count, cumulative.window.grain
        if grain in MONTHS_OF:
            start = sql.cast(exp.Literal.string(f"{count * MONTHS_OF[grain]} months -1 day"), "INTERVAL")
        else:
            start = sql.interval(count * (7 if grain == "week" else 1) - 1, "day")
    elif cumulative.grain_to_date:
        partition.append(sql.period(cumulative.grain_to_date, day.copy()))
    frame = exp.WindowSpec(kind="RANGE", start=start, start_side="PRECEDING", end="CURRENT ROW")
    order = exp.Order(expressions=[exp.Ordered(this=day, nulls_first=True)])
    return exp.Window(this=aggregate, partition_by=partition, order=order, spec=frame)


def _joined(scan: FactScan, members: list[BranchKey]) -> exp.Select:
    """For measures whose days do not add up (distinct counts, percentiles): each day reads its window's rows again."""
    branch, cumulative = scan.branch, scan.branch.cumulative
    assert cumulative is not None  # noqa: S101
    groups = [(_stands_on(scan), DAY), (sql.period("day", scan.spine_day()), SHOWN_ON)]
    groups += [(scan.key(key), key.output) for key in members]
    outputs: list[exp.Expr] = [sql.aliased(value, name) for value, name in groups]
    for column in branch.columns:
        built = aggregate(column, scan.value(column.measure.expr), None, scan.dialect, has_rows=True)
        outputs.append(sql.aliased(built, column.alias))
    outputs.append(sql.aliased(exp.Count(this=exp.Star()), IS_DATA))
    select = scan.select(outputs, about_metric_time=False)
    stored = sql.period("day", scan.stored())
    on: list[exp.Expr] = [exp.LTE(this=stored.copy(), expression=_stands_on(scan))]
    if cumulative.window:
        since = sql.earlier(_stands_on(scan), cumulative.window.count, cumulative.window.grain)
        on.append(exp.GT(this=stored, expression=since))
    elif cumulative.grain_to_date:
        on.append(exp.GTE(this=stored, expression=sql.period(cumulative.grain_to_date, _stands_on(scan))))
    select.append("joins", exp.Join(this=scan.spine_table(), kind="INNER", on=sql.all_of(on)))
    select.where(sql.all_of(_spine_days(scan, None)), copy=False)
    select.set("group", exp.Group(expressions=[value.copy() for value, _ in groups]))
    return select


def _shown_at(scan: FactScan, on_day: str, grain: str) -> exp.Expr:
    """The period at which a day stood at is shown, after the branch's shift."""
    branch = scan.branch
    if branch.shift is Shift.SPINE:
        return sql.period(grain, sql.column(SHOWN_ON, on_day))
    day: exp.Expr = sql.column(DAY, on_day)
    if branch.shift is Shift.DAYS:
        return sql.period(grain, sql.later(day, branch.offset.days, "day"))
    if branch.shift is Shift.MONTHS:
        time = day if grain == "day" else sql.period("month", day)
        return sql.period(grain, sql.later(time, branch.offset.months, "month"))
    return sql.period(grain, day)


def _shown(scan: FactScan, on_day: str) -> exp.Select:
    """The days stood at, at the query's grain: of the days of a period the first, the last, or their average."""
    branch, cumulative = scan.branch, scan.branch.cumulative
    assert cumulative is not None  # noqa: S101
    shown = partial(_shown_at, scan, on_day)

    def key(item: BranchKey) -> exp.Expr:
        if item.calendar:
            return scan.spine_period(item)
        return shown(item.grain or "day") if item.target is None else sql.column(item.output, on_day)

    where: list[exp.Expr] = [
        exp.Not(this=exp.Is(this=sql.column(SHOWN_ON, on_day), expression=exp.Null())),
        exp.GT(this=sql.column(IS_DATA, on_day), expression=exp.Literal.number(0)),
    ]
    stands_on = partial(sql.column, DAY, on_day)
    where += [sql.bound(item, stands_on, shown) for item in branch.conditions if item.shown and item.is_about_metric_time]
    keys = [sql.aliased(key(item), item.output) for item in branch.keys]
    values = [sql.column(column.alias, on_day) for column in branch.columns]
    select = exp.Select(expressions=[*keys, *values])
    select.set("from_", exp.From(this=sql.cte_table(on_day)))
    select.set("where", exp.Where(this=sql.all_of(where)))
    if any(item.calendar for item in branch.keys):
        on = exp.EQ(this=shown("day"), expression=sql.period("day", scan.spine_day()))
        select.set("joins", [exp.Join(this=scan.spine_table(), side="LEFT", on=on)])
    # By a key's own grain: weeks beside months are put together from days, and yet no row of the answer is a day.
    if any(item.grain == "day" and item.target is None for item in branch.keys):
        return select
    groups = [key(item) for item in branch.keys]
    if cumulative.period_agg == "average":
        averages = [sql.aliased(exp.Avg(this=value.copy()), value.name) for value in values]
        select.set("expressions", [*keys, *averages])
        select.set("group", exp.Group(expressions=groups))
        return select
    return _edge_of_period(scan, select, groups, on_day, last=cumulative.period_agg == "last")


def _edge_of_period(scan: FactScan, days: exp.Select, groups: list[exp.Expr], on_day: str, *, last: bool) -> exp.Select:
    """Of the days of each period and member, the first or the last one's row."""
    time = SHOWN_ON if scan.branch.shift is Shift.SPINE else DAY
    order = exp.Ordered(this=sql.column(time, on_day), desc=last, nulls_first=False)
    rank = exp.Window(this=exp.RowNumber(), partition_by=groups, order=exp.Order(expressions=[order]))
    days.append("expressions", sql.aliased(rank, _RANKED))
    names = [key.output for key in scan.branch.keys] + [column.alias for column in scan.branch.columns]
    table = "period"
    select = exp.Select(expressions=[sql.column(name, table) for name in names])
    select.set("from_", exp.From(this=exp.Subquery(this=days, alias=exp.TableAlias(this=sql.identifier(table)))))
    select.set("where", exp.Where(this=exp.EQ(this=sql.column(_RANKED, table), expression=exp.Literal.number(1))))
    return select
