"""What an outlook may claim: of days that are over, of a KPI that never moves, and of one that moved for the first time."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.forecast.daily import Stretch
from metrics.forecast.outlook import DailySeries, outlook_from_days, outlook_from_periods

RANDOM = np.random.default_rng(7)
MONTH = Stretch(10, 0, 20)


def test_what_has_happened_is_not_undone() -> None:
    """One great day among small ones: the month cannot end below what it has, and that target is reached already."""
    sales = np.exp(RANDOM.normal(0, 2, 400))
    sales[-5] = 900.0
    stretch = Stretch(29, 0, 1)
    happened = float(sales[-29:].sum())
    found = outlook_from_days(DailySeries("sum", sales), stretch)
    assert found is not None
    assert happened <= found.low <= found.value < found.high
    assert found.quantile(0.01) >= happened
    assert found.probability_of(happened, "up") == 1.0
    assert found.probability_of(0.9 * happened, "down") == 0.0
    # where a day may take money back, the sum may still fall
    sales[100] = -3.0
    net = outlook_from_days(DailySeries("sum", sales), stretch)
    assert net is not None
    assert net.low < happened


def test_few_complaints_may_become_none() -> None:
    """One in three weeks: that none come next week is possible, though the least of a count is 0."""
    complaints = np.zeros(420)
    complaints[::21] = 1.0
    found = outlook_from_days(DailySeries("sum", RANDOM.permutation(complaints), is_count=True), Stretch(0, 0, 7))
    assert found is not None
    assert (found.low, found.value) == (0, 0)
    assert found.probability_of(0.0, "up") == 1.0
    assert 0.55 < found.probability_of(0.0, "down") < 0.8


@pytest.mark.parametrize("value", [5.0, 3.3, 0.1, 123.45, 0.0, -5.0])
@pytest.mark.parametrize("stretch", [MONTH, Stretch(0, 0, 7), Stretch(29, 0, 1), Stretch(0, 31, 30)])
def test_a_kpi_that_never_moves_stays_where_it_is(value: float, stretch: Stretch) -> None:
    total = value * (stretch.known + stretch.rest)
    found = outlook_from_days(DailySeries("sum", np.full(400, value)), stretch)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(total), pytest.approx(total))
    assert (found.probability_of(total, "up"), found.probability_of(total, "down")) == (1.0, 1.0)
    assert (found.probability_of(total + 0.01, "up"), found.probability_of(total - 0.01, "down")) == (0.0, 0.0)


@pytest.mark.parametrize("days", [1, 5, 20])
def test_a_first_move_is_not_forecast_with_certainty(days: int) -> None:
    """In 380 days nothing moved, so that no forecast was ever wrong: nothing says how wrong one is now."""
    levels = np.full(400, 50.0)
    levels[-days:] = 51.0
    stock = outlook_from_days(DailySeries("stock", levels), MONTH)
    assert stock is not None
    assert stock.low <= 51.0 <= stock.high
    begun = np.zeros(400)
    begun[-days:] = 50.0
    total = outlook_from_days(DailySeries("sum", begun), Stretch(0, 0, 7))
    assert total is not None
    assert total.high - total.low > 25.0


@pytest.mark.parametrize("grain", ["week", "month", "quarter"])
@pytest.mark.parametrize("before", [12, 29, 60])
def test_one_step_does_not_make_everything_possible(before: int, grain: str) -> None:
    """1000 in every period and 1200 in the last: no forecast was ever wrong by more than a fifth."""
    found = outlook_from_periods(np.array([1000.0] * before + [1200.0]), 1, grain, is_share=False)
    assert found is not None
    assert 800 < found.low < found.value < found.high < 1450


@pytest.mark.parametrize("seed", range(8))
def test_one_day_to_come_does_not_bring_more_than_it_can(seed: int) -> None:
    """A score of -100 to 100 per answer, about five answers a day: the month stays within what all of them could do to it."""
    draw = np.random.default_rng(seed)
    answers = draw.poisson(5, 729).astype(float)
    points = np.array([100.0 * draw.choice([-1, 0, 1], int(count), p=[0.2, 0.25, 0.55]).sum() for count in answers])
    found = outlook_from_days(DailySeries("ratio", points, answers), Stretch(29, 0, 1))
    assert found is not None
    known = points[-29:].sum(), answers[-29:].sum()
    least, most = ((known[0] + score * 100 * 5) / (known[1] + 5) for score in (-1, 1))
    assert least < found.value < most
    # and what is known is within what is likely
    assert found.low < known[0] / known[1] < found.high
