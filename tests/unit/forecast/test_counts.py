"""The chance of a whole number, and of zero before all: of rare incidents that is what a target asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import nbinom

from metrics.forecast.counts import CountsToCome
from metrics.forecast.daily import Stretch
from metrics.forecast.outlook import DailySeries, outlook_from_days, outlook_from_periods

DAYS = 560
WEEK, MONTH = Stretch(0, 0, 7), Stretch(0, 0, 30)
Draw = Callable[[np.random.Generator], np.ndarray]


def bursts(draw: np.random.Generator) -> np.ndarray:
    """On one of twenty days about five at once, else none."""
    return np.where(draw.random(DAYS) < 0.05, draw.poisson(5, DAYS), 0)


def chances(process: Draw, stretch: Stretch, most: float) -> tuple[float, float]:
    """How likely ``most`` or fewer are said to be, seen from days of ten histories, and how often 2,000 others have them."""
    draw = np.random.default_rng(5)
    sizes = range(400, DAYS - stretch.reach, 26)
    said = []
    for _ in range(10):
        values = process(draw).astype(float)
        for size in sizes:
            found = outlook_from_days(DailySeries("sum", values[:size], is_count=True), stretch)
            assert found is not None
            said.append(found.probability_of(most, "down"))
    others = [process(draw) for _ in range(2000)]
    came = [other[size : size + stretch.rest].sum() <= most for other in others for size in sizes]
    return float(np.mean(said)), float(np.mean(came))


@pytest.mark.parametrize("stretch", [WEEK, MONTH], ids=["week", "month"])
@pytest.mark.parametrize(
    "process",
    [
        lambda draw: draw.poisson(0.35 / 7, DAYS),
        lambda draw: draw.poisson(1 / 7, DAYS),
        bursts,
        lambda draw: draw.poisson(np.linspace(4, 0.2, DAYS) / 7),
    ],
    ids=["0.35 a week", "1 a week", "bursts", "ever fewer"],
)
def test_zero_is_as_likely_as_it_comes(process: Draw, stretch: Stretch) -> None:
    said, comes = chances(process, stretch, 0.0)
    assert said == pytest.approx(comes, abs=0.10)


def test_eight_a_week_are_at_most_eight_as_often_as_said() -> None:
    """Few enough for half a unit to matter, too many for a week without any: Poisson(8) gives 8 or fewer 59.3 %."""
    said, comes = chances(lambda draw: draw.poisson(8 / 7, DAYS), WEEK, 8.0)
    assert comes == pytest.approx(0.593, abs=0.01)
    assert said == pytest.approx(comes, abs=0.03)


@pytest.mark.parametrize("rate", [0.05, 1.2, 40.0])
def test_a_count_is_at_most_one_number_or_at_least_the_next(rate: float) -> None:
    values = np.random.default_rng(2).poisson(rate, 400).astype(float)
    found = outlook_from_days(DailySeries("sum", values, is_count=True), WEEK)
    assert found is not None
    for number in (0, 1, 5, 280):
        assert found.probability_of(number, "down") + found.probability_of(number + 1, "up") == pytest.approx(1)
        # nothing lies between a number and the next
        assert found.probability_of(number + 0.6, "down") == found.probability_of(number, "down")
        assert found.probability_of(number + 0.4, "up") == found.probability_of(number + 1, "up")


def test_what_happened_counts() -> None:
    """Two incidents in the first three days: no week ends below two, and most likely this one ends with them."""
    values = np.random.default_rng(3).poisson(0.05, 400).astype(float)
    values[-3:] = (1, 0, 1)
    found = outlook_from_days(DailySeries("sum", values, is_count=True), Stretch(3, 0, 4))
    assert found is not None
    assert (found.probability_of(1, "down"), found.probability_of(2, "up")) == (0.0, 1.0)
    assert found.probability_of(2, "down") > 0.6
    assert (found.low, found.value) == (2.0, 2.0)


def test_periods_without_days_are_counted_in_the_same_way() -> None:
    """30 weeks of which every third has one, seen week by week; a rate that is 0 as often is no count."""
    weeks = np.resize([1.0, 0.0, 0.0], 30)
    found = outlook_from_periods(weeks, 1, "week", is_share=False, is_count=True)
    assert found is not None
    assert found.probability_of(0, "down") == pytest.approx(2 / 3, abs=0.1)
    rate = outlook_from_periods(weeks, 1, "week", is_share=False)
    assert rate is not None
    assert rate.few is None


def test_money_in_whole_euros_is_no_count() -> None:
    """Few large orders: nothing is drawn from how many euros come at once."""
    sales = 25000.0 * np.random.default_rng(4).poisson(0.05, 400)
    found = outlook_from_days(DailySeries("sum", sales), WEEK)
    assert found is not None
    assert (found.few, found.is_whole) == (None, False)


def test_the_chances_are_those_of_the_negative_binomial() -> None:
    few = CountsToCome(known=2, mean=1.5, shape=0.8)
    law = nbinom(0.8, 0.8 / (0.8 + 1.5))
    for total in range(2, 12):
        assert few.at_most(total) == pytest.approx(law.cdf(total - 2))
    assert few.at_most(1) == 0.0
    for share in (0.1, 0.5, 0.9, 0.999):
        assert few.quantile(share) == law.ppf(share) + 2


SEASON = np.array([3.0 if day % 364 < 120 else 0.0 for day in range(4 * 364)])


@pytest.mark.parametrize(("day", "stretch", "comes"), [
    (15, Stretch(0, 0, 30), 90), (30, WEEK, 21), (60, WEEK, 21), (100, Stretch(0, 0, 30), 60), (118, WEEK, 6),
])  # fmt: skip
def test_a_season_is_not_taken_for_a_rare_thing(day: int, stretch: Stretch, comes: float) -> None:
    """Three a day for four months, then none for eight: the weeks without any are no chance of having none now."""
    found = outlook_from_days(DailySeries("sum", SEASON[: 3 * 364 + day], is_count=True), stretch)
    assert found is not None
    assert found.few is None
    assert found.value == pytest.approx(comes, rel=0.1)


def test_what_comes_every_fourth_week_is_no_rare_thing() -> None:
    campaign = np.zeros(868)
    campaign[::28] = 1000
    found = outlook_from_days(DailySeries("sum", campaign, is_count=True), WEEK)
    assert found is not None
    assert (found.few, found.value) == (None, pytest.approx(1000))


def test_two_months_of_holidays_do_not_empty_the_others() -> None:
    months = np.array([0.0 if month % 12 in (6, 7) else 30 + month % 3 for month in range(48)])
    for known in (40, 42, 44, 47):
        found = outlook_from_periods(months[:known], 1, "month", is_share=False, is_count=True)
        assert found is not None
        assert (found.few, found.value) == (None, pytest.approx(months[known]))
