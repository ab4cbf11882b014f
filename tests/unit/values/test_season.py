"""Seasonal targets: a year's value spread as the KPI's own history spreads, worked out by hand, and never moved again."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.catalogue.model import Target
from metrics.values.status.season import Season, SeasonRefusedError, find_season

MONTHS = [date(2025, month, 1) for month in range(1, 13)]
FIRST = date(2026, 1, 1)


def test_a_year_of_months_is_spread_as_the_year_before_was() -> None:
    """Eleven months of 100 and a December of 700: 1,800 in all, so December is 7/18 of a year."""
    settled = {start: 700.0 if start.month == 12 else 100.0 for start in MONTHS}
    season = find_season(settled, FIRST, "month", is_sum=True)
    assert (season.first, season.last) == (date(2025, 1, 1), date(2025, 12, 31))
    assert season.factors[12] == pytest.approx(700 / 150)  # the mean month had 150
    assert season.target(3600, date(2026, 12, 1)) == pytest.approx(1400)
    assert season.target(3600, date(2026, 3, 1)) == pytest.approx(200)


def test_a_rate_has_the_years_value_as_the_mean_of_its_periods() -> None:
    """Quarters of 2, 2, 2 and 6 %: mean 3 %. A target of 4 % for the year asks 8/3 % of the first and 8 % of the last."""
    settled = {date(2025, month, 1): value for month, value in ((1, 0.02), (4, 0.02), (7, 0.02), (10, 0.06))}
    season = find_season(settled, FIRST, "quarter", is_sum=False)
    assert season.target(0.04, date(2026, 1, 1)) == pytest.approx(0.08 / 3)
    assert season.target(0.04, date(2026, 10, 1)) == pytest.approx(0.08)


def test_a_year_with_more_business_does_not_weigh_more() -> None:
    """2024: ten times the business, all months equal (factor 1). 2025: December 12 of 12, the rest 0 (factor 12).
    December is (1 + 12) / 2 = 6.5, any other month (1 + 0) / 2 = 0.5; together 12."""
    settled = {date(2024, month, 1): 1000.0 for month in range(1, 13)}
    settled |= {start: 1200.0 if start.month == 12 else 0.0 for start in MONTHS}
    season = find_season(settled, FIRST, "month", is_sum=True)
    assert season.factors == pytest.approx({**dict.fromkeys(range(1, 12), 0.5), 12: 6.5})
    assert season.first == date(2024, 1, 1)


def days(first: date, count: int, value: dict[int, float]) -> dict[date, float]:
    found = {first + timedelta(days=one): value.get((first + timedelta(days=one)).weekday()) for one in range(count)}
    return {day: number for day, number in found.items() if number is not None}


def test_days_follow_their_weekdays_and_a_closed_sunday_counts_nothing() -> None:
    """Ten on weekdays, 20 on Saturdays, no row on Sundays: of 70 a week a Saturday is 2/7. 2026 has 261 weekdays, 52
    Saturdays and 52 Sundays: 261 x 10 + 52 x 20 = 3,650, so a year's target of 3,650 asks just these."""
    settled = days(date(2024, 12, 30), 367, {**dict.fromkeys(range(5), 10.0), 5: 20.0})
    season = find_season(settled, FIRST, "day", is_sum=True)
    assert season.factors == pytest.approx({**dict.fromkeys(range(5), 1.0), 5: 2.0, 6: 0.0})
    found = [season.target(3650, FIRST + timedelta(days=one)) for one in range(7)]  # 1 January 2026 is a Thursday
    assert found == pytest.approx([10, 10, 20, 0, 10, 10, 10])


def test_a_rate_has_no_target_on_a_weekday_without_values() -> None:
    settled = days(date(2024, 12, 30), 367, dict.fromkeys(range(6), 0.5))
    season = find_season(settled, FIRST, "day", is_sum=False)
    assert season.target(0.4, date(2026, 1, 4)) is None  # a Sunday
    assert season.target(0.4, date(2026, 1, 5)) == pytest.approx(0.4)


def test_a_day_whose_rows_are_missing_is_no_day_without_sales() -> None:
    """Every Monday of the year has 14, all else 7; half of the Mondays are lost. The rest still says twice as much."""
    settled = days(date(2024, 12, 30), 364, {**dict.fromkeys(range(1, 7), 7.0), 0: 14.0})
    lost = sorted(day for day in settled if day.weekday() == 0)[1::2]
    season = find_season({day: v for day, v in settled.items() if day not in lost}, FIRST, "day", True, gaps=lost)
    assert season.factors[0] == pytest.approx(14 / 8)
    unknown = find_season({day: v for day, v in settled.items() if day not in lost}, FIRST, "day", True)
    assert unknown.factors[0] == pytest.approx(7 / 7)


@pytest.mark.parametrize(
    ("settled", "reason"),
    [
        ({}, "12 settled months in a row before 2026-01-01, and 0 have a value"),
        (dict.fromkeys(MONTHS[1:], 1.0), "and 11 have a value"),
        ({start: 1.0 for start in MONTHS if start.month != 6}, "and 11 have a value"),
        (dict.fromkeys(MONTHS, -1.0), "is not above 0"),
        ({start: -1.0 if start.month == 2 else 1.0 for start in MONTHS}, "below 0"),
        # what lies on or after the first day is not history
        ({date(2026, month, 1): 1.0 for month in range(1, 13)}, "and 0 have a value"),
    ],
)
def test_what_is_no_season_is_refused_with_the_reason(settled: dict[date, float], reason: str) -> None:
    with pytest.raises(SeasonRefusedError, match=reason):
        find_season(settled, FIRST, "month", is_sum=True)


def test_a_part_of_the_history_before_a_whole_year_is_left_out() -> None:
    settled = dict.fromkeys(MONTHS, 100.0) | {date(2024, 12, 1): 9000.0}
    assert find_season(settled, FIRST, "month", is_sum=True).factors[12] == pytest.approx(1)


@given(
    values=st.lists(st.floats(0.01, 1e6), min_size=12, max_size=12),
    yearly=st.floats(0.01, 1e9),
    year=st.integers(2025, 2032),
    is_sum=st.booleans(),
)
def test_months_meet_the_years_value(values: list[float], yearly: float, year: int, is_sum: bool) -> None:
    season = find_season(dict(zip(MONTHS, values, strict=True)), FIRST, "month", is_sum)
    asked = [season.target(yearly, date(year, month, 1)) or 0 for month in range(1, 13)]
    assert (sum(asked) if is_sum else sum(asked) / 12) == pytest.approx(yearly)
    for left, right in pairwise(range(12)):
        assert asked[left] * values[right] == pytest.approx(asked[right] * values[left], rel=1e-6)


@given(factors=st.lists(st.floats(0.1, 10), min_size=7, max_size=7), year=st.integers(2024, 2033), is_sum=st.booleans())
def test_days_meet_the_years_value_in_leap_years_too(factors: list[float], year: int, is_sum: bool) -> None:
    season = Season("day", is_sum, dict(enumerate(factors)), FIRST, FIRST)
    count = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    asked = [season.target(1000, date(year, 1, 1) + timedelta(days=one)) or 0 for one in range(count)]
    assert (sum(asked) if is_sum else sum(asked) / count) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"grain": "week", "value": 5}, "for days"),
        ({"grain": "month", "value": 0}, "above 0"),
        ({"grain": "month", "value": 5, "start": 3}, "only for path: linear"),
    ],
)
def test_a_seasonal_target_that_cannot_be_is_refused(given_: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Target.model_validate({"from": "2026-01-01", "path": "seasonal", **given_})
