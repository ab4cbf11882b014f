"""Branches that read the same days of the same fact read them once: this month and the one before it, for example.

The days are aggregated in one CTE over everything that any of the branches looks at, and each puts its own periods
together from its own days. Only where the days overlap or meet: a day of this year and one of last year are two reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic.days import Days
from metrics.semantic.plan import Branch, Column
from metrics.semantic.render_periods import DAY, can_be_put_together, days_of, periods_of


@dataclass(frozen=True)
class SharedDays:
    """``name`` is the CTE's, ``branch`` what it aggregates, ``names`` the CTE's column for each column of a reader."""

    name: str
    branch: Branch
    names: dict[Column, str]

    def periods(self, reader: Branch) -> exp.Select:
        """A reader's periods, not yet moved, from its own days."""
        names = {column.alias: self.names[_nameless(column)] for column in reader.columns}

        def own() -> exp.Expr:
            return sql.all_of(sql.in_days(lambda: sql.column(DAY, self.name), reader.scanned))

        # Not as WHERE: DuckDB would hand "one reader's days or the other's" down to every row of the fact.
        select = periods_of(reader, sql.cte_table(self.name), self.name, names, own)
        rows = exp.Count(this=sql.when(own(), exp.Literal.number(1)))
        select.set("having", exp.Having(this=exp.GT(this=rows, expression=exp.Literal.number(0))))
        return select


def shared_days(branches: Sequence[Branch], dialect: str) -> dict[str, SharedDays]:
    """Branch name -> the days that it reads together with others; branches that read alone are absent."""
    groups: dict[tuple[object, ...], list[Branch]] = {}
    if dialect == "duckdb":
        for branch in branches:
            if can_be_put_together(branch):
                groups.setdefault(_same_rows(branch), []).append(branch)
    found: dict[str, SharedDays] = {}
    for readers in groups.values():
        days = _common([reader.scanned for reader in readers])
        if len(readers) > 1 and days:
            shared = _shared(readers, days)
            found.update({reader.name: shared for reader in readers})
    return found


def _same_rows(branch: Branch) -> tuple[object, ...]:
    """Branches with equal answers here have the same rows on each day. Rows that no column looks at make no period."""
    conditional = all(column.conditions for column in branch.columns)
    seen = frozenset(column.conditions for column in branch.columns) if conditional else None
    return branch.model.relation, branch.time, branch.hops, frozenset(branch.conditions), seen


def _common(ranges: Sequence[Days]) -> Days | None:
    """One range over all, or None where it would hold days that none of them has, or is not bounded."""
    bounded = sorted((days.start, days.end) for days in ranges if days.start and days.end)
    if len(bounded) < len(ranges):
        return None
    first, last = bounded[0]
    for start, end in bounded[1:]:
        if (start - last).days > 1:
            return None
        last = max(last, end)
    return Days(first, last)


def _shared(readers: Sequence[Branch], days: Days) -> SharedDays:
    columns = list(dict.fromkeys(_nameless(column) for reader in readers for column in reader.columns))
    names = {column: f"part_{index}" for index, column in enumerate(columns)}
    branch = replace(
        days_of(readers[0]),
        columns=tuple(replace(column, alias=name) for column, name in names.items()),
        scanned=days,
    )
    # Two underscores are in no name of dbt's.
    return SharedDays(f"{readers[0].name}__by_day", branch, names)


def _nameless(column: Column) -> Column:
    return replace(column, alias="")
