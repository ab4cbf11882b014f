"""Curves and weight rules: each expectation is worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.scorecards.curves import UsedCurve, used_curve
from metrics.scorecards.model import Curve, Scorecard, WeightRule
from metrics.scorecards.weights import ruled_share, weights

TEXT = {"en": "text", "zh": "文字"}


def points(
    value: float, direction: str, target: float | None, curve: dict[str, Any] | None = None, **own: float
) -> float | None:
    used = used_curve(Curve.model_validate(curve or {}), direction, target, **own)
    return used.points(value) if used else None


@pytest.mark.parametrize(("value", "expected"), [
    (80, 0), (70, 0), (90, 50), (100, 100), (110, 110), (120, 120), (500, 120),
])  # fmt: skip
def test_floor_target_and_stretch_with_straight_lines_between(value: float, expected: float) -> None:
    assert points(value, "up", 100, floor=80, stretch=120) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "expected"), [(12, 0), (11, 50), (10, 100), (9, 110), (8, 120), (1, 120)])
def test_down_is_the_mirror(value: float, expected: float) -> None:
    assert points(value, "down", 10, floor=12, stretch=8) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "direction", "expected"), [
    (95, "up", 95), (120, "up", 100), (-5, "up", 0), (105, "down", 95), (80, "down", 100), (250, "down", 0),
])  # fmt: skip
def test_without_floor_each_percent_missed_costs_a_point(value: float, direction: str, expected: float) -> None:
    assert points(value, direction, 100) == pytest.approx(expected)


def test_a_curve_of_its_own_wins_over_the_target_of_the_kpi() -> None:
    assert points(90, "up", 500, {"floor": 80, "target": 100}, floor=400) == pytest.approx(50)
    assert points(120, "up", 100, {"stretch": 120, "stretch_points": 150, "cap": 130}) == pytest.approx(130)
    assert points(115, "up", 100, {"stretch": 120, "stretch_points": 150, "cap": 200}) == pytest.approx(137.5)


def test_points_of_a_value_need_no_target() -> None:
    assert points(3, "none", None, {"points": [[0, 100], [2, 50], [4, 0]]}) == pytest.approx(25)


@pytest.mark.parametrize(("value", "direction", "expected"), [
    (90, "up", 50),  # 0.9 of the target
    (110, "up", 105),  # 1.1
    (125, "down", 0),  # 100 / 125 = 0.8
    (100 / 0.9, "down", 50),
    (0, "down", 110),  # as good as it can be
])  # fmt: skip
def test_points_of_the_share_of_the_target(value: float, direction: str, expected: float) -> None:
    curve = {"of": "share", "points": [[0.8, 0], [1.0, 100], [1.2, 110]]}
    assert points(value, direction, 100, curve) == pytest.approx(expected)


@pytest.mark.parametrize(("direction", "target", "own"), [
    ("up", None, {}), ("up", 0, {}), ("up", -5, {}), ("up", 100, {"floor": 100}), ("up", 100, {"floor": 110}),
    ("down", 10, {"floor": 8}),
])  # fmt: skip
def test_without_a_line_nothing_is_scored(direction: str, target: float | None, own: dict[str, float]) -> None:
    assert points(50, direction, target, **own) is None


def test_a_target_below_zero_is_fine_with_a_floor() -> None:
    assert points(-5, "up", 0, floor=-10) == pytest.approx(50)


def test_a_curve_is_stored_as_it_was_used() -> None:
    used = used_curve(Curve.model_validate({"of": "share", "points": [[0, 0], [1, 100]], "cap": 90}), "down", 8)
    assert used is not None
    assert UsedCurve.from_text(used.text()) == used


def card(*items: dict[str, Any], **fields: Any) -> Scorecard:
    base = {"id": "shop", "title": TEXT, "description": TEXT, "owner": "Head", "items": items}
    return Scorecard.model_validate({**base, **fields})


# The stock of a category that hardly sells sets the weight of its conversion, capped at 70 %.
SLOW = {"metric": "slow_moving_stock_share", "segment": {"product_category": "Garden"}, "cap": 0.7}
GARDEN = {"kpi": "conversion_rate", "segment": {"product_category": "Garden"}, "weight": 20, "weight_rule": SLOW}
REST = ({"kpi": "revenue", "weight": 60}, {"kpi": "csat", "weight": 20})


@pytest.mark.parametrize(("slow", "garden", "revenue", "csat"), [
    (0.30, 0.30, 0.525, 0.175),  # 70 % are left, three quarters of them for revenue
    (0.95, 0.70, 0.225, 0.075),  # never more than 70 %
    (None, 0.20, 0.60, 0.20),  # without stock data the written weight
    (0.0, 0.0, 0.75, 0.25),
])  # fmt: skip
def test_slow_stock_sets_the_weight_of_its_category(slow: float | None, garden: float, revenue: float, csat: float) -> None:
    found = weights(card(GARDEN, *REST), {"conversion_rate_Garden": slow})
    assert found == pytest.approx({"conversion_rate_Garden": garden, "revenue": revenue, "csat": csat})


def test_rules_together_keep_to_their_cap() -> None:
    toys = {**GARDEN, "segment": {"product_category": "Toys"}, "weight_rule": {**SLOW, "cap": 1.0}}
    both = card(GARDEN, toys, {"kpi": "csat", "weight": 60}, rules_cap=0.7)
    # 0.6 and 0.8 are 1.4 together: halved they are 0.7
    found = weights(both, {"conversion_rate_Garden": 0.6, "conversion_rate_Toys": 0.8})
    assert found == pytest.approx({"conversion_rate_Garden": 0.3, "conversion_rate_Toys": 0.4, "csat": 0.3})


def test_only_ruled_items_are_scaled_to_a_whole() -> None:
    alone = card({**GARDEN, "weight": 50}, {"kpi": "csat", "weight": 50, "weight_rule": {"metric": "nps", "factor": 0.01}})
    found = weights(alone, {"conversion_rate_Garden": 0.3, "csat": 20.0})
    assert found == pytest.approx({"conversion_rate_Garden": 0.6, "csat": 0.4})


@pytest.mark.parametrize(("rule", "value", "share"), [
    ({}, 0.4, 0.4), ({"factor": 2, "offset": -0.1}, 0.3, 0.5), ({"floor": 0.1}, 0.02, 0.1),
    ({"points": [[0, 0.1], [100, 0.6]]}, 50, 0.35), ({"points": [[0, 0.1], [100, 0.6]], "cap": 0.5}, 300, 0.5),
])  # fmt: skip
def test_transformations_of_a_rule(rule: dict[str, Any], value: float, share: float) -> None:
    assert ruled_share(WeightRule.model_validate({"metric": "any_metric", **rule}), value) == pytest.approx(share)


def test_weights_may_add_up_to_1_as_well() -> None:
    found = weights(card({"kpi": "revenue", "weight": 0.75}, {"kpi": "csat", "weight": 0.25}), {})
    assert found == pytest.approx({"revenue": 0.75, "csat": 0.25})
