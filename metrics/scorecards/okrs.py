"""Progress of objectives: key results from start to stretch, rolled up; floors that must hold meanwhile.

Progress of a key result is (value - start) / (stretch - start), within 0 and 1, by the last closed period. An
objective's is the weighted mean over key results and child objectives that have one; the weight of those is its
coverage. It is on track with at least 90 % of the progress that is expected, at risk with 60 %. Expected is the share of
the objective's days up to the end of the period that the value is of: a month that is not over is not asked for yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.scorecards.targets import as_segment, target_in_force
from metrics.values.periods import period_end

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.scorecards.okr_model import Floor, KeyResult, Objective
    from metrics.values.closed import ClosedValue, ClosedValues
    from metrics.values.status import PeriodTarget

_ON_TRACK, _AT_RISK = 0.9, 0.6
Row = tuple[object, ...]


@dataclass(frozen=True)
class Progress:
    """0 to 1, None without data; ``coverage``: share of the weights that it stands for; ``expected``: what it should be."""

    value: float | None
    coverage: float
    floors_broken: int = 0
    expected: float = 0.0


def progress(value: float, start: float, stretch: float, direction: str = "none") -> float:
    """Share of the way from start to stretch, within 0 and 1, upwards or downwards.

    One that starts at its stretch or beyond has no way to go: it is reached for as long as the value stays there, else 0.
    ``direction``: which way is good, up or down; otherwise the way from start to stretch is.
    """
    if began_beyond(start, stretch, direction):
        return 1.0 if _sign(start, stretch, direction) * (value - stretch) >= 0 else 0.0
    return min(max((value - start) / (stretch - start), 0.0), 1.0)


def began_beyond(start: float, stretch: float, direction: str) -> bool:
    """Whether a key result was at its stretch or better when its objective began, so that there is no way to go."""
    return _sign(start, stretch, direction) * (stretch - start) <= 0


def _sign(start: float, stretch: float, direction: str) -> int:
    return {"up": 1, "down": -1}.get(direction, 1 if stretch >= start else -1)


def rolled_up(parts: Sequence[tuple[float, Progress]]) -> Progress:
    """The weighted mean of (weight, progress); what is missing lowers coverage and is not 0."""
    total = sum(weight for weight, _ in parts)
    known = [(weight, part.value, part.expected) for weight, part in parts if part.value is not None]
    held = sum(weight for weight, _, _ in known)
    broken = sum(part.floors_broken for _, part in parts)
    if not held:
        return Progress(None, 0.0, broken)
    covered = sum(weight * part.coverage for weight, part in parts if part.value is not None) / total
    done, expected = (sum(part[0] * part[place] for part in known) / held for place in (1, 2))
    return Progress(done, covered, broken, expected)


def paced(done: float | None, expected: float | None) -> str:
    """The status of a progress against the one that is expected."""
    if done is None:
        return "no_data"
    if not expected:
        return "on_track"
    share = done / expected
    return "on_track" if share >= _ON_TRACK - 1e-9 else "at_risk" if share >= _AT_RISK - 1e-9 else "off_track"


class Okrs:
    """The rows of mart.okr_progress."""

    def __init__(self, catalogue: Catalogue, values: ClosedValues, objectives: Sequence[Objective], today: date) -> None:
        self._catalogue, self._values, self._objectives, self._today = catalogue, values, objectives, today

    def rows(self) -> list[Row]:
        """Every objective, then its key results and floors; objectives in the order of the file."""
        return [row for objective in self._objectives for row in self._objective(objective)[1]]

    def _objective(self, objective: Objective) -> tuple[Progress, list[Row]]:
        parts: list[tuple[float, Progress]] = []
        rows: list[Row] = []
        for position, result in enumerate(objective.key_results):
            part, row = self._key_result(objective, position, result)
            parts.append((result.weight, part))
            rows.append(row)
        held = [self._floor(objective, position, floor) for position, floor in enumerate(objective.floors)]
        for child in self._objectives:
            if child.parent == objective.id:
                parts.append((child.weight, self._objective(child)[0]))
        found = rolled_up(parts) if parts else Progress(None, 0.0)
        broken = found.floors_broken + sum(is_held is False for is_held, _ in held)
        expected = found.expected if found.value is not None else self._time_gone(objective, self._today)
        found = Progress(found.value, found.coverage, broken, expected)
        own = (
            objective.id, objective.parent, "objective", 0, objective.title.en, objective.title.zh, objective.owner,
            objective.team, objective.goal, objective.from_, objective.to, objective.weight, "", None, None, "", "",
            None, None, None, None, None, found.value, found.coverage, expected, broken, paced(found.value, expected),
        )  # fmt: skip
        return found, [own, *rows, *(row for _, row in held)]

    def _key_result(self, objective: Objective, position: int, result: KeyResult) -> tuple[Progress, Row]:
        segment = as_segment(result.segment)
        before = self._values.last_period(result.kpi, result.grain, objective.from_ - timedelta(days=1))
        start = result.start
        if start is None and (point := self._values.at(result.kpi, result.grain, before, segment)):
            start = point.value
        target = target_in_force(self._catalogue, self._values, result.kpi, result.grain, objective.to, segment)
        stretch = result.stretch if result.stretch is not None else target.stretch if target else None
        latest = self._values.last_period(result.kpi, result.grain, objective.to)
        is_new = latest is not None and (before is None or latest > before) and latest >= objective.from_
        point = self._values.at(result.kpi, result.grain, latest, segment) if is_new else None
        value, few = point.value if point else None, self._is_too_few(result.kpi, point)
        done = None
        if value is not None and start is not None and stretch is not None and not few:
            done = progress(value, start, stretch, self._direction(result.kpi))
        seen = period_end(latest, result.grain) if is_new and latest is not None else self._today
        expected = self._time_gone(objective, seen)
        status = paced(done, expected)
        if latest is not None and not is_new:
            status = "too_early"
        elif value is not None and done is None:
            status = "too_few" if few else "no_target"
        row = self._row(objective, "key_result", position, result.weight, result.kpi, result.grain, segment, (
            start, stretch, None, latest if is_new else None, value, done, None, expected, None, status))  # fmt: skip
        return Progress(done, 1.0 if done is not None else 0.0, expected=expected), row

    def _floor(self, objective: Objective, position: int, floor: Floor) -> tuple[bool | None, Row]:
        latest = self._values.last_period(floor.kpi, floor.grain, objective.to)
        if latest is not None and latest < objective.from_:
            latest = None
        point = self._values.at(floor.kpi, floor.grain, latest)
        in_force = target_in_force(
            self._catalogue, self._values, floor.kpi, floor.grain, latest or objective.from_, ("", "")
        )
        least = floor.floor if floor.floor is not None else _least(in_force)
        held: bool | None = None
        few = self._is_too_few(floor.kpi, point)
        if point is not None and least is not None and not few:
            held = point.value <= least if self._direction(floor.kpi) == "down" else point.value >= least
        status = "held" if held else "broken" if held is False else "too_few" if few else "no_data"
        return held, self._row(objective, "floor", position, None, floor.kpi, floor.grain, ("", ""), (
            None, None, least, latest, point.value if point else None, None, None, None, None, status))  # fmt: skip

    def _is_too_few(self, metric: str, point: ClosedValue | None) -> bool:
        kpi = self._catalogue.kpis.get(metric)
        return kpi is not None and point is not None and point.n is not None and point.n < kpi.minimum_n

    def _direction(self, metric: str) -> str:
        return self._catalogue.direction(metric) if metric in self._catalogue.metrics else "none"

    def _row(
        self,
        objective: Objective,
        kind: str,
        position: int,
        weight: float | None,
        metric: str,
        grain: str,
        segment: tuple[str, str],
        numbers: tuple[object, ...],
    ) -> Row:
        known = metric in self._catalogue.metrics
        title = self._catalogue.title(metric) if known else None
        unit = self._catalogue.unit(metric) if known else None
        return (
            objective.id, objective.parent, kind, position, title.en if title else metric, title.zh if title else metric,
            objective.owner, objective.team, objective.goal, objective.from_, objective.to, weight, metric, unit, grain,
            *segment, *numbers,
        )  # fmt: skip

    def _time_gone(self, objective: Objective, by: date) -> float:
        """Share of the objective's days that are over on ``by``."""
        days = (min(by, objective.to) - objective.from_).days + 1
        return min(max(days / ((objective.to - objective.from_).days + 1), 0.0), 1.0)


def _least(target: PeriodTarget | None) -> float | None:
    if target is None:
        return None
    return target.floor if target.floor is not None else target.value
