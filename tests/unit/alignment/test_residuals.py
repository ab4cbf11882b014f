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


GOALS = """version: 1
goals:
  - id: more
    title: {en: More, zh: 更多}
    description: {en: More, zh: 更多}
    kpi: gross_revenue
    from: 2026-07-01
    by: 2026-09-30
    change: 0.2
    teams:
      - {team: sales, kpi: orders, through: [400]}
"""


@pytest.mark.parametrize(("broken", "line", "message"), [
    (GOALS.replace("kpi: orders", "kpi: order"), 11, "goal more: kpi names unknown metric 'order'. Did you mean 'orders'"),
    (GOALS.replace("[400]", "[conversion]"), 11, "goal more: through names unknown metric 'conversion'. Did you mean"),
    (GOALS.replace("by: 2026-09-30", "by: 2026-06-30"), 3, "more: goal ends on 2026-06-30, not after it starts on"),
    (GOALS.replace("    change: 0.2\n", ""), 3, "more: a goal with a kpi needs 'from', 'by', and either 'change' or"),
    (GOALS.replace(", through: [400]", ""), 11, "more: team sales needs a chain ('through') or a stated 'change'"),
    (GOALS.replace("{team: sales", "{share: 0.8, team: a, kpi: orders, change: 1}\n      - {share: 0.3, team: sales"), 3,
     "more: shares of teams add up to 1.1, more than 1."),
    (GOALS.replace("kpi: gross_revenue", "kpi: gross_revenue\n    grain: week\n    parent: nowhere"), 8,
     "goal more: parent names unknown goal 'nowhere'."),
    (GOALS.replace("kpi: gross_revenue", "kpi: revenue_growth\n    grain: week"), 7,
     "goal more: revenue_growth has no values by week, only by month."),
    (GOALS.replace("teams:", "tems:"), 10, "more: unknown field 'tems'. Did you mean 'teams'?"),
    (GOALS.replace("through", "thru"), 11, "more: unknown field 'thru'. Did you mean 'through'?"),
    (GOALS.replace("id: more", "id: grow_revenue"), 3, "goal 'grow_revenue' is already defined at metrics/kpis/goals.yml:"),
])  # fmt: skip
def test_a_mistake_in_goals_is_one_line(tmp_path: Path, broken: str, line: int, message: str) -> None:
    shop = company(tmp_path)
    (tmp_path / "kpis" / "goals.yml").write_text(broken, encoding="utf-8")
    _, findings = check_alignment(shop.ws, shop.catalogue)
    own = [str(finding) for finding in findings if "goals.yml" in finding.where]
    assert any(f"kpis/goals.yml:{line}: {message}" in text for text in own), own


def test_goals_of_a_kpi_must_exist(tmp_path: Path) -> None:
    shop = company(tmp_path, kpi("orders", "goals: [grow_revenu]"))
    _, findings = check_alignment(shop.ws, shop.catalogue)
    assert [finding.message for finding in findings if finding.severity == "error"] == [
        "orders: goals names unknown goal 'grow_revenu'. Did you mean 'grow_revenue'?"
    ]
    assert [(finding.rule, finding.in_language("zh")) for finding in findings if finding.severity == "error"] == [
        ("goal-unknown", "orders：goals 中的目标 'grow_revenu' 不存在。是否应为 'grow_revenue'？")
    ]
