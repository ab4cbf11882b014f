"""How much a team's KPI must rise for a goal: the arithmetic, without any reading.

A team's KPI times its chain of rates is what it adds to the goal's KPI in one period. Two kinds of goals:

- the goal's KPI is a flow (revenue of a month): at the end the team has to add, each period, what it adds now and its share
  of the missing amount;
- the goal's KPI is a stock to which each period adds (``adds_up``; subscriptions): over its periods the team has to add its
  share of the missing amount and of what is lost on the way, on average each period from the first on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """What a team is asked for. Amounts are in the unit of the goal's KPI.

    ``start``, ``wanted``: the goal's KPI; ``team_value``: the team's KPI in one period; ``rates``: the numbers of its chain;
    ``team_periods``, ``goal_periods``: from the starting point to the last day of each; ``loss_rate``: share of a stock
    that is lost in a period.
    """

    start: float
    wanted: float
    team_value: float
    rates: tuple[float, ...]
    share: float
    team_periods: int
    goal_periods: int
    adds_up: bool
    loss_rate: float = 0.0


@dataclass(frozen=True)
class Answer:
    """``value``: what the team's KPI has to be; the rest explains it, per period but ``missing`` and ``lost``."""

    value: float
    added_now: float
    added_wanted: float
    missing: float
    lost: float


def answer(ask: Ask) -> Answer | None:
    """The value that the team's KPI needs; None where a rate is 0 or no period is left, so that nothing can be said."""
    rate = math.prod(ask.rates)
    if rate == 0 or ask.team_value == 0 or ask.team_periods < 1:
        return None
    missing, added_now = ask.wanted - ask.start, ask.team_value * rate
    lost = lost_on_the_way(ask) if ask.adds_up else 0.0
    share = ask.share * (missing + lost)
    added_wanted = share / ask.team_periods if ask.adds_up else added_now + share
    return Answer(added_wanted / rate, added_now, added_wanted, missing, lost)


def lost_on_the_way(ask: Ask) -> float:
    """What a stock loses while it grows in a straight line: the rate times the stock at the start of each period."""
    if not ask.goal_periods:
        return 0.0
    step = (ask.wanted - ask.start) / ask.goal_periods
    return sum(ask.loss_rate * (ask.start + step * period) for period in range(ask.goal_periods))


def largest_rise(values: list[float], periods: int) -> float | None:
    """The largest relative rise over so many periods in a history without gaps; None where there is none to compare."""
    pairs = zip(values, values[periods:], strict=False)
    changes = [later / earlier - 1 for earlier, later in pairs if earlier > 0]
    return max(changes, default=None)


def on_the_line(start: float, wanted: float, done: int, periods: int) -> float:
    """Where a straight line from the starting point stands after ``done`` of ``periods``."""
    return start + (wanted - start) * min(done / periods, 1.0) if periods else wanted
