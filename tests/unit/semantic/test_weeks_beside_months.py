"""Weeks beside a coarser grain: a row is the days that a week has in that month, and each value is of those days.

Order n is of the n-th day since New Year, its amount is n; buyer 1 buys all January, buyer 2 in February.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from metrics.semantic import Query, SemanticLayer
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.small_shop import build, small_shop

JAN, FEB, YEAR = date(2024, 1, 1), date(2024, 2, 1), date(2024, 1, 1)
W22, W29 = date(2024, 1, 22), date(2024, 1, 29)
START, END = W22, date(2024, 2, 4)
BOTH = ["metric_time__month", "metric_time__week"]
# 22 to 28 January, 29 to 31 January, 1 to 4 February
PIECES = [(JAN, W22), (JAN, W29), (FEB, W29)]

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Rows of a query over the last two weeks, ordered by its groups."""
    days = [JAN + timedelta(days=index) for index in range(35)]
    orders = [(n, day, None, "web", "paid", day.month, n) for n, day in enumerate(days, start=1)]
    visits = [(n, day, "web", "mobile", False) for n, day in enumerate(days, start=1)]
    build(engine, orders, visits, (date(2023, 12, 1), date(2024, 3, 31)), engine.mark)

    def asked(metrics: list[str], group_by: list[str], **options: Any) -> list[tuple[Any, ...]]:
        query = Query(metrics, group_by, **{"start": START, "end": END, "order_by": group_by, **options})
        rows = engine.ask(SemanticLayer(_every_period_agg()), query)[1]
        return [tuple(round(value, 4) if isinstance(value, float) else value for value in row) for row in rows]

    return asked


def _every_period_agg() -> Any:
    """The small shop with the trailing week also as of the first day of a longer period, and averaged over its days."""
    shop = small_shop()
    trailing = shop.metrics["trailing"]
    assert trailing.cumulative is not None
    added = {
        f"trailing_{kind}": replace(
            trailing, name=f"trailing_{kind}", cumulative=replace(trailing.cumulative, period_agg=kind)
        )
        for kind in ("first", "average")
    }
    return replace(shop, metrics={**shop.metrics, **added})


# As of 28 and 31 January and 4 February; the first days are 22 and 29 January and 1 February.
ON_THE_DAYS = {
    "amount": [175, 90, 134],
    "trailing": [175, 196, 224],
    "trailing_first": [133, 182, 203],
    "trailing_average": [154, 189, 213.5],
    # distinct buyers of the seven days up to the last one
    "trailing_buyers": [1, 1, 2],
    # since the month began, and since ever, up to the first day of the row
    "to_date": [253, 435, 32],
    "all_time": [22, 29, 32],
    "visits": [7, 3, 4],
}


@pytest.mark.parametrize("metric", ON_THE_DAYS)
def test_each_piece_of_a_week_has_one_value(ask: Ask, metric: str) -> None:
    expected = [(*piece, value) for piece, value in zip(PIECES, ON_THE_DAYS[metric], strict=True)]
    assert ask([metric], BOTH) == expected


def test_windows_of_several_kinds_repeat_no_row_of_one_another(ask: Ask) -> None:
    values = zip(*ON_THE_DAYS.values(), strict=True)
    assert ask(list(ON_THE_DAYS), BOTH) == [(*piece, *found) for piece, found in zip(PIECES, values, strict=True)]


def test_weeks_beside_years_and_members_have_one_value(ask: Ask) -> None:
    """Both weeks lie in one year: the windows stand at 28 January and at 4 February."""
    found = ask(["trailing", "amount"], ["metric_time__week", "metric_time__year", "channel"])
    assert found == [(W22, YEAR, "web", 175, 175), (W29, YEAR, "web", 224, 224)]


def test_by_day_beside_coarser_grains_every_day_stays(ask: Ask) -> None:
    found = ask(["trailing"], ["metric_time__day", *BOTH], start=date(2024, 1, 31), end=FEB)
    assert found == [(date(2024, 1, 31), JAN, W29, 196), (FEB, FEB, W29, 203)]


# previous_period and same_period_last_year


def test_the_period_before_a_piece_of_a_week_is_the_same_days_a_week_earlier(ask: Ask) -> None:
    """15 to 21, 22 to 24 and 25 to 28 January: each weekday meets itself, as it does where a week stands alone."""
    expected = [(JAN, W22, 175, 126, 0.3889), (JAN, W29, 90, 69, 0.3043), (FEB, W29, 134, 106, 0.2642)]
    assert ask(["amount"], BOTH, compare=["previous_period"]) == expected
    assert ask(["amount"], BOTH[::-1], compare=["7 days"]) == [
        (week, month, *values) for month, week, *values in sorted(expected, key=lambda row: row[1::-1])
    ]


def test_a_window_by_pieces_of_weeks_is_compared_with_the_one_a_week_before(ask: Ask) -> None:
    """As of 21, 24 and 28 January: 15 to 21, 18 to 24, 22 to 28."""
    expected = [(JAN, W22, 175, 126, 0.3889), (JAN, W29, 196, 147, 0.3333), (FEB, W29, 224, 175, 0.28)]
    assert ask(["trailing"], BOTH, compare=["previous_period"]) == expected


def test_the_finest_grain_named_is_the_period(ask: Ask) -> None:
    """A week alone and in its year go back a week, a day in its week a day, a month in its year a month."""
    weeks = [(W22, 175, 126, 0.3889), (W29, 224, 175, 0.28)]
    assert ask(["amount"], ["metric_time__week"], compare=["previous_period"]) == weeks
    by_year = ask(["amount"], ["metric_time__week", "metric_time__year"], compare=["previous_period"])
    assert by_year == [(week, YEAR, *values) for week, *values in weeks]
    day = {"start": FEB, "end": FEB, "compare": ["previous_period"]}
    assert ask(["amount"], ["metric_time__day", "metric_time__week"], **day) == [(FEB, W29, 32, 31, 0.0323)]
    # 1 to 4 February against all of January
    month = {"start": FEB, "end": date(2024, 2, 29), "compare": ["previous_period"]}
    assert ask(["amount"], ["metric_time__month", "metric_time__year"], **month) == [(FEB, YEAR, 134, 496, -0.7298)]


def test_pieces_of_weeks_are_compared_with_the_same_weekdays_of_last_year() -> None:
    layer = SemanticLayer(small_shop())
    query = Query(["amount"], BOTH, start=START, end=END, compare=["same_period_last_year"])
    assert "(364 days back)" in str(layer.explain(query))
