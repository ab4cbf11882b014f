"""Scores of periods and their history: what is missing is not 0, and an old score stays as it was scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from metrics.scorecards.history import append_scores
from metrics.scorecards.model import Scorecard
from metrics.scorecards.scoring import combined, score_items
from metrics.scorecards.tables import ensure_scorecard_tables
from metrics.values.closed import TOTAL, ClosedValue, ClosedValues
from metrics.values.status import TargetBook
from metrics.values.status.season import Season
from tests.unit.alignment.made_up import company, kpi, values
from tests.unit.values.company import Company

TEXT = {"en": "text", "zh": "文字"}
JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(
        tmp_path_factory.mktemp("scoring"),
        kpi("orders", "targets:", "  - {from: 2026-01-01, grain: month, value: 100, floor: 80, stretch: 120}",
            "  - {from: 2026-01-01, grain: month, value: 10, scope: {channel: email}}"),
        kpi("csat", "targets:", "  - {from: 2026-01-01, grain: month, value: 0.8}", "matures_after_days: 30"),
        kpi("sessions", "grains: [day, week, month]", "targets:", "  - {from: 2026-01-01, grain: week, value: 400}"),
        kpi("first_response_minutes", "minimum_n: 2000", "targets:", "  - {from: 2026-01-01, grain: month, value: 60}"),
        kpi("conversion_rate"),
        kpi("gross_revenue", "targets:", "  - {from: 2026-01-01, to: 2026-12-31, grain: month, value: 1200, path: seasonal}"),
    )  # fmt: skip


@pytest.fixture
def shop(built: Company) -> Iterator[Company]:
    yield built
    for table in ("scorecard_scores", "scorecard_items"):
        built.con.execute(f"drop table if exists mart.{table} cascade")


def card(*items: dict[str, Any], **fields: Any) -> Scorecard:
    base = {"id": "shop", "title": TEXT, "description": TEXT, "owner": "Head", "items": items}
    return Scorecard.model_validate({**base, **fields})


ORDERS, CSAT = {"kpi": "orders", "weight": 60}, {"kpi": "csat", "weight": 40}


def given(
    orders: list[float | None], csat: list[float | None] | None = None, closed: date = date(2026, 3, 31)
) -> ClosedValues:
    return values({("orders", "month"): orders, ("csat", "month"): csat or []}, JANUARY, closed, matures={"csat": 30})


def test_the_weighted_mean_of_what_the_items_earn(shop: Company) -> None:
    # orders 90 are half way from 80 to 100: 50 points. csat of February (March is not 30 days old) 0.76 of 0.8: 95 points.
    items = score_items(card(ORDERS, CSAT), MARCH, shop.catalogue, given([90, 90, 90], [0.8, 0.76, 0.2]))
    assert [item.points for item in items] == pytest.approx([50, 95])
    assert items[1].period_start == date(2026, 2, 1)
    # 0.6 x 50 + 0.4 x 95 = 68
    assert combined(items, 0.5) == pytest.approx((68, 1.0))


def test_a_missing_item_lowers_coverage_and_is_not_zero(shop: Company) -> None:
    items = score_items(card(ORDERS, CSAT), MARCH, shop.catalogue, given([90, 90, 90], [0.8, None]))
    assert [(item.points, item.reason) for item in items] == [(50, ""), (None, "no_data")]
    assert combined(items, 0.5) == pytest.approx((50, 0.6))
    assert combined(items, 0.7) == (None, pytest.approx(0.6))


def test_why_an_item_is_missing(shop: Company) -> None:
    asked = card({"kpi": "first_response_minutes", "weight": 25}, {"kpi": "conversion_rate", "weight": 25},
                 {"kpi": "tickets_solved", "weight": 25}, ORDERS | {"weight": 25})  # fmt: skip
    found = values({("first_response_minutes", "month"): [50, 50, 50], ("conversion_rate", "month"): [0.1, 0.1, 0.1],
                    ("orders", "month"): [100, 100, None]}, JANUARY, date(2026, 3, 31))  # fmt: skip
    items = score_items(asked, MARCH, shop.catalogue, found)
    assert [item.reason for item in items] == ["too_few", "no_target", "not_connected", "no_data"]
    assert combined(items, 0.0) == (None, 0)


def test_an_item_is_judged_at_the_grain_of_its_target(shop: Company) -> None:
    weeks = values({("sessions", "week"): [200.0] * 12 + [300]}, date(2025, 12, 29), date(2026, 3, 31))
    (item,) = score_items(card({"kpi": "sessions", "weight": 1}), MARCH, shop.catalogue, weeks)
    # the last week that ends in March began on the 23rd; 300 of 400
    assert (item.grain, item.period_start, item.points) == ("week", date(2026, 3, 23), pytest.approx(75))


def test_an_item_of_a_segment_has_the_target_of_its_segment(shop: Company) -> None:
    email = {MARCH: ClosedValue(9, 1000)}
    found = ClosedValues({("orders", "month", ("channel", "email")): email}, {"orders": date(2026, 3, 31)})
    (item,) = score_items(
        card({"kpi": "orders", "segment": {"channel": "email"}, "weight": 1}), MARCH, shop.catalogue, found
    )
    assert (item.item, item.target, item.points) == ("orders_email", 10, pytest.approx(90))


def test_a_seasonal_target_asks_what_its_season_says(shop: Company) -> None:
    # 1,200 a year are 100 a month; March has half of a mean month, and 25 are half of its 50
    season = Season("month", True, {**dict.fromkeys(range(1, 13), 1.0), 1: 1.5, 3: 0.5}, JANUARY, MARCH)
    found = values({("gross_revenue", "month"): [50, 50, 25]}, JANUARY, date(2026, 3, 31))
    book = TargetBook({("gross_revenue", "month", *TOTAL, JANUARY): season})
    asked = card({"kpi": "gross_revenue", "weight": 1})
    (item,) = score_items(asked, MARCH, shop.catalogue, replace(found, targets=book))
    assert (item.target, item.points) == (pytest.approx(50), pytest.approx(50))
    # a season that cannot be told yet is no target
    (item,) = score_items(asked, MARCH, shop.catalogue, found)
    assert (item.target, item.points, item.reason) == (None, None, "no_target")


def append(shop: Company, one: Scorecard, found: ClosedValues, run: str) -> int:
    ensure_scorecard_tables(shop.con)
    return append_scores(shop.con, [one], shop.catalogue, found, run)


def scores(shop: Company) -> list[tuple[Any, ...]]:
    return shop.con.execute("select period_start, score, run_id from mart.scorecard_current order by 1").fetchall()


def test_a_run_with_nothing_new_appends_nothing(shop: Company) -> None:
    found = given([90, 100, 110], [0.8, 0.8])
    assert append(shop, card(ORDERS, CSAT), found, "first") == 3
    assert append(shop, card(ORDERS, CSAT), found, "second") == 0


def test_new_weights_hold_from_the_next_period_and_old_scores_stay(shop: Company) -> None:
    january = given([90, None, None], [0.4], closed=date(2026, 1, 31))
    only = card(ORDERS | {"weight": 50}, {"kpi": "orders", "name": "again", "weight": 50, "curve": {"floor": 0}})
    # 90 orders: 50 points from 80 to 100, 90 points from 0 to 100: 70
    append(shop, only, january, "first")
    other = card(ORDERS | {"weight": 90}, {"kpi": "orders", "name": "again", "weight": 10, "curve": {"floor": 0}})
    append(shop, other, given([90, 90], closed=date(2026, 2, 28)), "second")
    # February: 0.9 x 50 + 0.1 x 90 = 54
    assert scores(shop) == [(JANUARY, pytest.approx(70), "first"), (date(2026, 2, 1), pytest.approx(54), "second")]
    kept = shop.con.execute(
        "select period_start, weight from mart.scorecard_items where item = 'again' order by 1"
    ).fetchall()
    assert [weight for _, weight in kept] == pytest.approx([0.5, 0.1])


def test_a_corrected_value_is_scored_again_on_the_old_curve_and_weights(shop: Company) -> None:
    old = card(ORDERS | {"curve": {"floor": 0}}, CSAT, minimum_coverage=0.1)
    append(shop, old, given([90, None, None], closed=date(2026, 1, 31)), "first")
    assert scores(shop)[0][1] == pytest.approx(90)
    new = card(ORDERS | {"weight": 1.0}, minimum_coverage=0.9)
    append(shop, new, given([95, None, None], closed=date(2026, 1, 31)), "second")
    # 95 from 0 to 100 as in the first run, not 75 from 80 to 100; both rows are kept
    assert scores(shop) == [(JANUARY, pytest.approx(95), "second")]
    assert shop.con.execute("select count(*) from mart.scorecard_scores").fetchall() == [(2,)]


def test_a_value_that_arrives_late_raises_coverage(shop: Company) -> None:
    append(shop, card(ORDERS, CSAT), given([90, 90, 90], [0.8, None]), "first")
    append(shop, card(ORDERS, CSAT), given([90, 90, 90], [0.8, 0.8]), "second")
    (march,) = shop.con.execute(
        "select score, coverage from mart.scorecard_current where period_start = '2026-03-01'"
    ).fetchall()
    # 0.6 x 50 + 0.4 x 100
    assert march == pytest.approx((70, 1.0))


def test_weights_follow_their_rule_week_by_week_and_are_stored(shop: Company) -> None:
    # `conversion_rate` of a segment stands for the share of slow-moving stock
    rule = {"metric": "conversion_rate", "segment": {"channel": "email"}, "cap": 0.7}
    one = card({"kpi": "sessions", "weight": 50, "weight_rule": rule},
               {"kpi": "orders", "weight": 50, "curve": {"target": 10}}, grain="week")  # fmt: skip
    weeks = [date(2026, 3, 2), date(2026, 3, 9)]
    found = ClosedValues(
        {("sessions", "week", TOTAL): {week: ClosedValue(400, 1000) for week in weeks},
         ("orders", "week", TOTAL): {week: ClosedValue(5, 1000) for week in weeks},
         ("conversion_rate", "week", ("channel", "email")): {weeks[0]: ClosedValue(0.4), weeks[1]: ClosedValue(0.9)}},
        dict.fromkeys(("sessions", "orders", "conversion_rate"), date(2026, 3, 15)),
    )  # fmt: skip
    append(shop, one, found, "run")
    # sessions earn 100, orders 50: 0.4 x 100 + 0.6 x 50 = 70, then 0.7 x 100 + 0.3 x 50 = 85
    assert [(start, score) for start, score, _ in scores(shop)] == [
        (weeks[0], pytest.approx(70)),
        (weeks[1], pytest.approx(85)),
    ]
    kept = shop.con.execute(
        "select rule_value, weight from mart.scorecard_items where item = 'sessions' order by period_start"
    )
    assert kept.fetchall() == [(0.4, pytest.approx(0.4)), (0.9, pytest.approx(0.7))]


def test_a_rule_whose_metric_arrives_after_the_score_is_taken_up_then(shop: Company) -> None:
    """Stock is counted days after the sales of a week are known; what was ruled once stays."""
    rule = {"metric": "conversion_rate", "cap": 0.7}
    one = card({"kpi": "sessions", "weight": 50, "weight_rule": rule},
               {"kpi": "orders", "weight": 50, "curve": {"target": 10}}, grain="week")  # fmt: skip
    week = date(2026, 3, 9)

    def known(stock: float | None) -> ClosedValues:
        series = {("sessions", "week", TOTAL): {week: ClosedValue(400, 1000)},
                  ("orders", "week", TOTAL): {week: ClosedValue(5, 1000)}}  # fmt: skip
        if stock is not None:
            series["conversion_rate", "week", TOTAL] = {week: ClosedValue(stock)}
        closed = date(2026, 3, 15 if stock is not None else 8)
        return ClosedValues(series, {"sessions": date(2026, 3, 15), "orders": date(2026, 3, 15), "conversion_rate": closed})

    # as written 0.5 x 100 + 0.5 x 50 = 75; slow stock of 90 % is capped: 0.7 x 100 + 0.3 x 50 = 85
    append(shop, one, known(None), "first")
    assert [score for _, score, _ in scores(shop)] == pytest.approx([75])
    append(shop, one, known(0.9), "second")
    assert [score for _, score, _ in scores(shop)] == pytest.approx([85])
    assert append(shop, one, known(0.2), "third") == 0
    kept = shop.con.execute("select weight, rule_value, run_id from mart.scorecard_items where item = 'sessions' order by 3")
    assert kept.fetchall() == [(pytest.approx(0.5), None, "first"), (pytest.approx(0.7), 0.9, "second")]


def test_a_late_rule_of_a_scorecard_that_was_changed_since_stays_out(shop: Company) -> None:
    old = card(ORDERS | {"weight_rule": {"metric": "conversion_rate"}}, CSAT)
    append(shop, old, given([90, None, None], [0.8], closed=date(2026, 1, 31)), "first")
    ((_, before, _),) = scores(shop)
    late = given([90, None, None], [0.8], closed=date(2026, 1, 31))
    late.series["conversion_rate", "month", TOTAL] = {JANUARY: ClosedValue(0.1)}  # type: ignore[index]
    late.closed_through["conversion_rate"] = date(2026, 1, 31)  # type: ignore[index]
    changed = card(ORDERS | {"weight_rule": {"metric": "conversion_rate", "factor": 2}}, CSAT)
    assert append(shop, changed, late, "second") == 0
    assert [score for _, score, _ in scores(shop)] == [before]
