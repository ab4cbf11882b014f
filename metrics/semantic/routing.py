"""Routing: a branch of the plan reads a daily table in place of its fact wherever that gives the same answer.

The same answer means the same rows and values, NULL members and missing days included. So every measure of the branch must
be held and add up over days, every name in group-by and filters must be held, and the table must know which of its rows
came from this fact. Branches are judged one by one: a query of three facts may read two tables and one fact. Those that
then read the same table in the same way read it in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from metrics.semantic.aggregates import counts_rows
from metrics.semantic.filters import HOLE, Condition
from metrics.semantic.joins import Target
from metrics.semantic.manifest import Dimension, Measure, SemanticModel
from metrics.semantic.one_pass import in_one_pass
from metrics.semantic.plan import SUM_OF_COUNTS, BoundCondition, Branch, BranchKey, Column, Plan, Route
from metrics.semantic.rollups import HELD, HeldFact, Rollup


def routed(plan: Plan, rollups: Sequence[Rollup], why_not: str | None = None) -> Plan:
    """The plan with every branch that a daily table answers reading it; none does where the query gives a reason."""
    if why_not:
        totalled = plan.totalled and routed(plan.totalled, rollups, why_not)
        return replace(plan, branches=tuple(_kept(branch, why_not) for branch in plan.branches), totalled=totalled)
    totalled = plan.totalled and routed(plan.totalled, rollups)
    return in_one_pass(
        replace(plan, branches=tuple(_routed(branch, rollups) for branch in plan.branches), totalled=totalled)
    )


def _kept(branch: Branch, why: str) -> Branch:
    attribution = branch.attribution
    if attribution:
        attribution = replace(attribution, events=_kept(attribution.events, why))
    return replace(branch, attribution=attribution, route=Route(None, why))


def _routed(branch: Branch, rollups: Sequence[Rollup]) -> Branch:
    if branch.attribution:
        return _kept(branch, "a conversion is a pair of single events, and a day that is added up has none")
    unfit = [column.measure for column in branch.columns if column.measure.agg not in HELD or column.measure.non_additive]
    if unfit:
        kind = "a stock" if unfit[0].non_additive else unfit[0].agg
        return _kept(branch, f"'{unfit[0].name}' is {kind}, and its days cannot be put together")
    holders = [
        (rollup, fact)
        for rollup in rollups
        for fact in rollup.facts
        if (fact.model, fact.time) == (branch.model.name, branch.time.name)
    ]
    if not holders:
        return _kept(branch, f"no daily table holds '{branch.model.name}' by {branch.time.name}")
    missing = []
    for rollup, fact in holders:
        reason = next(_not_held(branch, fact), None)
        if reason is None:
            return _Reader(branch, rollup, fact).branch()
        missing.append(f"{rollup.name} {reason}")
    return _kept(branch, "; ".join(missing))


def _not_held(branch: Branch, fact: HeldFact) -> Iterator[str]:
    """Everything that the branch needs and the table does not have, in words."""
    for column in branch.columns:
        if column.measure.name not in fact.measures:
            yield f"does not hold '{column.measure.name}'"
    for key in branch.keys:
        if not _is_held(key.target, branch, fact):
            yield f"does not hold '{key.output}'"
    for item in _conditions(branch):
        for (target, _), reference in zip(item.targets, item.condition.references, strict=True):
            if not _is_held(target, branch, fact):
                yield f"does not hold '{reference.name}' of the filter {item.condition.text}"
    if not (fact.is_dated or branch.scanned.start or branch.scanned.end):
        yield f"has no rows without a {fact.time}, and the query has neither start nor end"


def _conditions(branch: Branch) -> Iterator[BoundCondition]:
    yield from branch.conditions
    for column in branch.columns:
        yield from column.conditions


def _is_held(target: Target | None, branch: Branch, fact: HeldFact) -> bool:
    return target is None or target in fact.dimensions or _is_own_time(target, branch)


def _is_own_time(target: Target, branch: Branch) -> bool:
    return not target.hops and target.kind == "time" and target.element == branch.time.name


class _Reader:
    """Rewrites a branch to read a daily table."""

    def __init__(self, branch: Branch, rollup: Rollup, fact: HeldFact) -> None:
        self._branch = branch
        self._rollup = rollup
        self._fact = fact

    def branch(self) -> Branch:
        """The branch over the table: the same keys, columns, days and way, other expressions."""
        branch, rollup = self._branch, self._rollup
        time = Dimension(branch.time.name, rollup.date, "day")
        relation = rollup.relation
        table = ".".join(part for part in (relation.schema, relation.name) if part)
        return replace(
            branch,
            model=SemanticModel(branch.model.name, relation, None, {}, {time.name: time}),
            time=time,
            keys=tuple(BranchKey(key.output, key.grain, self._target(key.target)) for key in branch.keys),
            columns=tuple(self._column(column) for column in branch.columns),
            conditions=(*(self._condition(item) for item in branch.conditions), self._made_of_the_fact()),
            hops=(),
            route=Route(table, "it holds every measure, name and day that is asked for"),
        )

    def _column(self, column: Column) -> Column:
        held = column.measure
        counts = held.agg in ("count", "sum_boolean") or counts_rows(held)
        agg = SUM_OF_COUNTS if counts else held.agg
        measure = Measure(held.name, held.model, agg, self._fact.measures[held.name], held.time_dimension)
        return replace(column, measure=measure, conditions=tuple(self._condition(item) for item in column.conditions))

    def _condition(self, item: BoundCondition) -> BoundCondition:
        return replace(item, targets=tuple((self._target(target), grain) for target, grain in item.targets))

    def _target(self, target: Target | None) -> Target | None:
        if target is None:
            return None
        expr = self._fact.dimensions.get(target) or self._rollup.date
        return replace(target, hops=(), expr=expr, model=self._rollup.name)

    def _made_of_the_fact(self) -> BoundCondition:
        """The table stacks several facts; a row of another one must not make a member or a day appear."""
        rows = self._fact.rows
        tree = exp.Not(this=exp.Is(this=exp.column(f"{HOLE}0"), expression=exp.Null()))
        target = Target((), "dimension", rows, None, self._rollup.name, rows)
        return BoundCondition(Condition(f"{rows} is not null", tree, ()), ((target, None),), shown=False)
