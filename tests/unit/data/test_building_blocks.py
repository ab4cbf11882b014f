"""The parts below the tables: stateless randomness, the calendar, office time, links to earlier rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from data.generator.calendar import FIRST_DAY, Calendar, day_index, easter, german_holidays
from data.generator.frames import link_to_earlier
from data.generator.planned_incidents import INCIDENTS
from data.generator.randomness import Stream

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_number_depends_on_its_key_alone() -> None:
    stream = Stream(7, "table")
    some = stream.uniform("column", np.arange(10), 3)
    more = stream.uniform("column", np.arange(1000), 3)
    assert np.array_equal(some, more[:10])
    assert not np.array_equal(some, stream.uniform("other column", np.arange(10), 3))
    assert not np.array_equal(some, Stream(8, "table").uniform("column", np.arange(10), 3))


def test_uniform_and_normal_numbers_are_what_they_say() -> None:
    stream, keys = Stream(1, "table"), np.arange(200_000)
    flat, gauss = stream.uniform("u", keys), stream.normal("z", keys)
    assert np.histogram(flat, 10, (0, 1))[0] == pytest.approx(20_000, rel=0.04)
    assert (gauss.mean(), gauss.std()) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))
    assert abs(np.corrcoef(flat[1:], flat[:-1])[0, 1]) < 0.01
    assert abs(np.corrcoef(stream.uniform("u", keys, 0), stream.uniform("u", keys, 1))[0, 1]) < 0.01


@pytest.mark.parametrize("mean", [0.0, 0.02, 1.7, 20.0, 59.9, 60.1, 900.0])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    counts = Stream(1, "table").poisson("n", np.full(60_000, mean), np.arange(60_000))
    assert counts.mean() == pytest.approx(mean, rel=0.05, abs=0.002)
    assert counts.var() == pytest.approx(mean, rel=0.05, abs=0.002)


def test_choice_follows_its_weights() -> None:
    drawn = Stream(1, "table").choice("c", (1, 0, 3), np.arange(40_000))
    assert np.bincount(drawn, minlength=3) / 40_000 == pytest.approx([0.25, 0, 0.75], abs=0.01)


def test_easter_and_the_holidays_that_hang_on_it() -> None:
    assert [easter(year) for year in (2024, 2025, 2026)] == [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
    assert date(2026, 5, 25) in german_holidays(2026)


def test_local_days_have_23_24_and_25_hours() -> None:
    calendar = Calendar()
    for day, hours in ((date(2025, 3, 30), 23), (date(2025, 3, 31), 24), (date(2024, 10, 27), 25)):
        index = day_index(day)
        assert calendar.starts_utc[index + 1] - calendar.starts_utc[index] == hours * 3600
        moments = calendar.at_utc(np.full(1000, index), np.linspace(0, 86_399, 1000))
        assert {datetime.fromtimestamp(moment, BERLIN).date() for moment in moments.tolist()} == {day}
        assert (calendar.day_of_utc(moments) == index).all()


def minutes_worked(begin: datetime, end: datetime, holidays: set[date]) -> int:
    """Office minutes between two moments, counted one by one."""
    worked, moment = 0, begin
    while moment < end:
        local = moment.astimezone(BERLIN)
        worked += local.weekday() < 5 and local.date() not in holidays and 9 <= local.hour < 18
        moment += timedelta(minutes=1)
    return worked


@pytest.mark.parametrize(
    "begin", ["2024-10-02 15:30", "2024-10-25 20:15", "2024-12-24 08:00", "2025-03-29 12:00", "2025-06-06 17:59"]
)
@pytest.mark.parametrize("minutes", [30, 300, 1200])
def test_office_minutes_skip_nights_weekends_and_holidays(begin: str, minutes: int) -> None:
    calendar = Calendar()
    start = datetime.fromisoformat(begin).replace(tzinfo=BERLIN)
    moment = np.array([int(start.timestamp())])
    end = datetime.fromtimestamp(int(calendar.after_office_minutes(moment, np.array([float(minutes)]))[0]), UTC)
    assert minutes_worked(start.astimezone(UTC), end, set(calendar.holidays)) == pytest.approx(minutes, abs=1)


def test_links_go_to_an_earlier_day_of_the_same_group() -> None:
    day, group = np.repeat(np.arange(20), 10), np.tile([0, 1], 100)
    wants, distance = np.arange(200) % 3 > 0, np.full(200, 7.0)
    first = link_to_earlier(day, group, wants, distance)
    linked = first != np.arange(200)
    assert linked.any()
    assert (day[first[linked]] < day[linked]).all()
    assert (group[first] == group).all()
    assert (first[first] == first).all()


def test_incidents_have_unique_names_and_lie_in_the_history() -> None:
    assert len({each.id for each in INCIDENTS}) == len(INCIDENTS)
    for each in INCIDENTS:
        assert each.starts_on > FIRST_DAY + timedelta(days=28)
        assert each.ends_on is None or each.ends_on >= each.starts_on
        assert (each.dimension is None) == (each.member is None)
