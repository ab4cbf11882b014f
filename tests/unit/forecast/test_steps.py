"""Steps of a target and what drivers would have to do, worked out by hand."""

from __future__ import annotations

import math

import pytest

from metrics.catalogue.drivers import parse_drivers
from metrics.forecast.advice import driver_need
from metrics.forecast.outlook import Outlook
from metrics.forecast.steps import Known, Step, largest_gain, steps_of
from metrics.forecast.what_if import needed_of_all, needed_of_one, result_of


def outlook(value: float, spread: float) -> Outlook:
    return Outlook(value, value - spread, value + spread, "linear", spread, stretches=1000)


def known(
    now: float,
    benchmark: float | None,
    *,
    direction: str = "up",
    gain: float = 100.0,
    at: float | None = None,
    spread: float,
) -> Known:
    return Known(now, direction, outlook(now if at is None else at, spread), gain, benchmark)


def by_name(found: list[Step]) -> dict[str, Step]:
    return {step.name: step for step in found}


def test_the_worked_case_now_one_and_a_half_industry_three_next_step_two_point_two() -> None:
    steps = by_name(steps_of(known(0.015, 0.03, spread=0.003)))
    assert steps["stretch"].value == pytest.approx(0.022)
    assert steps["benchmark"].value == 0.03
    # the normal distribution: 80 % lie within 1.2816 deviations, 0.003 of them here; 20 % lie below 0.8416 of them
    assert steps["safe"].value == pytest.approx(0.015 - 0.003 * 0.8416 / 1.2816, abs=0.0002)
    assert steps["safe"].probability == pytest.approx(0.8, abs=0.02)
    # 0.007 above the middle are 2.99 deviations
    assert steps["stretch"].probability == pytest.approx(0.0014, abs=0.0005)
    assert steps["safe"].probability > steps["stretch"].probability > steps["benchmark"].probability


def test_lower_is_better_goes_half_of_the_way_down() -> None:
    steps = by_name(steps_of(known(40.0, 20.0, direction="down", spread=8.0)))
    assert steps["stretch"].value == 30.0
    # 40 + 8 x 0.8416 / 1.2816 = 45.25, rounded to the easier side
    assert steps["safe"].value == 46.0
    assert 0.8 <= steps["safe"].probability < 0.85


def test_a_share_and_its_opposite_get_the_same_step() -> None:
    kept = by_name(steps_of(known(0.6, 0.8, spread=0.05)))["stretch"].value
    lost = by_name(steps_of(known(0.4, 0.2, direction="down", spread=0.05)))["stretch"].value
    assert kept == pytest.approx(1 - lost) == pytest.approx(0.7)


def test_no_step_is_larger_than_the_largest_improvement_so_far() -> None:
    step = by_name(steps_of(known(0.015, 0.03, gain=0.003, spread=0.003)))["stretch"]
    assert (step.value, step.why) == (pytest.approx(0.018), "the largest improvement so far in as long a time")


def test_a_kpi_that_never_improved_gets_what_luck_may_bring() -> None:
    step = by_name(steps_of(known(10.0, 20.0, gain=0.0, spread=1.0)))["stretch"]
    assert step.value == pytest.approx(10 + 0.8416 / 1.2816, abs=0.1)
    assert step.why == "20% likely if nothing changes"


def test_a_score_below_zero_has_a_step_too() -> None:
    assert by_name(steps_of(known(-10.0, 30.0, spread=5.0)))["stretch"].value == 10.0


def test_what_is_reached_anyway_is_no_stretch() -> None:
    step = by_name(steps_of(known(10.0, 20.0, at=18.0, spread=1.0)))["stretch"]
    assert (step.value, step.why) == (18.0, "where it is heading anyway")


def test_without_a_better_benchmark_the_own_past_gives_the_step() -> None:
    for benchmark in (None, 8.0):
        steps = by_name(steps_of(known(10.0, benchmark, spread=1.0)))
        assert "benchmark" not in steps
        assert steps["stretch"].value == pytest.approx(10 + 0.8416 / 1.2816, abs=0.1)
        assert steps["stretch"].probability == pytest.approx(0.2, abs=0.04)


def test_the_largest_gain_is_between_middles_of_three_periods() -> None:
    # middles of three: 1, 2, 2, 3, 4; two periods apart: +1, +1, +2. The 9 alone is luck.
    assert largest_gain([1, 1, 9, 2, 2, 3, 4, 4], 2, "up") == 2
    assert largest_gain([5, 4, 3, 2, 1], 1, "down") == 1
    assert largest_gain([5, 4, 3, 2, 1], 1, "up") == 0


def test_periods_without_a_value_keep_their_place_in_the_largest_gain() -> None:
    gap = math.nan
    # middles of three: 1, 1, -, -, -, 8, 8, so that no two less than four periods apart are known on both sides of the gap
    values = [1, 1, 1, 1, gap, 8, 8, 8, 8]
    assert largest_gain(values, 1, "up") == 0
    assert largest_gain(values, 3, "up") == 0
    assert largest_gain(values, 4, "up") == 7
    # every second month only: no three in a row
    assert largest_gain([1, gap, 3, gap, 5, gap, 7], 1, "up") == 0


def test_each_driver_alone_or_all_of_them() -> None:
    formula = parse_drivers("sessions * conversion_rate * average_order_value")
    values = {"sessions": 1000.0, "conversion_rate": 0.02, "average_order_value": 50.0}
    assert result_of(formula, values) == 1000.0
    assert needed_of_one(formula, values, "sessions", 1331.0) == pytest.approx(1331.0)
    assert needed_of_one(formula, values, "average_order_value", 1331.0) == pytest.approx(66.55)
    # 1.1 x 1.1 x 1.1 = 1.331
    assert needed_of_all(formula, values, 1331.0) == pytest.approx(1.1)


def test_drivers_get_better_in_the_direction_that_helps() -> None:
    formula = parse_drivers("ad_spend / new_customers")
    values = {"ad_spend": 4000.0, "new_customers": 100.0}
    assert needed_of_one(formula, values, "ad_spend", 20.0) == pytest.approx(2000.0)
    assert needed_of_one(formula, values, "new_customers", 20.0) == pytest.approx(200.0)
    # spend x 1 / f and customers x f halve the cost at f = sqrt 2
    assert needed_of_all(formula, values, 20.0) == pytest.approx(2**0.5)


def test_what_a_driver_cannot_do_alone_is_said() -> None:
    formula = parse_drivers("gross_revenue - refunds")
    assert needed_of_one(formula, {"gross_revenue": 100.0, "refunds": 5.0}, "refunds", 120.0) is None


def test_where_a_step_is_worse_than_now_a_driver_has_to_stay_on_its_better_side() -> None:
    # 0.30 / 0.10: three times as much. A step of 2.7 is worse: carts may fall to 0.27, which 30 % +- 3 % undercut
    # in 1 of 10 cases (80 % lie within 0.27 to 0.33), so it holds in 9 of 10
    formula, values = parse_drivers("carts / visits"), {"carts": 0.30, "visits": 0.10}
    falls = driver_need(formula, values, "carts", "ratio", 2.7, outlook(0.30, 0.03), is_worse=True)
    assert falls.needed == pytest.approx(0.27)
    assert falls.probability == pytest.approx(0.9, abs=0.01)
    # the one below the line may rise to 0.30 / 2.7 and no further
    rises = driver_need(formula, values, "visits", "ratio", 2.7, outlook(0.10, 0.0111), is_worse=True)
    assert rises.needed == pytest.approx(0.30 / 2.7)
    assert rises.probability == pytest.approx(0.9, abs=0.01)
    better = driver_need(formula, values, "carts", "ratio", 3.3, outlook(0.30, 0.03), is_worse=False)
    assert better.probability == pytest.approx(0.1, abs=0.01)


def test_a_driver_that_is_zero_is_moved_by_no_factor() -> None:
    formula = parse_drivers("sales - refunds")
    assert needed_of_one(formula, {"sales": 0.0, "refunds": 0.0}, "sales", 0.0) is None
    assert needed_of_one(formula, {"sales": 5.0, "refunds": 0.0}, "refunds", 5.0) is None
