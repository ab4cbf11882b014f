"""No 0 % and no infinite change from nothing, from a loss or from a missing value: in status, swings, alerts and queries."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metrics.alerts import evaluate_swings
from metrics.semantic import Query
from metrics.values import clear_pending, compute_values, pending_windows, write_definitions, write_status
from tests.unit.values.company import Company, build

FIRST = date(2026, 3, 30)  # a Monday
TEXT = "{en: text, zh: 文字}"
KPIS = "version: 1\nkpis:\n" + "".join(
    f"  - {{id: {name}, title: {TEXT}, description: {TEXT}, question: {TEXT}, playbook: {TEXT}, owner: Head of sales, level: operational,"
    f" scope: company, timing: lagging, role: output{grains}}}\n"
    for name, grains in (("gross_revenue", ", minimum_n: 0"), ("revenue_growth", ", grains: [month]"))
)
# Amounts of orders of one day; an empty list is a day without any. Some cancel out, to nothing or to a loss.
AMOUNTS = st.lists(st.sampled_from(["-5", "0", "5", "10", "0.1", "0.2", "-0.3", "1000000"]), max_size=3)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = build(tmp_path_factory.mktemp("company"), KPIS)
    for table, key in (("fct_web_sessions", "session"), ("fct_survey_responses", "response"), ("fct_tickets", "ticket")):
        found.con.execute(
            f"""create table core.{table} as select 'x' as {key}_id, date '{FIRST}' as business_date, 'email' as channel,
                   5::double as score, 30::double as minutes"""
        )
    write_definitions(found.con, found.catalogue)
    return found


def expected(value: float | None, base: float | None) -> float | None:
    """By the words of the page: a percentage needs a base above zero."""
    return value / base - 1 if value is not None and base is not None and base > 0 else None


def same(found: float | None, wanted: float | None) -> bool:
    return (found is None and wanted is None) or (found is not None and wanted is not None and math.isclose(found, wanted))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(AMOUNTS, min_size=40, max_size=40))
@example(amounts=[["0.1", "0.2", "-0.3"], ["5"], [], ["10"], ["-5"], ["10"], ["0"]] * 6)
def test_changes_are_finite_and_have_a_positive_base(company: Company, amounts: list[list[str]]) -> None:
    rows = [(FIRST + timedelta(days=number), amount) for number, of_day in enumerate(amounts) for amount in of_day]
    company.con.execute(
        "create or replace table core.fct_orders (order_id text, business_date date, channel text, gross_amount decimal(18, 4))"
    )
    for number, (day, amount) in enumerate(rows):
        company.con.execute("insert into core.fct_orders values (?, ?, 'email', ?)", [str(number), day, amount])
    last = FIRST + timedelta(days=len(amounts))
    company.set_time(last, last - timedelta(days=1), last - timedelta(days=1))
    windows = pending_windows(company.con, company.ws, company.layer, company.catalogue)
    compute_values(company.con, company.ws, company.layer, company.catalogue, windows, "run")
    clear_pending(company.con)
    write_status(company.con, company.ws, company.catalogue)
    evaluate_swings(company.con, company.ws, company.catalogue, "run")
    con = company.con
    for value, base, change in con.execute("select value, previous_value, change from mart.kpi_status").fetchall():
        assert same(change, expected(value, base))
    for value, base, change in con.execute(
        "select value, last_year_value, change_last_year from mart.kpi_status"
    ).fetchall():
        assert same(change, expected(value, base))
    swings = con.execute("select value, previous_value, change, verdict from mart.swings").fetchall()
    assert swings or not rows
    for value, base, change, verdict in swings:
        assert same(change, expected(value, base))
        assert verdict != "breach" or (base is not None and base > 0)
    for base, change in con.execute("select previous_value, change from mart.alerts where withdrawn_at is null").fetchall():
        assert base > 0
        assert change is not None
    check_query(company, ["metric_time__week"])
    check_query(company, ["metric_time__month", "channel"])
    growth = con.execute(
        "select value from mart.kpi_current where metric = 'revenue_growth' and value is not null"
    ).fetchall()
    assert all(math.isfinite(value) for (value,) in growth)


def check_query(company: Company, group_by: list[str]) -> None:
    query = Query(["gross_revenue"], group_by, compare=["previous_period"], share_of_total=True)
    answer = company.con.execute(company.layer.compile(query))
    names = [column[0] for column in answer.description or ()]
    for row in answer.fetchall():
        cells: dict[str, Any] = dict(zip(names, row, strict=True))
        value, base = cells["gross_revenue"], cells["gross_revenue__previous_period"]
        number = None if value is None else float(value)
        assert same(cells["gross_revenue__previous_period_change"], expected(number, None if base is None else float(base)))
        shares = [cells[name] for name in names if name.endswith("share")]
        assert shares
        assert all(share is None or math.isfinite(share) for share in shares)


def test_a_share_of_nothing_is_missing(company: Company) -> None:
    company.con.execute(
        f"""create or replace table core.fct_orders as
        select unnest(['a', 'b']) as order_id, date '{FIRST}' as business_date, unnest(['email', 'search']) as channel,
            unnest([5, -5])::decimal(18, 4) as gross_amount"""
    )
    query = Query(["gross_revenue"], ["channel"], share_of_total=True)
    rows = company.con.execute(company.layer.compile(query)).fetchall()
    assert sorted((member, float(value), share) for member, value, share in rows) == [
        ("email", 5, None),
        ("search", -5, None),
    ]
