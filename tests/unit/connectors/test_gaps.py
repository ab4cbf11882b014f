"""Empty days that a later row has closed: told where they are unusual for the source, not where it is sparse by nature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pytest

from dagster_project.checks.gaps import unusual_gaps
from metrics.values.tables import ensure_tables
from serving.publish import log_publish
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

START = dt.date(2024, 1, 1)


def told(small: SmallWorkspace, days: Iterable[int], closed: int | None = None, published: int = 0) -> list[str]:
    """What is told of a source with an order on these days after START; the last of them is still open.

    ``published``: so many runs before have ended well.
    """
    listed = sorted(days)
    rows = [f"{day},{START + dt.timedelta(day)} 12:00:00,1" for day in listed]
    small.file("orders.csv", csv_text(*rows))
    if closed is not None:
        small.source["closes"] = {"by": "manual", "through": str(START + dt.timedelta(closed))}
    for number in range(published):
        small.load_everything(f"published-{number}")
        publish(small, f"published-{number}")
    small.load_everything("now")
    values = ", ".join(f"('shop', date '{START + dt.timedelta(day)}')" for day in listed)
    small.con.execute(
        f"create table core.fct_orders as select * from (values {values}) as rows (source_relation, business_date)"
    )
    return [str(gap) for gap in unusual_gaps(small.con, {"orders": "fct_orders"})]


def publish(small: SmallWorkspace, run_id: str) -> None:
    """Note that a run was published."""
    ensure_tables(small.con)
    log_publish(small.con, run_id)


def test_one_row_of_today_does_not_hide_ninety_days(small: SmallWorkspace) -> None:
    # 60 days with an order up to 29 February, then one on 30 May.
    assert told(small, [*range(60), 150]) == [
        "shop.orders: no row for 2024-03-01 to 2024-05-29 (90 days), then rows again; usually every day has rows"
    ]


def test_a_gap_is_told_while_it_is_recent(small: SmallWorkspace) -> None:
    # Empty from day 60 to 149. It ends on the 35th closed day from the end.
    assert len(told(small, [*range(60), *range(150, 185)], published=1)) == 1


def test_an_old_gap_is_history_after_the_first_load(small: SmallWorkspace) -> None:
    days = [*range(60), *range(150, 186)]
    assert len(told(small, days)) == 1
    publish(small, "now")
    small.load_everything("again")
    assert unusual_gaps(small.con, {"orders": "fct_orders"}) == []


def test_an_old_gap_is_told_until_a_run_is_published(small: SmallWorkspace) -> None:
    """Two runs that stop in the models have told nothing, though their loads have closed the days."""
    days = [*range(60), *range(150, 186)]
    told(small, days)
    for run_id in ("stops-too", "ends-well"):
        small.load_everything(run_id)
        assert [gap.days for gap in unusual_gaps(small.con, {"orders": "fct_orders"})] == [90]
    # Looked at once more after the publication, it is the same load.
    publish(small, "ends-well")
    assert len(unusual_gaps(small.con, {"orders": "fct_orders"})) == 1
    small.load_everything("next-day")
    assert unusual_gaps(small.con, {"orders": "fct_orders"}) == []


def test_the_first_load_of_a_source_that_comes_later_tells_its_old_gaps(small: SmallWorkspace) -> None:
    days = [*range(60), *range(150, 186)]
    told(small, days, published=1)
    small.con.execute("insert into core.fct_orders select * replace ('late' as source_relation) from core.fct_orders")
    small.con.execute(
        "insert into mart.source_watermarks select * replace ('late' as source) from mart.source_watermarks"
        " where run_id = 'now'"
    )
    assert [gap.source for gap in unusual_gaps(small.con, {"orders": "fct_orders"})] == ["late"]


def test_one_gap_is_not_the_measure_of_the_next(small: SmallWorkspace) -> None:
    days = [*range(100), *range(131, 200), *range(260, 270)]
    assert [" (60 days)" in text for text in told(small, days, published=1)] == [True]


def test_days_that_are_not_closed_are_none_of_it(small: SmallWorkspace) -> None:
    assert told(small, [*range(60), 150], closed=148) == []


WORKDAYS = [day for day in range(120) if day % 7 < 5]


@pytest.mark.parametrize(
    "days",
    [
        # Surveys once a week, one week left out; a shop that sells every second or third day.
        [*range(0, 140, 7), 147, 161],
        [day for day in range(100) if day % 5 in (0, 2)],
        # Two days are a weekend that nobody was there; Monday to Friday, and a Monday off.
        [*range(60), 62],
        [day for day in WORKDAYS if day != 112],
        # Nothing is usual yet.
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 60],
        [0],
    ],
)
def test_sparse_by_nature(small: SmallWorkspace, days: list[int]) -> None:
    assert told(small, days) == []


@pytest.mark.parametrize(
    ("days", "usual"),
    [
        # A week of workdays is missing: Friday to the Monday after the next, ten days apart where three were usual.
        ([day for day in WORKDAYS if not 105 <= day < 112], "no gap is longer than 2 days"),
        ([*range(60), 63], "every day has rows"),
        ([*range(0, 60, 2), *range(64, 70)], "no gap is longer than 1 day"),
        # A mistyped year is no measure of what is usual.
        ([-2000, *range(60), 100], "every day has rows"),
    ],
)
def test_unusual(small: SmallWorkspace, days: list[int], usual: str) -> None:
    found = told(small, days)
    assert len(found) == 1
    assert found[0].endswith(usual)


def test_each_source_is_measured_by_itself(small: SmallWorkspace) -> None:
    """Another source's orders on every day neither hide the gap nor make the weekly one unusual."""
    told(small, [*range(60), 150])
    small.con.execute(
        "insert into core.fct_orders select 'daily', day::date from range(date '2024-01-01', date '2024-06-01', interval 1 day) as r(day)"
    )
    small.con.execute("insert into mart.source_watermarks select * replace ('daily' as source) from mart.source_watermarks")
    assert [gap.source for gap in unusual_gaps(small.con, {"orders": "fct_orders"})] == ["shop"]
