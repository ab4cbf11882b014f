"""The cascade of concrete goals: goal -> KPI -> team's KPI, how much each has to move, and whether it is on the way.

The starting point is the last period that was closed and mature before the goal's first day. Flows and rates are taken over
the three periods up to it, because one period is mostly chance; a stock is what it was then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.alignment.cascade import Answer, Ask, answer, largest_rise, on_the_line
from metrics.alignment.explanations import Said, explain_goal, explain_team
from metrics.alignment.model import Goal, TeamShare
from metrics.catalogue.model import Thresholds
from metrics.values.closed import ClosedValue, ClosedValues, periods_back, periods_between
from metrics.values.periods import last_closed_period, next_period
from metrics.values.status import judged

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue

OVER = 3  # periods that a flow or a rate is averaged over
_ENOUGH = 0.98  # share of the computed rise from which a stated one counts as enough
_LINES = Thresholds(at_risk=0.98, off_track=0.90, hysteresis=0.01)


@dataclass(frozen=True)
class Way:
    """How far one KPI has come: ``wanted`` is to be reached on ``ends_on``."""

    metric: str
    ends_on: date
    base_start: date | None
    base: float | None
    wanted: float | None
    current_start: date | None = None
    current: float | None = None
    expected: float | None = None
    status: str = "no_data"

    @property
    def change(self) -> float | None:
        """The wanted change, relative to a positive starting point."""
        return relative(self.wanted, self.base)

    @property
    def progress(self) -> float | None:
        """Share of the way that is gone: 0 at the start, 1 when the wanted value is reached."""
        if self.current is None or self.base is None or self.wanted is None or self.wanted == self.base:
            return None
        return (self.current - self.base) / (self.wanted - self.base)


def relative(value: float | None, base: float | None) -> float | None:
    """value / base - 1; None without a positive base."""
    return value / base - 1 if value is not None and base is not None and base > 0 else None


class Cascade:
    """The rows of mart.goal_cascade of one goal."""

    def __init__(self, catalogue: Catalogue, values: ClosedValues, currency: str, goal: Goal) -> None:
        if goal.kpi is None or goal.from_ is None or goal.by is None:
            raise ValueError(f"goal {goal.id} is not concrete")
        self._catalogue, self._values, self._currency, self._goal = catalogue, values, currency, goal
        self._kpi, self._by, self._before = goal.kpi, goal.by, goal.from_ - timedelta(days=1)

    def rows(self) -> Iterator[tuple[object, ...]]:
        """The goal's own row, then one per team."""
        goal = self._goal_way()
        said = explain_goal(self._said(goal), self._goal.value is None)
        yield self._row("", goal, None, None, None, "stated", said)
        for team in self._goal.teams:
            yield self._team_row(team, goal)

    def _goal_way(self) -> Way:
        base_start, base = self._start_of(self._kpi, is_stock=self._goal.adds_up)
        wanted = self._goal.value if self._goal.value is not None else _changed(base, self._goal.change)
        return self._on_the_way(Way(self._kpi, self._by, base_start, base, wanted), is_average=False)

    def _team_row(self, team: TeamShare, goal: Way) -> tuple[object, ...]:
        base_start, base = self._start_of(team.kpi, is_stock=False)
        ends_on = team.by or self._by
        rates = {str(part): self._rate(part) for part in team.through}
        ask = self._ask(team, goal, base, rates, ends_on)
        computed = answer(ask) if ask else None
        stated = team.value if team.value is not None else _changed(base, team.change)
        wanted = stated if stated is not None else computed.value if computed else None
        way = Way(team.kpi, ends_on, base_start, base, wanted)
        way = self._on_the_way(way, is_average=self._goal.adds_up and computed is not None)
        largest = self._largest(team.kpi, ends_on)
        verdict = _verdict(stated, computed, base)
        said = explain_team(self._said(way), self._said(goal), team, rates, ask, computed, stated, verdict, largest)
        return self._row(team.team, way, team.share, computed, stated, verdict, said, largest)

    def _ask(
        self, team: TeamShare, goal: Way, base: float | None, rates: Mapping[str, float | None], ends_on: date
    ) -> Ask | None:
        known = [rate for rate in rates.values() if rate is not None]
        loss = self._rate(self._goal.loss_rate) if self._goal.loss_rate else 0.0
        complete = team.through and len(known) == len(rates) and loss is not None
        if not complete or base is None or goal.base is None or goal.wanted is None or goal.base_start is None:
            return None
        return Ask(
            goal.base, goal.wanted, base, tuple(known), team.share, self._periods(goal.base_start, ends_on),
            self._periods(goal.base_start, self._by), self._goal.adds_up, loss or 0.0,
        )  # fmt: skip

    def _start_of(self, metric: str, *, is_stock: bool) -> tuple[date | None, float | None]:
        start = self._values.last_period(metric, self._goal.grain, self._before)
        if start is None:
            return None, None
        return start, self._level(metric, [periods_back(start, self._goal.grain, k) for k in range(1 if is_stock else OVER)])

    def _level(self, metric: str, starts: list[date]) -> float | None:
        """The mean of some periods; of a ratio, that of all its rows together. None where one of them is missing."""
        points = [self._values.at(metric, self._goal.grain, start) for start in starts]
        known = [point for point in points if point is not None]
        if not known or len(known) < len(points):
            return None
        return _pooled(known) if self._additivity(metric) == "ratio" else sum(p.value for p in known) / len(known)

    def _additivity(self, metric: str) -> str:
        return str(self._catalogue.metric(metric).meta.get("additivity"))

    def _rate(self, part: str | float) -> float | None:
        return self._start_of(part, is_stock=False)[1] if isinstance(part, str) else part

    def _on_the_way(self, way: Way, *, is_average: bool) -> Way:
        """``is_average``: what counts is the mean since the start, against the wanted value from the first period on."""
        grain = self._goal.grain
        latest = self._values.last_period(way.metric, grain, way.ends_on)
        if way.base is None or way.wanted is None or way.base_start is None or latest is None or latest <= way.base_start:
            return way if way.base is None else Way(**{**vars(way), "status": "too_early"})
        done = periods_between(way.base_start, latest, grain)
        periods = self._periods(way.base_start, way.ends_on)
        starts = [periods_back(latest, grain, k) for k in range(done)] if is_average else [latest]
        current = self._level(way.metric, starts)
        expected = way.wanted if is_average else on_the_line(way.base, way.wanted, done, periods)
        direction = "up" if way.wanted >= way.base else "down"
        status = "no_data" if current is None else judged(current, expected, direction, _LINES, None)
        found = {"current_start": latest, "current": current, "expected": expected, "status": status}
        return Way(**{**vars(way), **found})

    def _periods(self, first: date, ends_on: date) -> int:
        return periods_between(first, last_closed_period(ends_on, self._goal.grain), self._goal.grain)

    def _largest(self, metric: str, ends_on: date) -> float | None:
        start = self._values.last_period(metric, self._goal.grain, self._before)
        points = self._values.points(metric, self._goal.grain)
        if start is None or not points:
            return None
        run: list[float] = []
        day = min(points)
        while day <= start and day in points:
            run.append(points[day].value)
            day = next_period(day, self._goal.grain)
        return largest_rise(run, max(1, self._periods(start, ends_on)))

    def _said(self, way: Way) -> Said:
        unit, title = self._catalogue.unit(way.metric), self._catalogue.title(way.metric)
        return Said(title, unit, self._currency, self._goal.grain, way.ends_on, way.base, way.wanted, way.change)

    def _row(
        self,
        team: str,
        way: Way,
        share: float | None,
        computed: Answer | None,
        stated: float | None,
        verdict: str,
        said: tuple[str, str],
        largest: float | None = None,
    ) -> tuple[object, ...]:
        value = computed.value if computed else None
        stated = way.wanted if verdict == "stated" else stated
        return (
            self._goal.id, team, way.metric, self._goal.grain, self._catalogue.unit(way.metric), share, way.ends_on,
            way.base_start, way.base, value, relative(value, way.base), stated, relative(stated, way.base), way.wanted,
            verdict, largest, way.current_start, way.current, way.expected, way.progress, way.status, *said,
        )  # fmt: skip


def _pooled(points: list[ClosedValue]) -> float | None:
    numerator = sum(point.numerator or 0.0 for point in points)
    denominator = sum(point.denominator or 0.0 for point in points)
    if any(point.denominator is None for point in points) or not denominator:
        return sum(point.value for point in points) / len(points)
    return numerator / denominator


def _changed(base: float | None, change: float | None) -> float | None:
    return None if base is None or change is None else base * (1 + change)


def _verdict(stated: float | None, computed: Answer | None, base: float | None) -> str:
    """stated: nothing to compare with; computed: nothing stated; enough or too_low: what was stated against the chain."""
    if computed is None or base is None:
        return "unchecked" if stated is not None else "unknown"
    if stated is None:
        return "computed"
    return "enough" if (stated - base) >= _ENOUGH * (computed.value - base) else "too_low"
