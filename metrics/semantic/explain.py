"""A plan in words: what a query reads and how, for people and for tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metrics.semantic.plan import Branch, Plan
from metrics.semantic.query import GRAINS
from metrics.semantic.resolved import DerivedValue, LeafValue, RatioValue, ResolvedQuery, TotalValue, Value
from metrics.semantic.shifts import Shift
from metrics.semantic.totals import share_partition


@dataclass(frozen=True)
class FactRead:
    """One pass over a fact. ``days`` are those scanned, ``how`` what is done to them besides adding up."""

    model: str
    relation: str
    time_column: str
    days: str
    measures: tuple[str, ...]
    joins: tuple[str, ...]
    conditions: tuple[str, ...]
    how: tuple[str, ...]
    route: str

    def __str__(self) -> str:
        lines = [f"read {self.relation} ({self.model}), {self.time_column} {self.days}: {', '.join(self.measures)}"]
        lines += [f"  {line}" for line in (*self.joins, *self.conditions, *self.how, self.route)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Explanation:
    """How a query is answered. ``str()`` gives the text.

    ``metrics``: those ``asked`` and their values in earlier periods, each with its formula. ``unknown``: those asked of
    which it is not known until when they are complete, where the query leaves open periods out.
    """

    metrics: tuple[tuple[str, str], ...]
    group_by: tuple[str, ...]
    facts: tuple[FactRead, ...]
    results: int
    columns: tuple[str, ...] = ()
    total: tuple[FactRead, ...] = ()
    asked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{name} = {formula}" for name, formula in self.metrics]
        lines.append(f"by {', '.join(self.group_by)}" if self.group_by else "in total")
        if self.unknown:
            lines.append(self._unknown_end())
        lines += [str(fact) for fact in self.facts]
        if self.results > 1:
            keys = ", ".join(self.group_by)
            lines.append(f"then join the {self.results} results on {keys}" if keys else "then put the results side by side")
        lines += [f"then {column}" for column in self.columns]
        if self.total:
            lines.append("then a row over everything, computed by itself:")
            lines += [f"  {line}" for fact in self.total for line in str(fact).splitlines()]
        return "\n".join(lines)

    def _unknown_end(self) -> str:
        known = [name for name in self.asked if name not in self.unknown]
        ends = f"the answer ends with what is complete of {', '.join(known)}" if known else "open periods are in the answer"
        return f"until when {', '.join(self.unknown)} is complete is not known: {ends}"


def explain_plan(plan: Plan, unknown: tuple[str, ...] = ()) -> Explanation:
    """``unknown``: the metrics that could not bound the query (see ``Bounds``)."""
    query = plan.query
    return Explanation(
        metrics=tuple((name, _formula(value, plan)) for name, value in (*query.values, *query.bases)),
        group_by=tuple(key.output for key in query.keys),
        facts=tuple(_facts(plan)),
        results=len(plan.branches),
        columns=tuple(_last_steps(query)),
        total=tuple(_facts(plan.totalled)) if plan.totalled else (),
        asked=tuple(name for name, _ in query.values),
        unknown=unknown,
    )


def _facts(plan: Plan) -> Iterator[FactRead]:
    for branch in plan.branches:
        yield _fact(branch)
        if branch.attribution:
            yield _fact(branch.attribution.events)


def _last_steps(query: ResolvedQuery) -> Iterator[str]:
    if query.whole:
        names = " and ".join(key.output for key in query.time_keys if key.name.grain not in GRAINS)
        yield f"only periods of {names} all of whose days lie in {query.whole}, as the time spine has them"
    for change in query.changes:
        yield f"{change.name} = {change.metric} / {change.base} - 1, where {change.base} > 0 ({change.offset})"
    within = " and ".join(share_partition(query)) or "the whole answer"
    for name, metric in query.shares:
        yield f"{name} = {metric} / its sum over {within}"


def _fact(branch: Branch) -> FactRead:
    relation = branch.model.relation
    joins = tuple(
        f"left join {hop.model} over {' > '.join(hop.path)} ({hop.left_expr} = {hop.right_expr})" for hop in branch.hops
    )
    conditions = [f"where {item.condition.text}" for item in branch.conditions]
    conditions += [f"{column.alias} where {part.condition.text}" for column in branch.columns for part in column.conditions]
    return FactRead(
        model=branch.model.name,
        relation=".".join(part for part in (relation.schema, relation.name) if part),
        time_column=branch.time.expr.strip('"'),
        days=str(branch.scanned),
        measures=_measures(branch),
        joins=joins,
        conditions=tuple(conditions),
        how=tuple(_how(branch)),
        route=_route(branch),
    )


def _route(branch: Branch) -> str:
    if branch.route is None:
        return "route: not decided"
    where = f"the daily table {branch.route.table}" if branch.route.table else "the fact itself"
    return f"route: {where}, because {branch.route.why}"


def _measures(branch: Branch) -> tuple[str, ...]:
    if branch.attribution:
        return ("the events that conversions count for",)
    return tuple(f"{column.alias} = {column.measure.agg}({column.measure.expr})" for column in branch.columns)


def _how(branch: Branch) -> list[str]:
    how = []
    if branch.attribution:
        conversion = branch.attribution.conversion
        within = f" if at most {conversion.window} later" if conversion.window else ""
        how.append(
            f"each event of {conversion.measure.model} counts for the last of these of the same {conversion.entity} at or "
            f"before it{within}, compared by {conversion.grain}; shown for {branch.standing}"
        )
    stock = branch.columns[0].measure.non_additive
    if stock:
        edge = "last" if stock.choice == "max" else "first"
        of = f" of each {', '.join(stock.groupings)}" if stock.groupings else ""
        how.append(f"a stock: only the rows at the {edge} {stock.dimension} of each period{of} count")
    if branch.cumulative:
        window = branch.cumulative.window
        what = f"over the last {window}" if window else f"since the start of the {branch.cumulative.grain_to_date}"
        if not (window or branch.cumulative.grain_to_date):
            what = "since the beginning"
        way = (
            "days aggregated once, then a window"
            if branch.is_decomposable
            else "each day reads its window again (days do not add up)"
        )
        how.append(
            f"accumulated {what}: {way}; shown for {branch.shown}, the {branch.cumulative.period_agg} day of a longer period"
        )
    if branch.shift is not Shift.NONE:
        how.append(f"shown later than it happened ({branch.offset}): {branch.shift.value}")
    if branch.fill_periods:
        how.append("every period of the time spine has a row")
    return how


def _formula(value: Value, plan: Plan) -> str:
    if isinstance(value, LeafValue):
        branch, column = plan.column(value)
        return f"{branch}.{column}" + (f" or {value.leaf.fill}" if value.leaf.fill is not None else "")
    if isinstance(value, RatioValue):
        return f"{_formula(value.numerator, plan)} / {_formula(value.denominator, plan)}"
    if isinstance(value, TotalValue):
        return f"({_formula(value.of, plan)} of all members)"
    assert isinstance(value, DerivedValue)  # noqa: S101  the last kind of value
    inputs = ", ".join(f"{alias} = {_formula(part, plan)}" for alias, part in value.inputs)
    return f"{value.expr} with {inputs}"
