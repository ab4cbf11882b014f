"""Which metrics wait for which dates: those whose facts differ from what their values were computed from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from metrics.values import Window, clear_pending, compute_values, pending_windows
from tests.unit.values.company import Company, build

FIRST, SECOND, THIRD = date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 3)
OF_ORDERS = {"orders", "gross_revenue", "conversion_rate", "email_orders", "revenue_growth"}


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Two orders, sessions, answers and tickets on each of the first three days of April, all of them computed."""
    found = build(tmp_path)
    for table, key in (("fct_orders", "order"), ("fct_web_sessions", "session"), ("fct_survey_responses", "response"),
                       ("fct_tickets", "ticket")):  # fmt: skip
        found.con.execute(
            f"""create table core.{table} as
            select 'x' || i as {key}_id, date '2026-04-01' + (i // 2)::integer as business_date, 'email' as channel,
                   10::decimal(18, 4) as gross_amount, 5::double as score, 30::double as minutes, 'no' as note
            from range(6) as t(i)"""
        )
    found.set_time(THIRD, SECOND, FIRST)
    assert (
        waiting(found)["orders"]
        == waiting(found)["csat"]
        == Window(FIRST, date(2026, 4, 3)).hull(
            Window(date(2026, 3, 2), FIRST)  # the history starts on 2 March
        )
    )
    clear_pending(found.con)
    yield found
    found.con.close()


def waiting(company: Company, asked: Window | None = None) -> dict[str, Window]:
    return pending_windows(company.con, company.ws, company.layer, company.catalogue, asked)


def test_nothing_waits_when_nothing_has_changed(company: Company) -> None:
    assert waiting(company) == {}
    company.con.execute("create or replace table core.fct_orders as from core.fct_orders order by order_id desc")
    assert waiting(company) == {}


@pytest.mark.parametrize(
    "change",
    [
        "update core.fct_orders set gross_amount = 11 where order_id = 'x2'",
        "update core.fct_orders set channel = null where order_id = 'x2'",
        "delete from core.fct_orders where order_id = 'x3'",
        "delete from core.fct_orders where business_date = date '2026-04-02'",
        "insert into core.fct_orders from core.fct_orders where order_id = 'x3'",
    ],
)
def test_the_day_of_a_changed_row_waits_for_every_metric_that_reads_it(company: Company, change: str) -> None:
    company.con.execute(change)
    assert waiting(company) == dict.fromkeys(OF_ORDERS, Window(SECOND, SECOND))
    # until the values are there
    assert waiting(company) == dict.fromkeys(OF_ORDERS, Window(SECOND, SECOND))
    clear_pending(company.con)
    assert waiting(company) == {}


def test_a_row_that_moves_touches_both_days(company: Company) -> None:
    company.con.execute("update core.fct_tickets set business_date = date '2026-04-03' where ticket_id = 'x0'")
    assert waiting(company) == dict.fromkeys(("tickets_created", "first_response_minutes"), Window(FIRST, THIRD))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0044-03-15 (BC)", "12024-01-01", "-infinity", "infinity"])
def test_a_date_outside_of_any_history_waits_like_any_other(company: Company, day: str) -> None:
    """What some systems write for no date, and what a broken one may; its periods are never shown."""
    company.con.execute("update core.fct_orders set business_date = ?::date where order_id = 'x1'", [day])
    assert waiting(company)["orders"].first <= FIRST
    compute_values(company.con, company.ws, company.layer, company.catalogue, waiting(company), "late")
    clear_pending(company.con)
    assert waiting(company) == {}


def test_a_column_that_nothing_reads_makes_nothing_wait(company: Company) -> None:
    company.con.execute("update core.fct_orders set note = 'yes'")
    assert waiting(company) == {}


def test_a_new_day_makes_everything_wait_for_it(company: Company) -> None:
    """A value that looks back has a value on a day without rows; an event dated ahead is not ahead any more."""
    company.set_time(date(2026, 4, 5), SECOND, FIRST)
    expected = Window(THIRD, date(2026, 4, 5))
    assert set(waiting(company)) == set(company.catalogue.metrics)
    assert set(waiting(company).values()) == {expected}


def test_dates_that_are_asked_for_wait_for_every_metric(company: Company) -> None:
    company.con.execute("delete from core.fct_tickets where business_date = date '2026-04-02'")
    found = waiting(company, asked=Window(FIRST, FIRST))
    assert found["orders"] == Window(FIRST, FIRST)
    assert found["tickets_created"] == Window(FIRST, SECOND)
