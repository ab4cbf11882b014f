"""Branches that read one daily table in the same way read it once: orders and visits by week, out of the table of both.

They stay apart within the pass. Each branch's columns see only the rows made of its own fact and under its own conditions,
and a row that no branch looks at makes no group, so that a period or member without rows of a fact is still missing for
that fact's metrics, as it is where each is read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metrics.semantic.expressions import unused
from metrics.semantic.joins import Target
from metrics.semantic.plan import BoundCondition, Branch, Plan


def in_one_pass(plan: Plan) -> Plan:
    """The plan with routed branches put together wherever that changes no value."""
    groups: dict[tuple[object, ...], list[Branch]] = {}
    for branch in plan.branches:
        groups.setdefault(_way(branch), []).append(branch)
    branches: list[Branch] = []
    name_of: dict[str, str] = {}
    for together in groups.values():
        # Two underscores are in no name of dbt's, and so in no other branch's.
        name = unused(f"{together[0].model.relation.name}__facts", {branch.name for branch in branches})
        branches.append(_merged(together, name) if len(together) > 1 else together[0])
        name_of.update({branch.name: branches[-1].name for branch in together})
    columns = {leaf: (name_of[name], column) for leaf, (name, column) in plan.columns.items()}
    return replace(plan, branches=tuple(branches), columns=columns)


def _way(branch: Branch) -> tuple[object, ...]:
    """Branches with equal answers here show the same rows of the same table in the same groups.

    A window and the periods that are filled up depend on which rows there are, so these are read alone.
    """
    if not (branch.route and branch.route.table) or branch.cumulative or branch.fill_periods:
        return (branch.name,)
    keys = tuple((key.output, key.grain, key.calendar, _read(key.target)) for key in branch.keys)
    asked = frozenset(_meaning(item) for item in branch.conditions if item.shown)
    days = branch.scanned, branch.shown, branch.standing
    return branch.model.relation, branch.time.expr, keys, asked, branch.offset, branch.shift, days


def _read(target: Target | None) -> str | None:
    """What a name becomes over the table: the facts may hold it in columns of their own."""
    return target.expr if target else None


def _meaning(item: BoundCondition) -> tuple[object, ...]:
    return item.condition, tuple((_read(target), grain) for target, grain in item.targets)


def _merged(branches: Sequence[Branch], name: str) -> Branch:
    """One branch with the columns of all. What only some of the branches ask of a row is asked by their columns."""
    first = branches[0]
    everywhere = set.intersection(*({_meaning(item) for item in branch.conditions} for branch in branches))
    columns = tuple(
        replace(column, conditions=(*column.conditions, *own))
        for branch in branches
        for own in [[item for item in branch.conditions if _meaning(item) not in everywhere]]
        for column in branch.columns
    )
    models = " and ".join(dict.fromkeys(branch.model.name for branch in branches))
    return replace(
        first,
        name=name,
        model=replace(first.model, name=models),
        columns=columns,
        conditions=tuple(item for item in first.conditions if _meaning(item) in everywhere),
    )
