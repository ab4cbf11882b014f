"""Branches that read the same days of the same fact read them once: this month and the one before it, for example.

They are aggregated in one CTE over everything that any of the branches looks at. Where each looks at whole periods, each
takes its own of them; where one begins or ends within a period, each puts its periods together from its own days. Only
where the days overlap or meet: a day of this year and one of last year are two reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlglot import exp

from metrics.semantic import expressions as sql
from metrics.semantic.days import Days, period_start
from metrics.semantic.plan import Branch, Column
from metrics.semantic.render_periods import DAY, can_be_put_together, days_of, in_place, periods_of


@dataclass(frozen=True)
class SharedDays:
    """``name`` is the CTE's, ``branch`` what it aggregates, ``names`` the CTE's column for each column of a reader."""

    name: str
    branch: Branch
    names: dict[Column, str]
    whole_periods: bool

    def periods(self, reader: Branch) -> exp.Select:
        """A reader's periods, not yet moved."""
        names = {column.alias: self.names[_nameless(column)] for column in reader.columns}
        return self._of_periods(reader, names) if self.whole_periods else self._of_days(reader, names)

    def _of_periods(self, reader: Branch, names: dict[str, str]) -> exp.Select:
        keys = [key.output for key in reader.keys]
        outputs = [sql.aliased(sql.column(name, self.name), name) for name in keys]
        outputs += [sql.aliased(sql.column(part, self.name), name) for name, part in names.items()]
        select = exp.Select(expressions=outputs)
        select.set("from_", exp.From(this=sql.cte_table(self.name)))
        common, own = self.branch.scanned, reader.scanned
        edges = Days(own.start if own.start != common.start else None, own.end if own.end != common.end else None)
        within = sql.in_days(lambda: sql.column(keys[0], self.name), edges)
        if within:
            select.set("where", exp.Where(this=sql.all_of(within)))
        return select

    def _of_days(self, reader: Branch, names: dict[str, str]) -> exp.Select:

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
    # Two underscores are in no name of dbt's.
    names = {column: f"__part_{index}" for index, column in enumerate(columns)}
    whole_periods = all(_is_whole(reader) for reader in readers)
    branch = replace(
        in_place(readers[0]) if whole_periods else days_of(readers[0]),
        columns=tuple(replace(column, alias=name) for column, name in names.items()),
        scanned=days,
    )
    return SharedDays(f"{readers[0].name}__by_{'period' if whole_periods else 'day'}", branch, names, whole_periods)


def _is_whole(reader: Branch) -> bool:
    """Whether a reader looks at all days of each of its periods.

    Days alone are not told apart as periods are: DuckDB would hand "one reader's days or the other's" down to every row.
    """
    grains = {key.grain or "day" for key in reader.keys}
    first, last = reader.scanned.start, reader.scanned.end
    if first is None or last is None or last == date.max or "day" in grains:
        return False
    after = last + timedelta(days=1)
    return all(period_start(edge, grain) == edge for edge in (first, after) for grain in grains)


def _nameless(column: Column) -> Column:
    return replace(column, alias="")
