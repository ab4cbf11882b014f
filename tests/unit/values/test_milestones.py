"""Streaks, reached targets and the floor, period by period; hysteresis never wavers."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.catalogue import Kpi, Thresholds
from metrics.values.periods import next_period
from metrics.values.status.judgement import PeriodTarget, Point, Score, judged, walk
from metrics.values.status.milestones import Streak, follow, streak_days
from tests.unit.values.test_pace import KPI

LINES = Thresholds(at_risk=0.98, off_track=0.9, hysteresis=0.02)
FIRST, SECOND = date(2026, 1, 1), date(2026, 7, 1)
STARTS = [date(2026, month, 1) for month in range(1, 13)]


def scores(*values: float | None, targets: dict[date, float] | None = None, direction: str = "up") -> list[Score]:
    """Consecutive months, judged against 100, or against the latest of ``targets`` by their first day."""
    known = targets or {FIRST: 100.0}

    def target_on(start: date) -> PeriodTarget | None:
        begun = [day for day in known if day <= start]
        return PeriodTarget(known[max(begun)], None, None, max(begun), "step") if begun else None

    points = {start: Point(value, 100, "settled") for start, value in zip(STARTS, values, strict=False)}
    kpi: Kpi = KPI.model_copy(update={"thresholds": LINES})
    return walk(kpi, direction, STARTS[: len(values)], points, target_on)


def told(*found: Score) -> list[tuple[str, int, int]]:
    """Kind, month, and length of the streak that ended."""
    return [(event.kind, event.score.start.month, event.streak.length if event.streak else 0) for event in follow(found)[1]]


def test_a_target_is_newly_reached_once_while_it_is_on_track() -> None:
    # 99 is on track, but has not reached 100; 98.5 stays on track, so that 101 after it is no news
    assert told(*scores(80, 99, 100, 98.5, 101)) == [("reached", 3, 0)]
    # off track between: reached again
    assert told(*scores(100, 80, 100)) == [("reached", 1, 0), ("reached", 3, 0)]
    assert told(*scores(100, 120, targets={FIRST: 110.0}, direction="down")) == [("reached", 1, 0)]


def test_a_new_target_can_be_reached_anew() -> None:
    found = scores(101, 102, 103, 104, 105, 106, 119, 120, 121, targets={FIRST: 100.0, SECOND: 120.0})
    assert told(*found) == [("reached", 1, 0), ("reached", 8, 0)]


def test_a_streak_of_three_that_ends_is_told() -> None:
    assert told(*scores(98, 98, 98, 97)) == [("streak_broken", 4, 3)]
    assert told(*scores(98, 98, 97)) == []


def test_what_could_not_be_judged_neither_counts_nor_breaks() -> None:
    streak, _ = follow(scores(98, 98, None, 98))
    assert streak == Streak(3, FIRST)
    assert streak_days(streak, "month", date(2026, 4, 1)) == 31 + 28 + 31 + 30
    assert follow(scores(98, 98, 50))[0] == Streak()
    assert streak_days(Streak(), "month", date(2026, 4, 1)) == 0


def test_months_before_the_target_are_no_streak() -> None:
    assert follow(scores(200, 200, 200, 200, 200, 200, 200, targets={SECOND: 100.0}))[0] == Streak(1, SECOND)


@pytest.mark.parametrize(
    ("value", "direction", "floor", "before", "expected"),
    [
        (94, "up", 95, None, "off_track"),  # 94 % would be at risk, but the floor is 95
        (95, "up", 95, None, "at_risk"),
        (96, "up", 95, "off_track", "off_track"),  # it must pass the floor by the hysteresis of 2 % of the target
        (97, "up", 95, "off_track", "at_risk"),
        (89, "up", 50, None, "off_track"),  # a floor below the line does not lift it
        (101, "up", 95, None, "on_track"),
        (104, "down", 103, None, "off_track"),  # at 96 % of the target
        (103, "down", 103, None, "at_risk"),
        (-5, "up", -10, None, "at_risk"),  # no share of a loss: the floor is the only other line
        (-11, "up", -10, None, "off_track"),
        (-5, "up", None, None, "off_track"),
    ],
)
def test_worse_than_the_floor_is_off_track(
    value: float, direction: str, floor: float | None, before: object, expected: str
) -> None:
    assert judged(value, 100, direction, LINES, before, floor) == expected  # type: ignore[arg-type]


@given(shares=st.lists(st.floats(0.9799, 0.9999), min_size=1, max_size=12))
def test_hysteresis_never_flaps_within_its_band(shares: list[float]) -> None:
    """Between the line and the line plus the hysteresis a status falls at most once and never rises again."""
    found = [score.status for score in scores(*(100 * share for share in shares))]
    changes = sum(left != right for left, right in pairwise(found))
    assert changes <= 1
    assert found == sorted(found, key=["on_track", "at_risk"].index)


@given(values=st.lists(st.one_of(st.none(), st.floats(1, 200)), min_size=1, max_size=12), cut=st.integers(1, 12))
def test_what_comes_later_changes_no_earlier_score(values: list[float | None], cut: int) -> None:
    assert scores(*values)[:cut] == scores(*values[:cut])
    events = follow(scores(*values))[1]
    assert [event for event in events if event.score.start < next_period(STARTS[min(cut, len(values)) - 1], "month")] == (
        follow(scores(*values[:cut]))[1]
    )
