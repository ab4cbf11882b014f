"""Shifts and starts of periods, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.semantic.days import Days, add_months, days_back, period_start, whole_months_back, widened


def test_a_day_that_the_month_lacks_becomes_its_last() -> None:
    assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert add_months(date(2025, 3, 31), -1) == date(2025, 2, 28)
    assert add_months(date(2024, 1, 15), -13) == date(2022, 12, 15)
    assert add_months(date(2024, 11, 30), 3) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("grain", "start"),
    [
        ("day", date(2024, 5, 16)),
        ("week", date(2024, 5, 13)),
        ("month", date(2024, 5, 1)),
        ("quarter", date(2024, 4, 1)),
        ("year", date(2024, 1, 1)),
    ],
)
def test_periods_start_on_mondays_and_firsts(grain: str, start: date) -> None:
    assert period_start(date(2024, 5, 16), grain) == start
    assert period_start(start, grain) == start


def test_the_week_of_new_year_starts_in_the_old_one() -> None:
    assert period_start(date(2025, 1, 1), "week") == date(2024, 12, 30)


def test_a_complete_month_goes_back_to_a_complete_month() -> None:
    february = Days(date(2025, 2, 1), date(2025, 2, 28))
    assert whole_months_back(february, 1) == Days(date(2025, 1, 1), date(2025, 1, 31))
    assert whole_months_back(february, 12) == Days(date(2024, 2, 1), date(2024, 2, 29))


def test_a_cut_month_goes_back_to_the_same_days() -> None:
    assert whole_months_back(Days(date(2025, 3, 1), date(2025, 3, 10)), 1) == Days(date(2025, 2, 1), date(2025, 2, 10))


def test_open_ends_stay_open() -> None:
    assert days_back(Days(None, date(2024, 1, 8)), 7) == Days(None, date(2024, 1, 1))
    assert whole_months_back(Days(date(2024, 1, 8), None), 1) == Days(date(2023, 12, 8), None)
    assert widened(Days(None, date(2024, 1, 8)), 7, "day") == Days(None, date(2024, 1, 8))


@pytest.mark.parametrize(
    ("count", "grain", "start"),
    [
        (7, "day", date(2024, 3, 25)),
        (1, "day", date(2024, 3, 31)),
        (2, "week", date(2024, 3, 18)),
        (1, "month", date(2024, 3, 1)),
        (1, "year", date(2023, 4, 1)),
    ],
)
def test_a_window_reaches_back_from_the_first_day_shown(count: int, grain: str, start: date) -> None:
    assert widened(Days(date(2024, 3, 31), date(2024, 4, 1)), count, grain).start == start
