"""Advice on the target of one KPI for one period to come: where it stands, where it is heading, three steps, its drivers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from metrics.errors import QueryError
from metrics.forecast.history import Stored, periods_of
from metrics.forecast.periods import PeriodOutlook, outlook_for
from metrics.forecast.steps import PERIODS_OF_NOW, Known, Step, largest_gain, steps_of
from metrics.forecast.what_if import needed_of_all, needed_of_one, result_of
from metrics.values.periods import last_closed_period, next_period, period_end, period_start, previous_period

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.catalogue.drivers import Drivers
    from metrics.forecast.outlook import Outlook


@dataclass(frozen=True)
class DriverNeed:
    """What one driver would have to become. ``needed`` is None where it cannot do it alone.

    ``probability``: how likely it gets there if nothing changes; None where its own history is too short.
    """

    metric: str
    unit: str
    now: float
    needed: float | None
    probability: float | None


@dataclass(frozen=True)
class WhatIf:
    """What it takes to reach a step: each driver alone, or all of them better by ``together`` (0.1 = 10 %).

    ``is_worse``: the step is worse than what the drivers give now. Then each ``needed`` is how bad a driver may become, and
    its probability that it stays at least that good.
    """

    step: Step
    is_worse: bool
    drivers: tuple[DriverNeed, ...]
    together: float | None


@dataclass(frozen=True)
class Advice:
    """All that `kpi target` says. ``benchmark`` and ``source`` are None where no benchmark is known."""

    metric: str
    unit: str
    direction: str
    grain: str
    start: date
    end: date
    now: float
    outlook: Outlook
    benchmark: float | None
    source: str | None
    steps: tuple[Step, ...]
    what_if: tuple[WhatIf, ...] = field(default=())


@dataclass(frozen=True)
class Asked:
    """For which period advice is wanted, and against which benchmark."""

    grain: str
    start: date
    closed_through: date
    benchmark: float | None
    source: str | None


def advise(stored: Stored, catalogue: Catalogue, metric: str, asked: Asked, formula: Drivers | None) -> Advice:
    """Advice on a target. Raises QueryError with the numbers where the history is too short, or no direction is good."""
    direction = catalogue.direction(metric)
    if direction not in ("up", "down"):
        raise QueryError(
            f"{metric}: neither more nor less of it is good (direction: {direction}), so there is no better target."
        )
    found = outlook_for(stored, catalogue, metric, asked.grain, asked.start, asked.closed_through)
    recent = _recent(stored, catalogue, metric, asked)
    if found.outlook is None or len(recent) < PERIODS_OF_NOW:
        raise QueryError(_refusal(found, len(recent)))
    now = _middle(recent)
    known = Known(
        now=now,
        direction="up" if direction == "up" else "down",
        outlook=found.outlook,
        largest_gain=largest_gain(_periods(stored, catalogue, metric, asked), _periods_ahead(asked), direction),
        benchmark=asked.benchmark,
    )
    steps = tuple(steps_of(known))
    what_if = _what_if(stored, catalogue, metric, asked, formula, steps) if formula else ()
    return Advice(
        metric, catalogue.unit(metric), direction, asked.grain, asked.start, found.end, now, found.outlook,
        asked.benchmark, asked.source, steps, what_if,
    )  # fmt: skip


def asked_period(by: date | None, grain: str, closed_through: date) -> date:
    """First day of the last period of ``grain`` that ends on or before ``by``; the third open one without a day.

    Raises QueryError where that period has closed already.
    """
    first_open = period_start(closed_through, grain)
    if period_end(first_open, grain) <= closed_through:
        first_open = next_period(first_open, grain)
    if by is None:
        return next_period(next_period(first_open, grain), grain)
    start = period_start(by, grain)
    start = start if period_end(start, grain) <= by else previous_period(start, grain)
    if start < first_open:
        raise QueryError(
            f"--by {by}: the last {grain} that ends by then has closed; the data reaches to {closed_through}. "
            f"Give {period_end(first_open, grain)} or later."
        )
    return start


def _refusal(found: PeriodOutlook, periods: int) -> str:
    about = f"{found.metric}: no advice on the {found.grain} to {found.end}"
    if periods < PERIODS_OF_NOW:
        return f"{about}: it has {periods} closed {found.grain}s with a value, at least {PERIODS_OF_NOW} are needed."
    if found.is_half_known:
        return f"{about}: more than half of it is over, and no daily values are kept that add up to it. Choose a later --by."
    if found.has < found.needs:
        return (
            f"{about}: it has {found.has} {found.unit}s of history, at least {found.needs} are needed to look so far ahead. "
            "Choose an earlier --by, a shorter --grain, or wait."
        )
    return f"{about}: too few of its {found.has} {found.unit}s of history have a value to say how far it may go."


def _periods(stored: Stored, catalogue: Catalogue, metric: str, asked: Asked) -> list[float]:
    """The values of all closed and mature periods, NaN where one has none."""
    last = last_closed_period(asked.closed_through - timedelta(days=catalogue.matures_after_days(metric)), asked.grain)
    return [float(value) for value in periods_of(stored, metric, asked.grain, last)]


def _recent(stored: Stored, catalogue: Catalogue, metric: str, asked: Asked) -> list[float]:
    """The values of all closed and mature periods, those without a value left out."""
    return [value for value in _periods(stored, catalogue, metric, asked) if value == value]


def _middle(values: list[float]) -> float:
    return sorted(values[-PERIODS_OF_NOW:])[PERIODS_OF_NOW // 2]


def _periods_ahead(asked: Asked) -> int:
    count, at = 0, last_closed_period(asked.closed_through, asked.grain)
    while at < asked.start:
        count, at = count + 1, next_period(at, asked.grain)
    return count


def _what_if(
    stored: Stored, catalogue: Catalogue, metric: str, asked: Asked, formula: Drivers, steps: tuple[Step, ...]
) -> tuple[WhatIf, ...]:
    """For every step but the safe one, what the drivers would have to do; empty where a driver has no recent value."""
    history = {name: _recent(stored, catalogue, name, asked) for name in formula.metrics}
    if any(len(values) < PERIODS_OF_NOW for values in history.values()):
        return ()
    values = {name: _middle(found) for name, found in history.items()}
    outlooks = {
        name: outlook_for(stored, catalogue, name, asked.grain, asked.start, asked.closed_through).outlook
        for name in formula.metrics
    }
    sign = 1 if catalogue.direction(metric) == "up" else -1
    found = []
    for step in steps:
        if step.name == "safe":
            continue
        is_worse = sign * (step.value - result_of(formula, values)) < 0
        needs = tuple(driver_need(formula, values, name, catalogue.unit(name), step.value, outlooks[name], is_worse)
                      for name in formula.metrics)  # fmt: skip
        factor = needed_of_all(formula, values, step.value)
        found.append(WhatIf(step, is_worse, needs, None if factor is None else factor - 1))
    return tuple(found)


def driver_need(
    formula: Drivers,
    values: dict[str, float],
    name: str,
    unit: str,
    wanted: float,
    outlook: Outlook | None,
    is_worse: bool,
) -> DriverNeed:
    """What ``name`` would have to become for the formula to give ``wanted``; ``is_worse``: how bad it may become."""
    needed = needed_of_one(formula, values, name, wanted)
    probability = None
    if needed is not None and outlook is not None:
        # A driver that may get worse as far as ``needed`` has to stay on the better side of it.
        probability = outlook.probability_of(needed, "up" if (needed >= values[name]) != is_worse else "down")
    return DriverNeed(name, unit, values[name], needed, probability)


def suggestion(advice: Advice) -> dict[str, Any]:
    """The target as a KPI file has it: the next step as value, the safe one as floor, the benchmark as stretch."""
    values = {step.name: step.value for step in advice.steps}
    worse = min if advice.direction == "up" else max
    found: dict[str, Any] = {
        "from": advice.start.isoformat(),
        "to": advice.end.isoformat(),
        "grain": advice.grain,
        "value": values["stretch"],
    }
    floor = worse(values["safe"], values["stretch"])
    # Of a KPI that never moves both are the same, and a floor has to be worse than the value.
    if floor != values["stretch"]:
        found["floor"] = floor
    if "benchmark" in values and values["benchmark"] != values["stretch"]:
        found["stretch"] = values["benchmark"]
    return found
