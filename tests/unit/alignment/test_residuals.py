"""Formulas of drivers against values, and the tree that they make."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from metrics.alignment.load import Alignment, check_alignment
from metrics.alignment.residuals import check_formulas, is_equal
from metrics.alignment.tree import Edge, tree_edges
from tests.unit.alignment.made_up import company, kpi, values
from tests.unit.values.company import Company


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(
        tmp_path_factory.mktemp("tree"),
        kpi("orders", "drivers: sessions * conversion_rate", "grains: [month]", "siblings: [csat]", "goals: [grow_revenue]"),
        kpi("conversion_rate", "parent: orders", "goals: [grow_revenue]"),
        kpi("csat", "parent: orders", "siblings: [orders]"),
    )


def test_a_formula_that_holds(shop: Company) -> None:
    given = values({("orders", "month"): [6, 10.0], ("sessions", "month"): [100, 200], ("conversion_rate", "month"):
                    [0.06, 0.05]}, date(2026, 1, 1), date(2026, 2, 28))  # fmt: skip
    (found,) = check_formulas(shop.catalogue, given)
    assert (found.checked, found.incomplete, found.failed, found.worst) == (2, 0, 0, None)


def test_a_residual_names_kpi_period_and_both_numbers(shop: Company) -> None:
    given = values({("orders", "month"): [6, 11, 30], ("sessions", "month"): [100, 200, 300], ("conversion_rate", "month"):
                    [0.06, 0.05, 0.08]}, date(2026, 1, 1), date(2026, 3, 31))  # fmt: skip
    (found,) = check_formulas(shop.catalogue, given)
    assert found.failed == 2
    # March: 30 against 300 x 0.08 = 24 is the larger difference
    assert str(found) == (
        "orders, month from 2026-03-01: the value is 30, sessions * conversion_rate gives 24 (2 of 3 periods)"
    )


def test_a_missing_driver_is_counted_and_not_zero(shop: Company) -> None:
    given = values({("orders", "month"): [6, 11], ("sessions", "month"): [None, 220], ("conversion_rate", "month"):
                    [0.06, 0.05]}, date(2026, 1, 1), date(2026, 2, 28))  # fmt: skip
    (found,) = check_formulas(shop.catalogue, given)
    assert (found.checked, found.incomplete, found.failed) == (1, 1, 0)


def test_a_period_that_a_driver_has_not_closed_is_left_out(shop: Company) -> None:
    given = values({("orders", "month"): [6, 11], ("sessions", "month"): [100, 1], ("conversion_rate", "month"):
                    [0.06, 0.05]}, date(2026, 1, 1), date(2026, 2, 28))  # fmt: skip
    given.closed_through["sessions"] = date(2026, 2, 27)  # type: ignore[index]
    (found,) = check_formulas(shop.catalogue, given)
    assert (found.checked, found.failed) == (1, 0)


@pytest.mark.parametrize(("value", "computed", "same"), [
    (1.0, 1.0 + 9e-10, True), (1.0, 1.0 + 2e-9, False), (1e9, 1e9 + 0.5, True), (0.0, 0.0, True), (0.0, 1e-12, False),
])  # fmt: skip
def test_rounding_is_no_residual(value: float, computed: float, same: bool) -> None:
    assert is_equal(value, computed) is same


def test_edges_of_all_kinds_each_once(shop: Company) -> None:
    found = set(tree_edges(shop.catalogue, Alignment({}, {})))
    formula = "sessions * conversion_rate"
    assert found == {
        Edge("goal", "grow_revenue", "orders", "goal"),
        Edge("goal", "grow_revenue", "conversion_rate", "goal"),
        Edge("kpi", "orders", "sessions", "formula", formula),
        Edge("kpi", "orders", "conversion_rate", "formula", formula),
        Edge("kpi", "orders", "csat", "influence"),
        Edge("kpi", "orders", "csat", "sibling"),  # said from both sides, shown once
    }


def test_goals_of_a_kpi_must_exist(tmp_path: Path) -> None:
    shop = company(tmp_path, kpi("orders", "goals: [grow_revenu]"))
    _, findings = check_alignment(shop.ws, shop.catalogue)
    assert [finding.message for finding in findings if finding.severity == "error"] == [
        "orders: goals names unknown goal 'grow_revenu'. Did you mean 'grow_revenue'?"
    ]
    assert [(finding.rule, finding.in_language("zh")) for finding in findings if finding.severity == "error"] == [
        ("goal-unknown", "orders：goals 中的目标 'grow_revenu' 不存在。是否应为 'grow_revenue'？")
    ]
