"""Improvements that may have been bought by a worse guardrail: faster answers that solve less.

The rule. Two closed, mature periods are compared, one apart and, for slow trades, four weeks (three months) apart. A pair is
flagged when in the same two periods the KPI moved in its good direction and the guardrail in its bad one, each by more than
three times the move that is usual for it: the median size of its own moves of that distance over the 26 periods before the
later of both, of which at least 8 must be known. With moves that are only chance (normal), one such move in its direction
has a probability of about 2 %, both together one of about 0.05 %. Each of the four values must have its minimum of
observations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from metrics.alerts.events import shown
from metrics.values.closed import ClosedValue, ClosedValues, periods_back

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue

BEYOND = 3.0
HISTORY = 26
LEAST_HISTORY = 8
# grain -> distances in periods; days are too noisy and have a weekly season
APART: Mapping[str, tuple[int, ...]] = {"week": (1, 4), "month": (1, 3), "quarter": (1,)}


@dataclass(frozen=True)
class Move:
    """One metric from one period to a later one; ``usual``: the median size of such moves before."""

    start: date
    before: date
    value: float
    previous: float
    usual: float

    def is_beyond(self, sign: int) -> bool:
        """Whether it moved up (``sign`` 1) or down (-1) by more than chance usually does."""
        return sign * (self.value - self.previous) > BEYOND * self.usual


@dataclass(frozen=True)
class Flag:
    """An improvement of ``metric`` beside a worse ``guardrail``."""

    metric: str
    guardrail: str
    grain: str
    apart: int
    gain: Move
    loss: Move
    is_latest: bool


def moves(points: Mapping[date, ClosedValue], grain: str, apart: int, minimum_n: int) -> dict[date, Move]:
    """Every move over ``apart`` periods between values with enough observations and enough moves before them."""
    known = {start: point for start, point in points.items() if point.n is None or point.n >= minimum_n}
    found: dict[date, Move] = {}
    sizes: list[float] = []
    for start in sorted(known):
        before = periods_back(start, grain, apart)
        if before not in known:
            continue
        value, previous = known[start].value, known[before].value
        recent = sizes[-HISTORY:]
        if len(recent) >= LEAST_HISTORY:
            found[start] = Move(start, before, value, previous, median(recent))
        sizes.append(abs(value - previous))
    return found


def find_flags(catalogue: Catalogue, values: ClosedValues) -> list[Flag]:
    """Every flag over the whole history, by KPI, guardrail, grain and period."""
    found: list[Flag] = []
    for kpi in catalogue.kpis.values():
        for guardrail in kpi.guardrails:
            if {kpi.id, guardrail} <= catalogue.metrics.keys():
                found += _pair_flags(catalogue, values, kpi.id, guardrail)
    return found


def _pair_flags(catalogue: Catalogue, values: ClosedValues, metric: str, guardrail: str) -> Iterator[Flag]:
    good = {"up": 1, "down": -1}.get(catalogue.direction(metric))
    guarded = {"up": 1, "down": -1}.get(catalogue.direction(guardrail))
    if good is None or guarded is None:
        return
    for grain in (grain for grain in catalogue.grains(metric) if grain in catalogue.grains(guardrail)):
        both = [values.points(name, grain) for name in (metric, guardrail)]
        latest = min((max(points, default=date.min) for points in both), default=date.min)
        for apart in APART.get(grain, ()):
            gains, losses = (
                moves(points, grain, apart, _minimum_n(catalogue, name))
                for points, name in zip(both, (metric, guardrail), strict=True)
            )
            for start in sorted(gains.keys() & losses.keys()):
                if gains[start].is_beyond(good) and losses[start].is_beyond(-guarded):
                    yield Flag(metric, guardrail, grain, apart, gains[start], losses[start], start == latest)


def _minimum_n(catalogue: Catalogue, metric: str) -> int:
    if metric in catalogue.kpis:
        return catalogue.kpis[metric].minimum_n
    return catalogue.watched[metric].minimum_n if metric in catalogue.watched else 0


_ENGLISH = (
    "{title} improved from {previous} to {value} between {before} and {after}, while {guardrail} got worse from {lost_from} "
    "to {lost_to}. Both moved by more than three times what is usual. Was the one bought with the other?"
)
_CHINESE = (
    "{before} 至 {after}，{title}从 {previous} 改善到 {value}，而{guardrail}从 {lost_from} 变差到 {lost_to}；"
    "两者的变化都超过平时的三倍。"
    "前者的改善是否以牺牲后者为代价？"
)


def flag_rows(catalogue: Catalogue, currency: str, flags: Sequence[Flag]) -> list[tuple[object, ...]]:
    """The rows of mart.kpi_guardrail_flags."""
    return [
        (flag.metric, flag.guardrail, flag.grain, flag.apart, flag.gain.start, flag.gain.before, flag.gain.value,
         flag.gain.previous, flag.gain.usual, flag.loss.value, flag.loss.previous, flag.loss.usual, flag.is_latest,
         *sentences(catalogue, currency, flag))
        for flag in flags
    ]  # fmt: skip


def sentences(catalogue: Catalogue, currency: str, flag: Flag) -> tuple[str, str]:
    """What happened, in English and Chinese."""
    gained, lost = catalogue.unit(flag.metric), catalogue.unit(flag.guardrail)
    own, other = catalogue.title(flag.metric), catalogue.title(flag.guardrail)
    periods = {"before": period_name(flag.gain.before, flag.grain), "after": period_name(flag.gain.start, flag.grain)}

    def sentence(template: str, language: str) -> str:
        return template.format(
            title=own.in_language(language), guardrail=other.in_language(language), **periods,
            value=shown(flag.gain.value, gained, currency, language),
            previous=shown(flag.gain.previous, gained, currency, language),
            lost_to=shown(flag.loss.value, lost, currency, language),
            lost_from=shown(flag.loss.previous, lost, currency, language),
        )  # fmt: skip

    # 从 58.0 分钟改善: no space between two Chinese characters
    return sentence(_ENGLISH, "en"), re.sub(r"(?<=[一-鿿]) (?=[一-鿿])", "", sentence(_CHINESE, "zh"))


def period_name(start: date, grain: str) -> str:
    """2026-06-30, 2026 W26, 2026-06, 2026 Q2."""
    week = start.isocalendar()
    return {
        "day": start.isoformat(),
        "week": f"{week.year} W{week.week:02}",
        "month": f"{start:%Y-%m}",
        "quarter": f"{start.year} Q{(start.month + 2) // 3}",
    }[grain]
