"""A value over closed days without rows says how many: of facts that have rows on such days, and of them alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta
from pathlib import Path

import pytest

from metrics.values import Window, clear_pending, compute_values, pending_windows
from tests.unit.values.company import Company, build

FIRST, LAST = date(2026, 3, 2), date(2026, 6, 10)  # a Monday, a Wednesday
ALL = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
TABLES = {"fct_orders": "order", "fct_web_sessions": "session", "fct_survey_responses": "response", "fct_tickets": "ticket"}
Found = dict[tuple[str, date], int]


def company_of(
    root: Path,
    orders_without: Collection[date] = (),
    closed: date = LAST - timedelta(days=1),
    rows: Callable[[date], int] = lambda _: 1,
) -> Company:
    """One row of each fact on every day (``rows`` of orders), but none of orders on some."""
    found = build(root)
    for table, key in TABLES.items():
        days = [day for day in ALL if table != "fct_orders" or day not in orders_without]
        found.con.execute(
            f"""create table core.{table} as
            select 'x' || day as {key}_id, day as business_date, 'email' as channel, 10::decimal(18, 4) as gross_amount,
                   5::double as score, 30::double as minutes
            from (select unnest($days::date[]) as day, unnest($counts::int[]) as rows), range(rows)""",
            {"days": days, "counts": [rows(day) if table == "fct_orders" else 1 for day in days]},
        )
    found.set_time(LAST, closed, closed)
    run(found, "first")
    return found


def run(company: Company, run_id: str) -> dict[str, Window]:
    """A daily run; returns what it looked at."""
    windows = pending_windows(company.con, company.ws, company.layer, company.catalogue)
    compute_values(company.con, company.ws, company.layer, company.catalogue, windows, run_id)
    clear_pending(company.con)
    return windows


def missing(company: Company, metric: str, grain: str = "") -> Found:
    """(grain, period start) -> days, of totals that miss any."""
    rows = company.con.execute(
        """select grain, period_start, missing_days from mart.kpi_current
        where metric = ? and segment_dimension = '' and missing_days > 0""",
        [metric],
    ).fetchall()
    return {(of, start): days for of, start, days in rows if not grain or of == grain}


def test_a_hole_counts_in_every_period_that_covers_it(tmp_path: Path) -> None:
    company = company_of(tmp_path, [date(2026, 4, 22)])
    of_periods = {("week", date(2026, 4, 20)): 1, ("month", date(2026, 4, 1)): 1, ("quarter", date(2026, 4, 1)): 1}
    assert missing(company, "orders") == of_periods
    # visits, but nothing is known of orders: the day is there, without a value
    assert missing(company, "conversion_rate") == of_periods | {("day", date(2026, 4, 22)): 1}
    assert missing(company, "sessions") == {}
    # April misses a day, and May is compared with April
    assert missing(company, "revenue_growth") == {("month", date(2026, 4, 1)): 1, ("month", date(2026, 5, 1)): 1}
    by_channel = company.con.execute(
        "select missing_days from mart.kpi_current where metric = 'orders' and grain = 'month' and segment_value = 'email'"
        " order by period_start"
    ).fetchall()
    assert by_channel == [(0,), (1,), (0,), (0,)]
    gaps = company.con.execute("select day from mart.kpi_gaps where metric = 'orders'").fetchall()
    assert gaps == [(date(2026, 4, 22),)]


def test_a_metric_that_is_zero_without_rows_says_so_too(tmp_path: Path) -> None:
    """0 orders by mail on a day on which the whole fact is silent may be a file that is missing."""
    company = company_of(tmp_path, [date(2026, 4, 22)])
    assert missing(company, "email_orders", "month") == {("month", date(2026, 4, 1)): 1}


def test_a_hole_of_three_weeks_is_missing_to_its_last_day(tmp_path: Path) -> None:
    hole = [date(2026, 4, 13) + timedelta(days=number) for number in range(21)]
    company = company_of(tmp_path, hole)
    assert missing(company, "orders", "month") == {("month", date(2026, 4, 1)): 18, ("month", date(2026, 5, 1)): 3}
    assert missing(company, "orders", "quarter") == {("quarter", date(2026, 4, 1)): 21}


def test_what_is_often_silent_misses_nothing(tmp_path: Path) -> None:
    assert missing(company_of(tmp_path, ALL[1::2]), "orders") == {}


def test_a_free_weekend_is_no_hole_and_a_wednesday_is(tmp_path: Path) -> None:
    weekends = [day for day in ALL if day.isoweekday() >= 6]
    company = company_of(tmp_path, [*weekends, date(2026, 5, 13)])
    assert missing(company, "orders", "week") == {("week", date(2026, 5, 11)): 1}


def test_a_holiday_is_no_hole(tmp_path: Path) -> None:
    company = company_of(tmp_path / "a", [date(2026, 5, 1)])
    assert missing(company, "orders", "month") == {("month", date(2026, 5, 1)): 1}
    settings = company.root / "workspace.yml"
    assert "holidays" not in settings.read_text()
    object.__setattr__(company.ws, "holidays", (date(2026, 5, 1),))
    run(company, "holiday")
    assert missing(company, "orders") == {}


def test_an_open_day_is_not_missing_until_it_closes(tmp_path: Path) -> None:
    """Nothing arrives but time: the week and the month are looked at again when the day without rows has closed."""
    silent = LAST - timedelta(days=1)
    company = company_of(tmp_path, [silent], closed=silent - timedelta(days=1))
    assert missing(company, "orders") == {}
    assert run(company, "again") == {}
    company.set_time(LAST, silent, silent)
    assert run(company, "closed")["orders"] == Window(silent, silent)
    june, quarter = ("month", date(2026, 6, 1)), ("quarter", date(2026, 4, 1))
    assert missing(company, "orders") == {("week", date(2026, 6, 8)): 1, june: 1, quarter: 1}


def test_a_fact_of_few_rows_is_empty_by_chance(tmp_path: Path) -> None:
    """Three orders a day, more or less: one day in twenty has none by chance, and that is no missing file."""
    silent = [date(2026, 4, 22), date(2026, 5, 14), date(2026, 5, 19), date(2026, 6, 2)]
    # mean 3, variance 3.5
    company = company_of(tmp_path, silent, rows=lambda day: (1, 2, 3, 6)[day.toordinal() % 4])
    assert missing(company, "orders") == {}


def test_every_hole_of_a_busy_fact_is_missing(tmp_path: Path) -> None:
    """Six to eighteen orders a day, mean 12: exp(-12) is one empty day in 450 years."""
    silent = [date(2026, 4, 22), date(2026, 5, 14), date(2026, 5, 15), date(2026, 6, 2)]
    company = company_of(tmp_path, silent, rows=lambda day: (6, 9, 15, 18, 12)[day.toordinal() % 5])
    days = company.con.execute("select day from mart.kpi_gaps where metric = 'orders' order by day").fetchall()
    assert [day for (day,) in days] == silent


def test_a_busy_fact_that_is_often_silent_misses_nothing_more(tmp_path: Path) -> None:
    """A file that comes nine days in ten is told about until its way is known: once in 45 days, and once more."""
    silent = ALL[40::10]
    company = company_of(tmp_path, silent, rows=lambda _: 50)
    days = company.con.execute("select day from mart.kpi_gaps where metric = 'orders' order by day").fetchall()
    # Until 11 May: on the Monday before it, two silences are known of 60 days, and 1 + 60 / 45 are borne. (That of 1 May shows
    # on 8 May, when Friday has rows again.) On the Thursday before 21 May three are known of 69 days.
    assert [day for (day,) in days] == silent[:4]


def test_one_row_a_day_that_failed_once_may_fail_again(tmp_path: Path) -> None:
    company = company_of(tmp_path, [date(2026, 4, 22), date(2026, 6, 2)])
    days = company.con.execute("select day from mart.kpi_gaps where metric = 'orders'").fetchall()
    assert days == [(date(2026, 4, 22),)]


def test_an_unlisted_holiday_hides_no_hole_of_steady_rows(tmp_path: Path) -> None:
    """Five campaigns report every day: that all five were silent by chance is less likely than a missing file."""
    silent = [date(2026, 5, 1), date(2026, 6, 2)]
    company = company_of(tmp_path, silent, rows=lambda _: 5)
    days = company.con.execute("select day from mart.kpi_gaps where metric = 'orders' order by day").fetchall()
    assert [day for (day,) in days] == silent


def test_a_late_row_fills_the_hole(tmp_path: Path) -> None:
    company = company_of(tmp_path, [date(2026, 4, 22)])
    company.con.execute("insert into core.fct_orders select 'late', date '2026-04-22', 'email', 10, 5, 30")
    run(company, "late")
    assert missing(company, "orders") == {}
    kept = company.con.execute(
        """select value, missing_days from mart.kpi_history
        where metric = 'orders' and grain = 'month' and segment_dimension = '' and period_start = date '2026-04-01'
        order by valid_from"""
    ).fetchall()
    assert kept == [(29, 1), (30, 0)]


@pytest.mark.parametrize("holes", [[], [date(2026, 4, 22)]])
def test_a_second_run_appends_nothing(tmp_path: Path, holes: list[date]) -> None:
    company = company_of(tmp_path, holes)
    assert run(company, "second") == {}
    changes = compute_values(company.con, company.ws, company.layer, company.catalogue, None, "full")
    assert changes.appended == 0
