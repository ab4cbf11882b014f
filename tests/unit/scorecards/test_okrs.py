"""Objectives: progress from start to stretch, rolled up; floors."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.scorecards.okr_model import Objective
from metrics.scorecards.okrs import Okrs, Progress, paced, progress, rolled_up
from metrics.scorecards.tables import ensure_scorecard_tables
from metrics.values.closed import ClosedValues
from metrics.values.rows import insert_rows
from tests.unit.alignment.made_up import company, kpi, values
from tests.unit.values.company import Company

TEXT = {"en": "text", "zh": "文字"}


@pytest.mark.parametrize(("value", "start", "stretch", "direction", "expected"), [
    (150, 100, 200, "up", 0.5), (90, 100, 200, "up", 0), (250, 100, 200, "up", 1),
    (75, 90, 60, "down", 0.5), (95, 90, 60, "down", 0), (50, 90, 60, "down", 1),
    (0.75, 0.89, 0.85, "up", 0), (0.87, 0.89, 0.85, "up", 1),  # it began beyond its stretch
    (55, 50, 60, "down", 1), (65, 50, 60, "down", 0), (7, 7, 7, "up", 1),
])  # fmt: skip
def test_progress(value: float, start: float, stretch: float, direction: str, expected: float) -> None:
    assert progress(value, start, stretch, direction) == pytest.approx(expected)


def test_roll_up_leaves_out_what_is_missing() -> None:
    parts = [(2.0, Progress(0.6, 1.0)), (1.0, Progress(0.3, 0.5, floors_broken=1)), (1.0, Progress(None, 0.0))]
    # (2 x 0.6 + 1 x 0.3) / 3 = 0.5; of the weights 2 are known wholly, 1 half: 2.5 of 4
    assert rolled_up(parts) == Progress(pytest.approx(0.5), pytest.approx(0.625), 1)  # type: ignore[arg-type]
    assert rolled_up([(1.0, Progress(None, 0.0))]) == Progress(None, 0.0)


@pytest.mark.parametrize(("done", "expected", "status"), [
    (0.45, 0.5, "on_track"), (0.44, 0.5, "at_risk"), (0.30, 0.5, "at_risk"), (0.29, 0.5, "off_track"), (None, 0.5, "no_data"),
    (0.0, 0.0, "on_track"),
])  # fmt: skip
def test_pace(done: float | None, expected: float, status: str) -> None:
    assert paced(done, expected) == status


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Company:
    target = "  - {from: 2026-01-01, grain: month, value: 150, floor: 90, stretch: 200}"
    return company(
        tmp_path_factory.mktemp("okr"), kpi("orders", "targets:", target), kpi("sessions", "minimum_n: 10"),
        kpi("first_response_minutes", "targets:", "  - {from: 2026-01-01, grain: month, value: 60}"),
    )  # fmt: skip


def objective(name: str, **fields: Any) -> Objective:
    base = {"id": name, "title": TEXT, "owner": "Head", "from": "2026-04-01", "to": "2026-06-30"}
    return Objective.model_validate({**base, **fields})


COLUMNS = ("objective", "parent", "kind", "position", "title_en", "title_zh", "owner", "team", "goal", "starts_on", "ends_on",
           "weight", "metric", "unit", "grain", "segment_dimension", "segment_value", "start_value", "stretch", "floor",
           "current_start", "value", "progress", "coverage", "expected", "floors_broken", "status")  # fmt: skip


def rows(
    shop: Company, given: ClosedValues, *objectives: Objective, today: date = date(2026, 5, 31)
) -> list[dict[str, Any]]:
    found = Okrs(shop.catalogue, given, objectives, today).rows()
    ensure_scorecard_tables(shop.con)
    insert_rows(shop.con, "mart.okr_progress", found)
    return [dict(zip(COLUMNS, row, strict=True)) for row in found]


def spring(orders: list[float], minutes: list[float], sessions: list[float], n: int = 1000) -> ClosedValues:
    """March, April and May of 2026."""
    given = {("orders", "month"): orders, ("first_response_minutes", "month"): minutes, ("sessions", "month"): sessions}
    return values(given, date(2026, 3, 1), date(2026, 5, 31), n)


def test_an_objective_with_a_child_and_a_broken_floor(shop: Company) -> None:
    found = rows(
        shop,
        spring([100, 110, 160], [50, 55, 66], [1000, 1100, 1150]),
        objective("grow", key_results=[{"kpi": "orders", "weight": 3}], floors=[{"kpi": "first_response_minutes"}]),
        objective("visits", parent="grow", key_results=[{"kpi": "sessions", "stretch": 1500}]),
    )
    grow, orders, floor, visits, sessions = found
    # from March's 100 to the target's stretch of 200: 160 is 60 %. Visits from 1,000 to 1,500: 1,150 is 30 %.
    assert (orders["start_value"], orders["stretch"], orders["progress"]) == (100, 200, pytest.approx(0.6))
    assert sessions["progress"] == visits["progress"] == pytest.approx(0.3)
    # (3 x 0.6 + 1 x 0.3) / 4
    assert (grow["progress"], grow["coverage"]) == pytest.approx((0.525, 1.0))
    # April and May are 61 of 91 days; 0.525 / 0.670 = 78 % of it: at risk. The child's 45 %: off track.
    assert grow["expected"] == pytest.approx(61 / 91)
    assert (grow["status"], visits["status"]) == ("at_risk", "off_track")
    # without a floor the target of 60 minutes is the floor; 66 are more
    assert (floor["floor"], floor["value"], floor["status"]) == (60, 66, "broken")
    assert (grow["floors_broken"], visits["floors_broken"]) == (1, 0)


def test_a_month_that_is_still_open_is_not_asked_for(shop: Company) -> None:
    # 61 of 91 days are those of April and May, and 167 is 67 % of the way from 100 to 200: just as it should be
    found = rows(shop, spring([100, 130, 167], [50], [1]), objective("grow", key_results=[{"kpi": "orders"}]),
                 today=date(2026, 6, 29))  # fmt: skip
    assert [row["progress"] for row in found] == pytest.approx([0.67, 0.67])
    assert [row["expected"] for row in found] == pytest.approx([61 / 91, 61 / 91])
    assert [row["status"] for row in found] == ["on_track", "on_track"]


def test_a_floor_of_the_target_that_holds(shop: Company) -> None:
    found = rows(shop, spring([100, 110, 95], [50], [1]), objective("grow", key_results=[{"kpi": "orders"}],
                 floors=[{"kpi": "orders"}]))  # fmt: skip
    assert [(row["kind"], row["status"]) for row in found[2:]] == [("floor", "held")]
    assert found[2]["floor"] == 90


def test_before_a_period_has_closed_it_is_too_early(shop: Company) -> None:
    before = values({("orders", "month"): [100]}, date(2026, 3, 1), date(2026, 4, 20))
    found = rows(shop, before, objective("grow", key_results=[{"kpi": "orders"}]), today=date(2026, 4, 20))
    assert [row["status"] for row in found] == ["no_data", "too_early"]
    assert found[0]["progress"] is None


def test_few_observations_and_no_stretch_are_said(shop: Company) -> None:
    given = spring([100, 110, 160], [50], [1000, 1100, 1150], n=5)
    found = rows(shop, given, objective("grow", key_results=[{"kpi": "sessions", "stretch": 1500}, {"kpi": "orders"}]))
    assert [row["status"] for row in found[1:]] == ["too_few", "too_few"]
    found = rows(shop, spring([100], [50], [1000, 1100, 1150]), objective("grow", key_results=[{"kpi": "sessions"}]))
    assert [row["status"] for row in found] == ["no_data", "no_target"]
