"""Goal -> team KPI: how much it has to rise. Every expectation is worked out by hand beside it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from metrics.alignment.cascade import Ask, answer, largest_rise, lost_on_the_way, on_the_line
from metrics.alignment.goals import Cascade
from metrics.alignment.model import Goal
from metrics.values.closed import ClosedValues
from tests.unit.alignment.made_up import company, values
from tests.unit.values.company import Company

# MRR 90,000 EUR has to reach 108,000 (+20 %) in the three months of Q3: 18,000 are missing. 200 leads a month, of which 5 %
# become a deal of 400 EUR a month, add 4,000 a month. 18,000 in 3 months are 6,000 a month: 6,000 / 20 = 300 leads, +50 %.
WORKED = Ask(90_000, 108_000, 200, (0.05, 400), 1.0, 3, 3, adds_up=True)


def test_mrr_plus_20_percent_asks_for_leads_plus_50_percent() -> None:
    found = answer(WORKED)
    assert found is not None
    assert found.value == pytest.approx(300)
    assert (found.added_now, found.added_wanted) == pytest.approx((4_000, 6_000))
    assert (found.missing, found.lost) == (18_000, 0)


def test_what_is_lost_on_the_way_has_to_be_won_as_well() -> None:
    # 1 % a month of 90,000, 96,000 and 102,000: 2,880. 20,880 in 3 months are 6,960 a month: 348 leads.
    ask = Ask(90_000, 108_000, 200, (0.05, 400), 1.0, 3, 3, adds_up=True, loss_rate=0.01)
    assert lost_on_the_way(ask) == pytest.approx(2_880)
    found = answer(ask)
    assert found is not None
    assert found.value == pytest.approx(348)


def test_effects_that_take_a_month_leave_two_months_for_the_leads() -> None:
    # 18,000 in 2 months are 9,000 a month: 450 leads
    found = answer(Ask(90_000, 108_000, 200, (0.05, 400), 1.0, 2, 3, adds_up=True))
    assert found is not None
    assert found.value == pytest.approx(450)


def test_a_flow_needs_its_share_of_the_missing_amount_on_top() -> None:
    # 10,000 visits x 3 % x 50 EUR = 15,000 of 20,000 EUR a month. +20 % are 4,000, of which marketing brings 60 %: 2,400.
    # 17,400 / 1.5 EUR a visit = 11,600 visits.
    found = answer(Ask(20_000, 24_000, 10_000, (0.03, 50), 0.6, 3, 3, adds_up=False))
    assert found is not None
    assert found.value == pytest.approx(11_600)


@pytest.mark.parametrize("ask", [
    Ask(90_000, 108_000, 200, (0.0, 400), 1.0, 3, 3, True), Ask(90_000, 108_000, 200, (0.05,), 1.0, 0, 3, True),
    Ask(90_000, 108_000, 0, (0.05,), 1.0, 3, 3, True),
])  # fmt: skip
def test_nothing_is_said_without_a_rate_a_period_or_a_start(ask: Ask) -> None:
    assert answer(ask) is None


def test_history_and_line() -> None:
    assert largest_rise([100, 110, 121, 90, 180], 1) == pytest.approx(1.0)
    assert largest_rise([100, 110, 121, 90], 2) == pytest.approx(0.21)
    assert largest_rise([100], 1) is None
    assert [on_the_line(100, 160, done, 3) for done in (0, 1, 3, 5)] == [100, 120, 160, 160]


# `orders` stands for leads and `gross_revenue` for MRR, which the small company does not have.
TEAM = {"team": "marketing", "kpi": "orders", "through": [0.05, 400]}
TEXT = {"en": "text", "zh": "文字"}


def goal(**changes: Any) -> Goal:
    fields = {"id": "grow", "title": TEXT, "description": TEXT, "kpi": "gross_revenue", "from": "2026-07-01",
              "by": "2026-09-30", "change": 0.2, "adds_up": True, "teams": [TEAM]}  # fmt: skip
    return Goal.model_validate({**fields, **changes})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("cascade"))


def months(orders: list[float], revenue: list[float], closed: date) -> ClosedValues:
    """From April 2026 on."""
    return values({("orders", "month"): orders, ("gross_revenue", "month"): revenue}, date(2026, 4, 1), closed)


COLUMNS = ("goal", "team", "metric", "grain", "unit", "share", "ends_on", "baseline_start", "baseline_value",
           "computed_value", "computed_change", "stated_value", "stated_change", "wanted_value", "verdict", "largest_change",
           "current_start", "current_value", "expected_value", "progress", "status", "explanation_en",
           "explanation_zh")  # fmt: skip


def cascade(shop: Company, given: ClosedValues, **changes: Any) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in Cascade(shop.catalogue, given, "EUR", goal(**changes)).rows()]


BEFORE = ([190, 210, 200], [80_000, 85_000, 90_000])


def test_the_worked_case_from_stored_values(shop: Company) -> None:
    own, team = cascade(shop, months(*BEFORE, closed=date(2026, 6, 30)))
    # the stock as it was in June, the leads over three months: (190 + 210 + 200) / 3
    assert (own["baseline_value"], own["wanted_value"]) == pytest.approx((90_000, 108_000))
    assert (team["baseline_value"], team["computed_value"], team["computed_change"]) == pytest.approx((200, 300, 0.5))
    assert (team["verdict"], team["status"]) == ("computed", "too_early")
    for number in ("4,000 EUR", "18,000 EUR", "6,000 EUR", "300 a month", "+50.0%"):
        assert number in team["explanation_en"]
    assert "300（+50.0%）" in team["explanation_zh"]


def test_on_the_way_is_the_mean_since_the_start(shop: Company) -> None:
    given = months([*BEFORE[0], 310, 270], [*BEFORE[1], 95_000, 101_000], date(2026, 8, 31))
    own, team = cascade(shop, given)
    # after two of three months the line from 90,000 to 108,000 stands at 102,000; 11,000 of 18,000 are gone
    assert (own["expected_value"], own["progress"]) == pytest.approx((102_000, 11 / 18))
    assert own["status"] == "on_track"  # 101,000 of 102,000 are 99 %
    # 290 leads a month of 300 are 97 %
    assert (team["current_value"], team["expected_value"], team["status"]) == (290, 300, "at_risk")


@pytest.mark.parametrize(("stated", "verdict"), [(0.5, "enough"), (0.495, "enough"), (0.4, "too_low")])
def test_a_stated_rise_is_checked_against_the_chain(shop: Company, stated: float, verdict: str) -> None:
    _, team = cascade(shop, months(*BEFORE, closed=date(2026, 6, 30)), teams=[{**TEAM, "change": stated}])
    assert (team["verdict"], team["stated_value"]) == (verdict, pytest.approx(200 * (1 + stated)))
    assert team["wanted_value"] == team["stated_value"]


def test_without_a_chain_the_stated_rise_is_not_checked(shop: Company) -> None:
    teams = [{"team": "marketing", "kpi": "orders", "change": 0.5}]
    _, team = cascade(shop, months(*BEFORE, closed=date(2026, 6, 30)), teams=teams)
    assert (team["verdict"], team["wanted_value"], team["computed_value"]) == ("unchecked", 300, None)
    assert "which no chain could check" in team["explanation_en"]


def test_a_start_without_values_says_so(shop: Company) -> None:
    own, team = cascade(shop, months([190, 210], [80_000, 85_000], date(2026, 5, 31)), **{"from": "2026-04-01"})
    assert own["explanation_en"] == team["explanation_en"] == "Nothing can be said: the starting point has no value."
    assert own["status"] == "no_data"


def test_a_rate_of_a_chain_is_that_of_all_rows_of_three_periods(shop: Company, tmp_path: Path) -> None:
    from metrics.values.closed import TOTAL, ClosedValue

    given = months(*BEFORE, closed=date(2026, 6, 30))
    # 1 of 10, 5 of 100, 4 of 90: 10 of 200 are 5 %, the mean of the three rates would be 6.5 %
    rates = {date(2026, 4, 1): (1, 10), date(2026, 5, 1): (5, 100), date(2026, 6, 1): (4, 90)}
    series = {start: ClosedValue(part / whole, whole, part, whole) for start, (part, whole) in rates.items()}
    all_of = ClosedValues({**given.series, ("conversion_rate", "month", TOTAL): series},
                          {**given.closed_through, "conversion_rate": date(2026, 6, 30)})  # fmt: skip
    _, team = cascade(shop, all_of, teams=[{**TEAM, "through": ["conversion_rate", 400]}])
    assert team["computed_value"] == pytest.approx(300)
