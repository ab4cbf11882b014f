"""A median does not follow from its days: seen from late in its week, a forecast from closed weeks would ignore what is known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from metrics.errors import QueryError
from metrics.forecast import write_projection
from metrics.forecast.advice import Asked, advise
from metrics.forecast.history import Stored
from metrics.forecast.periods import outlook_for
from tests.unit.alignment.made_up import company, kpi
from tests.unit.values.company import Company

MONDAY = date(2026, 6, 8)
MEDIAN = "first_response_minutes"


@pytest.fixture
def shop(tmp_path: Path) -> Company:
    return company(tmp_path, kpi(MEDIAN, "grains: [day, week, month, quarter]"), kpi("orders"))


def weeks(count: int) -> Stored:
    """Closed weeks of a median before MONDAY, 40 and 44 minutes by turns."""
    starts = [MONDAY - timedelta(weeks=back) for back in range(count, 0, -1)]
    return Stored({(MEDIAN, "week"): {start: (40.0 + 4 * (place % 2), None, None) for place, start in enumerate(starts)}})


@pytest.mark.parametrize(("days_known", "is_half_known"), [(1, False), (3, False), (4, True), (6, True)])
def test_more_than_half_of_a_week_begins_with_its_fourth_day(shop: Company, days_known: int, is_half_known: bool) -> None:
    closed = MONDAY + timedelta(days=days_known - 1)
    found = outlook_for(weeks(30), shop.catalogue, MEDIAN, "week", MONDAY, closed)
    assert found.is_half_known is is_half_known
    assert (found.outlook is None) is is_half_known
    # a forecast knows the closed weeks, the refusal names the last day known
    assert found.known_through == (closed if is_half_known else MONDAY - timedelta(days=1))


def test_the_day_before_the_week_knows_nothing_of_it(shop: Company) -> None:
    found = outlook_for(weeks(30), shop.catalogue, MEDIAN, "week", MONDAY, MONDAY - timedelta(days=1))
    assert not found.is_half_known
    assert found.outlook is not None


def test_a_sum_is_forecast_to_its_last_day(shop: Company) -> None:
    days = {MONDAY - timedelta(days=back): (6.0 + back % 3, None, None) for back in range(-5, 200)}
    found = outlook_for(
        Stored({("orders", "day"): days}), shop.catalogue, "orders", "week", MONDAY, MONDAY + timedelta(days=5)
    )
    assert found.outlook is not None
    assert not found.is_half_known


def test_the_table_says_which_of_the_two_a_period_without_a_value_is(shop: Company) -> None:
    # the tenth of June: 3 of 7 days of the week, 10 of 30 of the month, 71 of 91 of the quarter
    shop.set_time(date(2026, 6, 11), date(2026, 6, 10), date(2026, 5, 11))
    write_projection(shop.con, shop.ws, shop.catalogue)
    rows = shop.con.execute(
        "select grain, status, value, known_through from mart.kpi_projection where metric = ? order by grain", [MEDIAN]
    ).fetchall()
    assert [row[:3] for row in rows] == [
        ("month", "too_early", None), ("quarter", "half_known", None), ("week", "too_early", None),
    ]  # fmt: skip
    assert rows[1][3] == date(2026, 6, 10)


def test_no_target_is_advised_for_a_week_that_is_half_over(shop: Company) -> None:
    asked = Asked("week", MONDAY, MONDAY + timedelta(days=4), None, None)
    with pytest.raises(QueryError, match="more than half of it is over, and no daily values are kept that add up to it"):
        advise(weeks(30), shop.catalogue, MEDIAN, asked, None)


def test_a_break_between_two_levels_is_no_improvement_from_one_week_to_the_next(shop: Company) -> None:
    # 62 minutes on average, ten weeks without a ticket, then 42: in one week it never got better by more than 4
    values = [
        *(60.0 + 4 * (place % 2) for place in range(20)),
        *[None] * 10,
        *(40.0 + 4 * (place % 2) for place in range(40)),
    ]
    starts = [MONDAY - timedelta(weeks=back) for back in range(len(values), 0, -1)]
    stored = Stored({(MEDIAN, "week"): {start: (value, None, None) for start, value in zip(starts, values, strict=True)}})
    asked = Asked("week", MONDAY, MONDAY - timedelta(days=1), 10.0, "Survey")
    stretch = {step.name: step for step in advise(stored, shop.catalogue, MEDIAN, asked, None).steps}["stretch"]
    assert 36 <= stretch.value <= 44
