"""Pace of the open period: shares and values worked out by hand; the open day itself never counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from metrics.catalogue import Kpi
from metrics.values.status.judgement import PeriodTarget
from metrics.values.status.pace import DayParts, elapsed_share, pace_of

TEXT = {"en": "text", "zh": "文字"}
KPI = Kpi.model_validate(
    {
        "id": "orders", "title": TEXT, "description": TEXT, "question": TEXT, "owner": "Somebody", "level": "operational",
        "scope": "company", "timing": "lagging", "role": "output", "minimum_n": 5, "playbook": TEXT,
    }
)  # fmt: skip
JUNE = date(2026, 6, 1)  # a Monday


def daily(first: date, last: date, value: dict[int, float]) -> dict[date, DayParts]:
    """A value per weekday, counted as so many observations."""
    found = {}
    for one in range((last - first).days + 1):
        day = first + timedelta(days=one)
        if day.weekday() in value:
            found[day] = DayParts(value[day.weekday()], None, None, int(value[day.weekday()]))
    return found


def pace(days: dict[date, DayParts], closed: date, value: float = 100, **given: Any) -> dict[str, Any]:
    target = PeriodTarget(value, given.pop("floor", None), None, date(2026, 1, 1), "step")
    additivity, direction = given.pop("additivity", "additive"), given.pop("direction", "up")
    grain = given.pop("grain", "month")
    return pace_of(KPI.model_copy(update=given), additivity, direction, grain, closed, days, target)


WORKDAYS = daily(date(2026, 3, 2), date(2026, 6, 30), dict.fromkeys(range(5), 10.0))


def test_the_expected_share_follows_the_weekdays() -> None:
    """June 2026 has 22 workdays, 12 of them until Tuesday the 16th: 12/22 of a month without weekends."""
    share = elapsed_share(WORKDAYS, JUNE, date(2026, 6, 30), date(2026, 6, 16), gaps=())
    assert share == pytest.approx(12 / 22)
    assert elapsed_share(WORKDAYS, JUNE, date(2026, 6, 30), date(2026, 6, 16)) == pytest.approx(16 / 30)


def test_less_than_four_weeks_before_say_nothing_of_weekdays() -> None:
    few = daily(date(2026, 5, 5), date(2026, 6, 30), {0: 100.0})
    assert elapsed_share(few, JUNE, date(2026, 6, 30), date(2026, 6, 15), gaps=()) == pytest.approx(15 / 30)


def test_a_day_that_lacks_its_rows_is_no_quiet_day() -> None:
    """Saturdays have 10 like workdays, but all of their rows are lost but one: with gaps known June 16 is 14 of 26 days."""
    days = daily(date(2026, 3, 2), date(2026, 6, 30), dict.fromkeys(range(6), 10.0))
    lost = [day for day in days if day.weekday() == 5 and day < JUNE][1:]
    kept = {day: part for day, part in days.items() if day not in lost}
    assert elapsed_share(kept, JUNE, date(2026, 6, 30), date(2026, 6, 16), gaps=lost) == pytest.approx(14 / 26)


def test_what_adds_up_is_compared_with_the_share_of_its_target() -> None:
    """Twelve workdays of 10 are 120; of a target of 264 the share is 144: 83 % of the pace, off track below 90 %."""
    found = pace(WORKDAYS, date(2026, 6, 16), value=264)
    assert (found["pace_period_start"], found["pace_period_end"]) == (JUNE, date(2026, 6, 30))
    assert (found["pace_value"], found["pace_n"], found["pace_target"]) == (120, 120, pytest.approx(144))
    assert (found["pace"], found["pace_status"]) == (pytest.approx(120 / 144), "off_track")
    assert pace(WORKDAYS, date(2026, 6, 16), value=220)["pace_status"] == "on_track"
    # less is good: 120 of 144 that were allowed
    assert pace(WORKDAYS, date(2026, 6, 16), value=264, direction="down")["pace"] == pytest.approx(144 / 120)


def test_the_open_day_does_not_count() -> None:
    """Only days up to the last closed one: what the 17th holds so far changes nothing."""
    half_a_day = {**WORKDAYS, date(2026, 6, 17): DayParts(9999.0, None, None, 9999)}
    assert pace(half_a_day, date(2026, 6, 16)) == pace(WORKDAYS, date(2026, 6, 16))


def test_a_rate_is_compared_as_it_is() -> None:
    """10 of 100 and 30 of 100: 40 of 200 are 20 %, not the mean of days; a target of 25 % is reached by 80 %."""
    days = {JUNE + timedelta(days=one): DayParts(0.0, 0.0, 0.0, 0) for one in range(10)}
    days[JUNE] = DayParts(0.1, 10.0, 100.0, 100)
    days[JUNE + timedelta(days=1)] = DayParts(0.3, 30.0, 100.0, 100)
    found = pace(days, date(2026, 6, 10), value=0.25, additivity="ratio")
    assert (found["pace_value"], found["pace_n"], found["pace_target"]) == (pytest.approx(0.2), 200, 0.25)
    assert (found["pace"], found["pace_elapsed_share"]) == (pytest.approx(0.8), pytest.approx(10 / 30))


def test_a_stock_is_its_latest_closed_day() -> None:
    days = {JUNE + timedelta(days=one): DayParts(100.0 + one, None, None, None) for one in range(20)}
    found = pace(days, date(2026, 6, 10), value=109, additivity="stock")
    assert (found["pace_value"], found["pace"], found["pace_status"]) == (109, 1, "on_track")


@pytest.mark.parametrize(
    ("closed", "given", "status"),
    [
        (date(2026, 6, 5), {}, "too_early"),  # 5 of 22 workdays: 23 %
        (date(2026, 6, 8), {}, "off_track"),  # 6 of 22: 27 %
        (date(2026, 5, 31), {}, "too_early"),  # the month before has just closed: no day of June yet
        (date(2026, 6, 16), {"minimum_n": 121}, "too_early"),
        (date(2026, 6, 16), {"matures_after_days": 30}, "too_early"),
        (date(2026, 6, 16), {"additivity": "ratio"}, "no_data"),  # no parts to put together
    ],
)
def test_nothing_is_judged_before_enough_has_been_seen(closed: date, given: dict[str, Any], status: str) -> None:
    found = pace(WORKDAYS, closed, value=1000, **given)
    assert (found["pace_status"], found["pace_period_start"]) == (status, JUNE)


@pytest.mark.parametrize(
    "given", [{"grain": "day"}, {"additivity": "quantile"}, {"additivity": "distinct"}, {"grains": ("month",)}]
)
def test_what_days_cannot_be_put_together_for_has_no_pace(given: dict[str, Any]) -> None:
    assert set(pace(WORKDAYS, date(2026, 6, 16), **given).values()) == {None}


def test_the_floor_is_shared_out_like_the_target() -> None:
    """120 of 121 expected is on pace (99 %), but a floor of 264 asks for 144 by now."""
    assert pace(WORKDAYS, date(2026, 6, 16), value=222)["pace_status"] == "on_track"
    assert pace(WORKDAYS, date(2026, 6, 16), value=222, floor=221)["pace_status"] == "off_track"
