"""Sums of days to come, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.forecast import daily
from metrics.forecast.daily import Stretch
from metrics.forecast.outlook import DailySeries, needed_days, needed_periods, outlook_from_days, outlook_from_periods

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize(
    "stretch", [Stretch(0, 0, 7), Stretch(3, 0, 4), Stretch(10, 0, 21), Stretch(0, 30, 31), Stretch(1, 0, 1)]
)
def test_the_sums_are_those_of_a_loop_over_days(stretch: Stretch) -> None:
    values = RANDOM.integers(0, 50, 140).astype(float)
    forecast = daily.forecast_sums(values, stretch, 4)
    known, true = daily.sums_known(values, stretch), daily.sums_to_come(values, stretch)
    for today in range(values.size):
        days = range(today + 1 + stretch.gap, today + 1 + stretch.reach)
        if days.stop <= values.size:
            assert true[today] == sum(values[day] for day in days)
        else:
            assert np.isnan(true[today])
        if today + 1 >= stretch.known:
            assert known[today] == pytest.approx(sum(values[today + 1 - stretch.known : today + 1]))
        if today < 27:
            assert np.isnan(forecast[today])
            continue
        # the mean of the same weekday over the last four weeks, for each day to come
        wanted = sum(
            np.mean([values[seen] for seen in range(today - 27, today + 1) if (day - seen) % 7 == 0]) for day in days
        )
        assert forecast[today] == pytest.approx(wanted)


def test_the_season_repeats_last_years_error() -> None:
    forecast, truth = np.full(400, 10.0), np.full(400, 20.0)
    assert daily.with_season(forecast, truth, 1.0)[399] == 20.0
    assert daily.with_season(forecast, truth, 0.5)[399] == pytest.approx(10 * 2**0.5)
    assert np.isnan(daily.with_season(forecast, truth, 1.0)[363])


def test_a_repeating_week_is_known_exactly() -> None:
    week = np.array([5.0, 6.0, 7.0, 8.0, 9.0, 2.0, 1.0])
    found = outlook_from_days(DailySeries("sum", np.tile(week, 30)), Stretch(3, 0, 11))
    assert found is not None
    # the last three days (9 2 1), a week (38), and its first four days (26)
    assert (found.value, found.low, found.high) == (pytest.approx(76), pytest.approx(76), pytest.approx(76))


def test_a_ratio_is_a_ratio_of_sums_and_a_stock_its_last_day() -> None:
    above, below = np.tile([1.0, 9.0], 200), np.tile([10.0, 30.0], 200)
    found = outlook_from_days(DailySeries("ratio", above, below, is_share=True), Stretch(0, 0, 14))
    assert found is not None
    assert found.value == pytest.approx(0.25)  # 10 of 40, not the mean of 0.1 and 0.3
    stock = outlook_from_days(DailySeries("stock", np.arange(400.0) + 100), Stretch(0, 0, 10))
    assert stock is not None
    assert stock.value == pytest.approx(509, abs=1)  # 499 and one more a day


def test_too_little_history_is_no_outlook() -> None:
    stretch = Stretch(5, 0, 20)
    needed = needed_days(stretch)
    assert needed == 28 + 5 + 4 * 20
    values = RANDOM.poisson(30, needed).astype(float)
    assert outlook_from_days(DailySeries("sum", values[:-1]), stretch) is None
    assert outlook_from_days(DailySeries("sum", values), stretch) is not None
    assert needed_periods(1) == 11
    assert outlook_from_periods(values[:10], 1, "month", is_share=False) is None
    assert outlook_from_periods(values[:11], 1, "month", is_share=False) is not None


def test_probabilities_fit_the_interval() -> None:
    found = outlook_from_days(DailySeries("sum", RANDOM.poisson(30, 400).astype(float)), Stretch(10, 0, 20))
    assert found is not None
    assert found.probability_above(found.low) == pytest.approx(0.9)
    assert found.probability_above(found.value) == pytest.approx(0.5)
    assert found.probability_of(found.low, "down") == pytest.approx(0.1)
    assert found.probability_above(found.quantile(0.3)) == pytest.approx(0.7)


def test_a_share_never_leaves_its_bounds() -> None:
    below = np.full(300, 5.0)
    above = np.minimum(RANDOM.binomial(5, 0.95, 300), 5).astype(float)
    found = outlook_from_days(DailySeries("ratio", above, below, is_share=True), Stretch(0, 0, 7))
    assert found is not None
    assert 0 < found.low < found.value < found.high <= 1
    assert found.probability_above(1.2) == 0.0 if found.scale == "logit" else found.probability_above(1.2) < 0.1
