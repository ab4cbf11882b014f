"""Values agree with pandas; nothing is appended twice; what changes is appended, and only that."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.errors import RunError
from metrics.values import ValueChanges, Window, clear_pending, compute_values, pending_windows
from tests.unit.values.company import METRICS, TODAY, Company, Truth, build, random_frames, truth

CLOSED, SETTLED = date(2026, 6, 9), date(2026, 5, 10)
COMPARED = [metric["name"] for metric in METRICS if metric["name"] != "revenue_growth"]
ROWS = """select metric, grain, period_start, segment_dimension, segment_value, numerator, denominator, value, n, ci_low,
    ci_high, state from mart.kpi_current order by all"""


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A computed company to read from."""
    return _computed(tmp_path_factory.mktemp("computed"))


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """A computed company to change."""
    return _computed(tmp_path)


def _computed(root: Path) -> Company:
    found = build(root)
    found.load(random_frames(seed=1))
    found.set_time(TODAY, CLOSED, SETTLED)
    compute(found, "changed", run_id="first")
    return found


def compute(company: Company, windows: object = None, run_id: str = "again") -> ValueChanges:
    """Compute with the catalogue of the company; "changed": what its facts ask for."""
    if windows == "changed":
        windows = pending_windows(company.con, company.ws, company.layer, company.catalogue)
        clear_pending(company.con)
    return compute_values(company.con, company.ws, company.layer, company.catalogue, windows, run_id)  # type: ignore[arg-type]


def stored(company: Company, metric: str, grain: str, dimension: str) -> Truth:
    """(period, member) -> value of one series, without the periods in which there is no value."""
    rows = company.con.execute(
        """select period_start, segment_value, value from mart.kpi_current
        where metric = ? and grain = ? and segment_dimension = ? and value is not null""",
        [metric, grain, dimension],
    ).fetchall()
    return {(start, member): value for start, member, value in rows}


@pytest.mark.parametrize("metric", COMPARED)
@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter"])
def test_values_agree_with_pandas(computed: Company, metric: str, grain: str) -> None:
    assert stored(computed, metric, grain, "") == pytest.approx(truth(computed.frames, metric, grain, by_channel=False))
    by_channel = truth(computed.frames, metric, grain, by_channel=True)
    if metric == "first_response_minutes":
        by_channel = without_clash(by_channel)
    assert stored(computed, metric, grain, "channel") == pytest.approx(by_channel)


def without_clash(found: Truth) -> Truth:
    """'(no value)' is only used where a member really called '(none)' exists in the same period."""
    return {
        (start, "(none)" if member == "(no value)" and (start, "(none)") not in found else member): value
        for (start, member), value in found.items()
    }


def test_growth_compares_whole_months(computed: Company) -> None:
    revenue = truth(computed.frames, "gross_revenue", "month", by_channel=False)
    march, april, may = (revenue[date(2026, month, 1), ""] for month in (3, 4, 5))
    growth = stored(computed, "revenue_growth", "month", "")
    assert growth[date(2026, 4, 1), ""] == pytest.approx(april / march - 1)
    assert growth[date(2026, 5, 1), ""] == pytest.approx(may / april - 1)
    assert (date(2026, 3, 1), "") not in growth


def test_parts_and_observations(computed: Company) -> None:
    row = computed.con.execute(
        """select numerator, denominator, value, n, currency from mart.kpi_current
        where metric = 'conversion_rate' and grain = 'month' and period_start = date '2026-04-01' and segment_value = ''"""
    ).fetchone()
    assert row is not None
    facts = (computed.frames["fct_orders"], computed.frames["fct_web_sessions"])
    orders, sessions = (int((fact["business_date"].map(lambda day: day.month) == 4).sum()) for fact in facts)
    assert (row[0], row[1], row[3], row[4]) == (orders, sessions, sessions, "")
    revenue = computed.con.execute(
        """select n, currency from mart.kpi_current
        where metric = 'gross_revenue' and grain = 'month' and period_start = date '2026-04-01' and segment_value = ''"""
    ).fetchone()
    assert revenue == (orders, "EUR")


def test_wilson_interval_is_the_textbook_one(company: Company) -> None:
    """85 of 100 by hand: (.85 + .0192073) / 1.0384146 -+ 1.959964 * sqrt(.1275 / 100 + 3.841459 / 40000) / 1.0384146."""
    company.con.execute(
        """create or replace table core.fct_survey_responses as
        select i::text as response_id, date '2026-04-01' as business_date, 'email' as channel,
               if(i < 85, 5, 1)::double as score from range(100) as t(i)"""
    )
    compute(company)
    found = company.con.execute(
        "select ci_low, ci_high from mart.kpi_current where metric = 'csat' and grain = 'week' and segment_value = ''"
    ).fetchone()
    assert found == pytest.approx((0.767165, 0.906941), abs=1e-6)


def test_computing_twice_appends_nothing(company: Company) -> None:
    assert compute(company).appended == 0
    assert compute(company, Window(date(2026, 4, 1), date(2026, 5, 1))).appended == 0


def test_order_of_rows_does_not_matter(company: Company) -> None:
    company.load({table: frame.sample(frac=1, random_state=7) for table, frame in company.frames.items()})
    assert compute(company).appended == 0


def test_a_changed_day_appends_only_its_periods(company: Company) -> None:
    day = date(2026, 6, 3)
    company.con.execute(
        "insert into core.fct_orders (order_id, business_date, channel, gross_amount) values ('late', ?, 'email', 10)", [day]
    )
    changes = compute(company, "changed", run_id="late")
    assert set(changes.per_metric) == {"orders", "email_orders", "gross_revenue", "conversion_rate", "revenue_growth"}
    touched = company.con.execute(
        "select distinct grain, period_start, segment_value from mart.kpi_values where run_id = 'late'"
    ).fetchall()
    starts = {"day": day, "week": date(2026, 6, 1), "month": date(2026, 6, 1), "quarter": date(2026, 4, 1)}
    assert set(touched) == {(grain, start, member) for grain, start in starts.items() for member in ("", "email")}
    assert changes.days == [day]


def test_growth_of_the_next_month_follows_a_late_order(company: Company) -> None:
    day = date(2026, 4, 15)
    company.con.execute(
        "insert into core.fct_orders (order_id, business_date, channel, gross_amount) values ('late', ?, 'email', 5000)",
        [day],
    )
    compute(company, "changed")
    left = company.con.execute(ROWS).fetchall()
    compute(company)
    assert company.con.execute(ROWS).fetchall() == left


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_incremental_equals_full(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """After any sequence of touched days, the values are those of a company computed from scratch."""
    company = build(tmp_path_factory.mktemp("company"))
    frames = random_frames(seed=2)
    company.load(frames)
    company.set_time(TODAY, CLOSED, SETTLED)
    compute(company, "changed")
    for _ in range(data.draw(st.integers(1, 3))):
        table = data.draw(st.sampled_from(["fct_orders", "fct_web_sessions", "fct_tickets"]))
        day = date(2026, 3, 2) + timedelta(days=data.draw(st.integers(0, 100)))
        frame = frames[table]
        if data.draw(st.booleans()):
            frames[table] = frame[frame["business_date"] != day]
        else:
            again = frame[frame["business_date"] == day]
            frames[table] = pd.concat([frame, again], ignore_index=True)
        company.load(frames)
        compute(company, "changed")
    fresh = build(tmp_path_factory.mktemp("fresh"))
    fresh.load(frames)
    fresh.set_time(TODAY, CLOSED, SETTLED)
    compute(fresh)
    assert without_state(company) == without_state(fresh)


def without_state(company: Company) -> list[tuple[object, ...]]:
    """Current rows without their state: a value that once settled is restated when it changes, a fresh one is not."""
    return [row[:-1] for row in company.con.execute(ROWS).fetchall()]


def test_more_than_fifty_members_become_other(company: Company) -> None:
    company.con.execute(
        """create or replace table core.fct_orders as
        select i::text as order_id, date '2026-04-01' as business_date, 'c' || (i % 60) as channel, i::decimal(18, 4) as
        gross_amount from range(6000) as t(i) where i % 60 < 50 or i < 300"""
    )
    compute(company)
    found = stored(company, "orders", "day", "channel")
    assert len(found) == 51
    assert found[date(2026, 4, 1), "other"] == 10 * 5
    assert sum(found.values()) == stored(company, "orders", "day", "")[date(2026, 4, 1), ""]


def test_medians_of_the_rest_are_not_made_up(company: Company) -> None:
    company.con.execute(
        """create or replace table core.fct_tickets as
        select i::text as ticket_id, date '2026-04-01' as business_date, 'c' || (i % 60) as channel, i::double as minutes
        from range(600) as t(i)"""
    )
    compute(company)
    assert len(stored(company, "first_response_minutes", "day", "channel")) == 50
    assert (date(2026, 4, 1), "other") not in stored(company, "first_response_minutes", "day", "channel")


def test_medians_of_members_called_like_a_label_are_not_put_together(company: Company) -> None:
    """Without a channel, of the empty one, and of channels that are really called so: four medians, none of two."""
    company.con.execute(
        """create or replace table core.fct_tickets as
        select i::text as ticket_id, date '2026-04-01' as business_date, channel, minutes
        from (values (1, null, 1.0), (2, '(none)', 10.0), (3, '', 100.0), (4, '(empty)', 1000.0)) as t(i, channel, minutes)"""
    )
    compute(company)
    found = {
        member: value for (_, member), value in stored(company, "first_response_minutes", "day", "channel").items() if member
    }
    assert found == {"(no value)": 1, "(none)": 10, "(no text)": 100, "(empty)": 1000}


@pytest.mark.parametrize(
    ("table", "column", "number", "told"),
    [
        ("fct_tickets", "minutes", "nan", r"not a number \(NaN\): first_response_minutes \(from 20"),
        ("fct_orders", "gross_amount", "nan", "by day cannot be stored: Conversion Error: Could not cast"),
        ("fct_orders", "gross_amount", "1e300", "by day cannot be stored: Conversion Error: Could not cast"),
    ],
)
def test_what_is_no_number_to_store_stops_the_run(company: Company, table: str, column: str, number: str, told: str) -> None:
    before = company.con.execute("select count(*) from mart.kpi_values").fetchone()
    company.con.execute(f"create table kept as from core.{table}")
    odd = f"select * replace ('{number}'::double as {column}) from kept"
    company.con.execute(f"create or replace table core.{table} as {odd}")
    with pytest.raises(RunError, match=told):
        compute(company)
    assert company.con.execute("select count(*) from mart.kpi_values").fetchone() == before


def test_an_infinite_value_is_appended_once(company: Company) -> None:
    company.con.execute(
        """create or replace table core.fct_tickets as
        select '1' as ticket_id, date '2026-04-01' as business_date, 'email' as channel, 'inf'::double as minutes"""
    )
    compute(company)
    assert compute(company).appended == 0
