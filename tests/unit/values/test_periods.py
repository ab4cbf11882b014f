"""Periods: starts, ends, the last closed one, and how far a touched date reaches."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.catalogue.definitions import Reach
from metrics.values.periods import (
    Window,
    last_closed_period,
    next_period,
    period_end,
    period_start,
    previous_period,
    same_period_last_year,
    touched_periods,
)

GRAINS = ["day", "week", "month", "quarter"]
TODAY = date(2026, 6, 10)


@given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), grain=st.sampled_from(GRAINS))
def test_periods_tile_the_calendar(day: date, grain: str) -> None:
    start = period_start(day, grain)
    assert start <= day <= period_end(start, grain)
    assert period_start(start, grain) == start
    assert next_period(start, grain) == period_end(start, grain) + timedelta(days=1)
    assert previous_period(next_period(start, grain), grain) == start


@pytest.mark.parametrize(
    ("grain", "closed", "expected"),
    [
        ("day", date(2026, 6, 9), date(2026, 6, 9)),
        ("week", date(2026, 6, 9), date(2026, 6, 1)),
        ("week", date(2026, 6, 7), date(2026, 6, 1)),
        ("month", date(2026, 6, 29), date(2026, 5, 1)),
        ("month", date(2026, 6, 30), date(2026, 6, 1)),
        ("quarter", date(2026, 6, 29), date(2026, 1, 1)),
    ],
)
def test_last_closed_period(grain: str, closed: date, expected: date) -> None:
    assert last_closed_period(closed, grain) == expected


def test_last_year_keeps_weekdays_for_days_and_weeks() -> None:
    assert same_period_last_year(date(2026, 6, 10), "day").weekday() == date(2026, 6, 10).weekday()
    assert same_period_last_year(date(2024, 2, 1), "month") == date(2023, 2, 1)


@pytest.mark.parametrize(
    ("grain", "reach", "expected"),
    [
        ("day", Reach(), Window(date(2026, 4, 15), date(2026, 4, 15))),
        ("week", Reach(), Window(date(2026, 4, 13), date(2026, 4, 19))),
        ("month", Reach(forward=31), Window(date(2026, 4, 1), date(2026, 5, 31))),
        ("day", Reach(back=30), Window(date(2026, 3, 16), date(2026, 4, 15))),
        ("day", Reach(forward=None), Window(date(2026, 4, 15), TODAY)),
        ("day", Reach(back=None), Window(date.min, date(2026, 4, 15))),
    ],
)
def test_touched_periods(grain: str, reach: Reach, expected: Window) -> None:
    assert touched_periods(Window(date(2026, 4, 15), date(2026, 4, 15)), grain, reach, TODAY) == expected


def test_dates_at_the_edge_of_the_calendar_touch_what_there_is() -> None:
    """A date that stands for no date, as some systems write it."""
    everything = touched_periods(Window(date.min, date.max), "quarter", Reach(back=30, forward=31), TODAY)
    assert everything == Window(date.min, date(2026, 6, 30))


def test_dates_after_today_touch_nothing() -> None:
    assert touched_periods(Window(date(2026, 7, 1), date(2026, 7, 2)), "day", Reach(), TODAY) is None


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        Window(date(2026, 1, 2), date(2026, 1, 1))
