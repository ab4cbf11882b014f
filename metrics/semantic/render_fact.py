"""A branch of the plan -> the SELECT that aggregates one fact to the query's grain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic import render_periods as periods
from metrics.semantic.aggregates import aggregate, filled
from metrics.semantic.calendars import CALENDAR, TimeSpine
from metrics.semantic.manifest import Dimension, NonAdditive, SemanticModel
from metrics.semantic.plan import BoundCondition, Branch, BranchKey, Column
from metrics.semantic.query import GRAINS
from metrics.semantic.render_columns import aggregates, seen_groups, seen_rows
from metrics.semantic.render_shared import SharedDays
from metrics.semantic.shifts import Shift

SPINE = "spine"
PERIOD = "__period"
EDGE, AT = "__edge", "__at"


class FactScan:
    """What every reading of a branch's fact needs: its columns, joins and predicates."""

    def __init__(self, branch: Branch, models: dict[str, SemanticModel], spine: TimeSpine | None, dialect: str) -> None:
        self.branch = branch
        self.dialect = dialect
        self._models = models
        self._spine = spine

    def of(self, branch: Branch) -> FactScan:
        """The same for another branch."""
        return FactScan(branch, self._models, self._spine, self.dialect)

    def by_day(self) -> Branch | None:
        """The branch by day, where that is a way to its periods."""
        return periods.by_day(self.branch, self._models, self.dialect)

    def stored(self) -> exp.Expr:
        """The fact's own time, as it is stored."""
        return sql.source(self.branch.time.expr, sql.FACT)

    def instant(self) -> exp.Expr:
        """The fact's own time where no clock has been set back: as stored in UTC, whatever zone is asked for."""
        time = self.branch.time
        return sql.source(time.stored, sql.FACT) if time.zone else self.stored()

    def shown(self, grain: str) -> exp.Expr:
        """Start of the period at which a row is shown, after the branch's shift."""
        shift, offset = self.branch.shift, self.branch.offset
        if shift is Shift.DAYS:
            return sql.period(grain, sql.later(self.stored(), offset.days, "day"))
        if shift is Shift.MONTHS:
            time = self.stored() if grain == "day" else sql.period("month", self.stored())
            return sql.period(grain, sql.later(time, offset.months, "month"))
        if shift in (Shift.SPINE, Shift.ANCHOR):
            return sql.period(grain, sql.column(PERIOD, SPINE))
        return sql.period(grain, self.stored())

    def key(self, key: BranchKey) -> exp.Expr:
        target = key.target
        if target is None:
            grain = key.grain or "day"
            return sql.period(grain, self.stored()) if self.branch.moves_whole_periods else self.shown(grain)
        value = sql.source(target.expr, sql.table_of(target.path))
        if key.grain:
            return sql.period(key.grain, value)
        return _not_a_literal(value)

    def condition(self, item: BoundCondition) -> exp.Expr:
        moved = self.branch.shift is not Shift.NONE
        return sql.bound(item, self.stored, self.shown if moved else None)

    def value(self, expr: str) -> Callable[[], exp.Expr]:
        return lambda: sql.source(expr, sql.FACT)

    def select(self, outputs: list[exp.Expr], *, about_metric_time: bool = True) -> exp.Select:
        """SELECT ``outputs`` from the fact with its joins, over the branch's scanned days and under its conditions."""
        branch = self.branch
        where = self._scanned()
        where += [
            self.condition(item)
            for item in branch.conditions
            if about_metric_time or not (item.shown and item.is_about_metric_time)
        ]
        seen = seen_rows(branch, self.condition)
        where += [seen] if seen else []
        select = exp.Select(expressions=outputs)
        select.set("from_", exp.From(this=sql.relation(branch.model.relation, sql.FACT, self.dialect)))
        select.set("joins", [self._hop(index) for index in range(len(branch.hops))] or None)
        if where:
            select.set("where", exp.Where(this=sql.all_of(where)))
        return select

    def _scanned(self) -> list[exp.Expr]:
        """The scanned days on the time as it is stored, so that the engine can skip what lies outside."""
        zone, days = self.branch.time.zone, self.branch.scanned
        return sql.in_instants(self.instant, days, zone) if zone else sql.in_days(self.stored, days)

    def _hop(self, index: int) -> exp.Join:
        hop = self.branch.hops[index]
        left, table = sql.table_of(hop.from_path), sql.table_of(hop.path)
        on: list[exp.Expr] = [
            exp.EQ(this=sql.source(mine, left), expression=sql.source(theirs, table))
            for mine, theirs in ((hop.left_expr, hop.right_expr), *hop.partitions)
        ]
        if hop.validity:
            on += sql.valid(self.branch.time, sql.FACT, hop.validity, table)
        source = self.spine().relation if hop.model == CALENDAR else self._models[hop.model].relation
        return exp.Join(this=sql.relation(source, table, self.dialect), side="LEFT", on=sql.all_of(on))

    def spine(self) -> TimeSpine:
        assert self._spine is not None  # noqa: S101  resolve refuses the query without one
        return self._spine

    def spine_table(self) -> exp.Table:
        return sql.relation(self.spine().relation, SPINE, self.dialect)

    def spine_period(self, key: BranchKey) -> exp.Expr:
        """The period of metric_time that a day of the spine lies in."""
        return sql.column(key.calendar, SPINE) if key.calendar else sql.period(key.grain or "day", self.spine_day())

    def spine_day(self) -> exp.Expr:
        return sql.column(self.spine().column, SPINE)


def fact_select(scan: FactScan, days: SharedDays | None = None) -> exp.Select:
    """The branch aggregated to its keys; with ``fill_periods`` every period of the range has a row.

    ``days`` are those of the fact that were aggregated before, for several branches.
    """
    branch = scan.branch
    stock = branch.columns[0].measure.non_additive
    if days:
        select = days.periods(branch)
    elif stock:
        select = _stock_select(scan, stock)
    else:
        select = _plain_select(scan)
    if branch.moves_whole_periods:
        select = _moved(scan, select)
    return _filled(scan, select) if branch.fill_periods else select


def _plain_select(scan: FactScan) -> exp.Select:
    branch = scan.branch
    days = scan.by_day()
    if days:
        return periods.from_days(branch, _plain_select(scan.of(days)))
    calendar = periods.calendar(branch, scan.dialect)

    def key_of(key: BranchKey) -> exp.Expr:
        return (calendar and periods.calendar_period(key, branch)) or scan.key(key)

    outputs: list[exp.Expr] = [sql.aliased(key_of(key), key.output) for key in branch.keys]
    select = scan.select([*outputs, *aggregates(branch, scan.condition, scan.dialect)])
    if calendar:
        select.append("joins", periods.calendar_join(calendar, scan.stored()))
    if branch.shift in (Shift.SPINE, Shift.ANCHOR):
        _join_spine(scan, select)
    if branch.keys:
        select.set("group", exp.Group(expressions=[key_of(key) for key in branch.keys]))
    seen = seen_groups(branch, scan.condition, scan.dialect)
    if seen:
        select.set("having", exp.Having(this=seen))
    return select


def _moved(scan: FactScan, rows: exp.Select) -> exp.Select:
    """Aggregated periods, each shown at a later one."""
    branch, table = scan.branch, "before"
    count, unit = (branch.offset.months, "month") if branch.shift is Shift.MONTHS else (branch.offset.days, "day")
    times = {key.output for key in branch.keys if key.target is None}

    def later(item: exp.Expr, value: exp.Expr) -> exp.Expr:
        # A stock's keys are plain columns, which have a name but no alias.
        shown = sql.cast(sql.later(value, count, unit), "DATE") if item.alias_or_name in times else value
        return sql.aliased(shown, item.alias_or_name)

    if not rows.args.get("group"):
        rows.set("expressions", [later(item, item.this) for item in rows.expressions])
        return rows
    select = exp.Select(expressions=[later(item, sql.column(item.alias_or_name, table)) for item in rows.expressions])
    select.set("from_", exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=sql.identifier(table)))))
    return select


def _join_spine(scan: FactScan, select: exp.Select) -> None:
    """Each shown period reads the rows of the day (or first period) that it looks back to, some of them twice."""
    branch = scan.branch
    grain = branch.grain if branch.shift is Shift.ANCHOR and branch.grain else "day"
    periods = exp.Select(expressions=[sql.aliased(sql.period(grain, scan.spine_day()), PERIOD)], distinct=exp.Distinct())
    periods.set("from_", exp.From(this=scan.spine_table()))
    days = sql.in_days(scan.spine_day, branch.shown)
    if days:
        periods.set("where", exp.Where(this=sql.all_of(days)))
    looked_at = sql.column(PERIOD, SPINE)
    if branch.shift is Shift.ANCHOR:
        earlier = sql.period(branch.offset.to_grain or "", looked_at)
    else:
        earlier = sql.period("day", sql.earlier(looked_at, branch.offset.months, "month"))
    on = exp.EQ(this=earlier, expression=sql.period(grain, scan.stored()))
    table = exp.Subquery(this=periods, alias=exp.TableAlias(this=sql.identifier(SPINE)))
    select.set("joins", [*(select.args.get("joins") or []), exp.Join(this=table, kind="INNER", on=on)])


def _stock_select(scan: FactScan, stock: NonAdditive) -> exp.Select:
    """Only the rows at the first or last time of each period count; the others are earlier or later views of the stock."""
    branch = scan.branch
    at = partial(_read_at, branch.model.dimensions[stock.dimension])
    outputs: list[exp.Expr] = [sql.aliased(scan.key(key), key.output) for key in branch.keys]
    outputs += [sql.aliased(sql.source(column.measure.expr, sql.FACT), column.alias) for column in branch.columns]
    outputs.append(sql.aliased(at(), AT))
    edge = exp.Max if stock.choice == "max" else exp.Min
    partition = [sql.source(branch.model.entities[name].expr, sql.FACT) for name in stock.groupings]
    partition += [scan.key(key) for key in branch.keys if _is_stock_time(key, branch, stock)]
    window = exp.Window(this=edge(this=at()), partition_by=partition)
    rows = scan.select([*outputs, sql.aliased(window, EDGE)])
    if branch.shift in (Shift.SPINE, Shift.ANCHOR):
        _join_spine(scan, rows)
    table = "stock"
    keys = [sql.column(key.output, table) for key in branch.keys]
    select = exp.Select(expressions=list(keys))
    for item in branch.columns:
        value = _column_of(item.alias, table)
        select.append(
            "expressions", sql.aliased(aggregate(item, value, None, scan.dialect, has_rows=bool(keys)), item.alias)
        )
    select.set("from_", exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=sql.identifier(table)))))
    select.set("where", exp.Where(this=exp.EQ(this=sql.column(AT, table), expression=sql.column(EDGE, table))))
    if keys:
        select.set("group", exp.Group(expressions=[key.copy() for key in keys]))
    return select


def _read_at(time: Dimension) -> exp.Expr:
    """When a stock was read: the day, or where times are finer the time as stored, which no clock sets back."""
    grain = time.grain or "day"
    if grain in GRAINS:
        return sql.period("day", sql.source(time.expr, sql.FACT))
    return sql.moment(grain, sql.source(time.stored or time.expr, sql.FACT))


def _is_stock_time(key: BranchKey, branch: Branch, stock: NonAdditive) -> bool:
    if key.target is None:
        return branch.time.name == stock.dimension
    is_own = not key.target.hops or (key.target.model == CALENDAR and len(key.target.hops) == 1)
    return is_own and key.target.element == stock.dimension


def _column_of(name: str, table: str) -> Callable[[], exp.Expr]:
    return lambda: sql.column(name, table)


def _filled(scan: FactScan, rows: exp.Select) -> exp.Select:
    """Every period of the range, with the rows that there are; an empty period has no members of other keys.

    Conditions on keys are applied again, since an empty period brings NULL members that they may exclude.
    """
    branch, table = scan.branch, "rows_of_days"
    times = [key for key in branch.keys if key.is_metric_time]
    periods = exp.Select(
        expressions=[sql.aliased(scan.spine_period(key), key.output) for key in times],
        distinct=exp.Distinct(),
    )
    periods.set("from_", exp.From(this=scan.spine_table()))
    days = [*sql.in_days(scan.spine_day, branch.shown), *_asked_days(scan), *_within(scan, times, table)]
    periods.set("where", exp.Where(this=sql.all_of(days)))
    columns = {key.output: sql.column(key.output, SPINE if key.is_metric_time else table) for key in branch.keys}
    select = exp.Select(
        expressions=[sql.aliased(column, name) for name, column in columns.items()]
        + [sql.aliased(_filled_value(item, table), item.alias) for item in branch.columns]
    )
    on = [exp.EQ(this=columns[key.output].copy(), expression=sql.column(key.output, table)) for key in times]
    select.set("from_", exp.From(this=exp.Subquery(this=periods, alias=exp.TableAlias(this=sql.identifier(SPINE)))))
    select.set("joins", [exp.Join(this=sql.cte_table(table), side="LEFT", on=sql.all_of(on))])
    known = {(key.target, key.grain): columns[key.output] for key in branch.keys}
    again = [found for item in branch.conditions if (found := sql.bound_to_keys(item, known))]
    if again:
        select.set("where", exp.Where(this=sql.all_of(again)))
    cte = exp.CTE(this=rows, alias=exp.TableAlias(this=sql.identifier(table)))
    select.set("with_", exp.With(expressions=[cte]))
    return select


def _filled_value(item: Column, table: str) -> exp.Expr:
    value = sql.column(item.alias, table)
    return value if item.fill is None else filled(value, item.fill)


def _asked_days(scan: FactScan) -> list[exp.Expr]:
    """Conditions of the query on metric_time alone, over the spine: a day that they exclude is not an empty one."""
    asked = [
        sql.bound(_on_spine(item), scan.spine_day)
        for item in scan.branch.conditions
        if item.shown and all(reference.name.is_metric_time for reference in item.condition.references)
    ]
    for calendar in (node for part in asked for node in part.find_all(exp.Column) if node.table == sql.FACT):
        calendar.set("table", sql.identifier(SPINE))
    return asked


def _on_spine(item: BoundCondition) -> BoundCondition:
    """The calendar's columns belong to the spine itself, without a join."""
    return replace(item, targets=tuple((target and replace(target, hops=()), grain) for target, grain in item.targets))


def _within(scan: FactScan, times: list[BranchKey], table: str) -> list[exp.Expr]:
    """Where the range is open, the spine runs from the first to the last period that has data, not to its own end.

    By every grain of the answer: a month has days before its first with data.
    """

    def edge(kind: type[exp.Min] | type[exp.Max], key: BranchKey) -> exp.Expr:
        select = exp.Select(expressions=[kind(this=sql.column(key.output))])
        select.set("from_", exp.From(this=sql.cte_table(table)))
        return exp.Subquery(this=select)

    found: list[exp.Expr] = []
    for key in [key for key in times if key.calendar is None] or times[:1]:
        if scan.branch.shown.start is None:
            found.append(exp.GTE(this=scan.spine_period(key), expression=edge(exp.Min, key)))
        if scan.branch.shown.end is None:
            found.append(exp.LTE(this=scan.spine_period(key), expression=edge(exp.Max, key)))
    return found


def _not_a_literal(value: exp.Expr) -> exp.Expr:
    """A constant dimension must not be taken for a position in GROUP BY."""
    inner = value.unnest()
    if isinstance(inner, exp.Literal):
        return sql.cast(value, "TEXT" if inner.is_string else "BIGINT")
    return value
