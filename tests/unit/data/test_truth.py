"""truth.json says what is really in the files: totals and faults recounted in SQL, incidents and causes found again."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from data.generator.truth import daily_series, truth_of
from tests.unit.data.conftest import Company, company

THRESHOLD = 0.15


@pytest.fixture(scope="module")
def full_truth(full_size: Company) -> dict:
    return truth_of(full_size.simulation, {})


def one_day_incidents(truth: dict) -> list[dict]:
    return [each for each in truth["incidents"] if each["from"] == each["to"] and not each["ongoing"]]


def test_totals_equal_an_independent_count(small_files: Path) -> None:
    truth = json.loads((small_files / "truth.json").read_text())
    totals = truth["totals"]["metrics"]
    with duckdb.connect() as con:

        def value(sql: str) -> float:
            return con.execute(sql.replace("FILES", str(small_files))).fetchone()[0]

        con.execute(
            f"""create view rates as
            select time_period as day, currency, cast(1.0 / obs_value as decimal(18, 8)) as rate
            from '{small_files}/finance/exchange_rates.csv'"""
        )
        orders = """(select * from 'FILES/shop/orders_*.csv' where not test
            qualify row_number() over (partition by id order by updated_at desc) = 1)"""
        assert totals["sessions"] == value("select count(distinct ga_session_id) from 'FILES/web/sessions_*.parquet'")
        assert totals["page_views"] == value("select sum(screen_page_views) from 'FILES/web/sessions_*.parquet'")
        assert totals["orders"] == value(f"select count(*) from {orders}")
        gross = value(
            f"""select sum((o.subtotal_price - o.total_discounts) * coalesce(r.rate, 1)) from
            (select *, timezone('Europe/Berlin', timezone('UTC', created_at))::date as day from {orders}) as o
            asof left join rates as r on r.currency = o.presentment_currency and o.day >= r.day"""
        )
        assert totals["gross_revenue"] == pytest.approx(gross, abs=0.02)
        spend = value(
            """select sum(a.cost * coalesce(r.rate, 1)) from 'FILES/ads/*.csv' as a
            asof left join rates as r on r.currency = a.account_currency and a.report_date >= r.day"""
        )
        assert totals["ad_spend"] == pytest.approx(spend, abs=0.02)
        tickets = "'FILES/helpdesk/tickets_*.jsonl' where subject not like 'TEST %'"
        assert totals["tickets_created"] == value(f"select count(distinct id) from {tickets}")
    with sqlite3.connect(small_files / "crm.sqlite") as crm:
        won = crm.execute("select count(*) from opportunities where stage_name = 'Closed Won'").fetchone()[0]
        assert totals["opportunities_won"] == won
        rows = crm.execute("select count(*) from leads").fetchone()[0]
    assert truth["totals"]["rows"]["crm.sqlite#leads"] == rows


def test_row_counts_equal_the_files(small_files: Path) -> None:
    counts = json.loads((small_files / "truth.json").read_text())["totals"]["rows"]
    for name, count in counts.items():
        path = small_files / name
        if path.suffix in (".csv", ".jsonl"):
            assert len(path.read_text().splitlines()) - (path.suffix == ".csv") == count, name
        elif path.suffix == ".parquet":
            assert duckdb.sql(f"select count(*) from '{path}'").fetchone() == (count,)


def test_faults_are_where_truth_says(small_files: Path) -> None:
    faults = json.loads((small_files / "truth.json").read_text())["faults"]
    with duckdb.connect() as con:
        orders = f"'{small_files}/shop/orders_*.csv'"
        repeated = con.execute(f"select id from {orders} group by id having count(*) > 1 order by id").fetchall()
        assert [row[0] for row in repeated] == faults["repeated_orders"]["order_ids"]
        tests = con.execute(f"select distinct id from {orders} where test order by id").fetchall()
        assert [row[0] for row in tests] == faults["test_orders"]["order_ids"]
        replies = f"'{small_files}/helpdesk/ticket_replies_*.jsonl'"
        again = con.execute(f"select count(*) - count(distinct id) from {replies}").fetchone()
        assert again == (faults["repeated_replies"]["rows_too_many"],)
    with sqlite3.connect(small_files / "crm.sqlite") as crm:
        leads = {row[0]: row[1:] for row in crm.execute("select lead_id, email, phone from leads order by lead_id")}
    seen: dict[str, int] = {}
    for ident, (email, phone) in leads.items():
        reachable_mail = "@" in email and "." in email.rpartition("@")[2]
        reachable_phone = sum(each.isdigit() for each in phone) >= 7
        expected = {
            "unreachable": not reachable_mail and not reachable_phone,
            "bad_email": not reachable_mail and reachable_phone,
            "bad_phone": reachable_mail and not reachable_phone,
            "test": email.endswith("@juniper-finch.test"),
        }
        for fault, is_so in expected.items():
            assert (ident in faults["leads"][fault]["lead_ids"]) == is_so, (fault, email, phone)
        if ident in faults["leads"]["duplicate"]["lead_ids"]:
            assert email in seen
        seen[email] = ident
    assert all(faults["leads"][fault]["count"] for fault in ("unreachable", "bad_email", "bad_phone", "test", "duplicate"))


def test_one_day_incidents_are_far_beyond_the_threshold_and_beyond_what_is_usual(full_truth: dict) -> None:
    special = set(full_truth["holidays"])
    for each in full_truth["promotions"]:
        day = date.fromisoformat(each["from"])
        while day <= date.fromisoformat(each["to"]):
            special.add(str(day))
            day += timedelta(days=1)
    incidents = one_day_incidents(full_truth)
    assert len(incidents) >= 20
    for each in incidents:
        day = date.fromisoformat(each["from"])
        assert day.weekday() in (1, 2, 3), each["id"]
        assert not special & {str(day), str(day - timedelta(days=1)), str(day - timedelta(days=2))}, each["id"]
        for metric, seen in each["observed"].items():
            against_usual = seen["value"] / seen["usual_value"] - 1
            assert abs(seen["change"]) > 2 * THRESHOLD, (each["id"], metric, seen)
            assert abs(against_usual) > 2 * THRESHOLD, (each["id"], metric, seen)
            assert np.sign(against_usual) == np.sign(seen["change"]), (each["id"], metric, seen)


def test_incidents_of_a_segment_leave_the_rest_alone(full_size: Company) -> None:
    sessions = full_size.simulation.seen("sessions")
    day = (date(2025, 7, 16) - date(2024, 7, 1)).days
    here = sessions[sessions["_day"] == day].groupby("country_code", observed=True).size()
    before = sessions[sessions["_day"].between(day - 14, day - 1)].groupby("country_code", observed=True).size() / 14
    change = here / before - 1
    assert change["GB"] < -0.5
    assert (change.drop("GB").abs() < 0.35).all(), change


def explained(driver: np.ndarray, outcome: np.ndarray, lag: int, truth: dict) -> float:
    """Partial R2 of the lagged driver beside weekday, trend, seasons and long incidents (least squares, plain days)."""
    days = len(outcome)
    first = date.fromisoformat(truth["first_day"])
    t = np.arange(days)
    columns = [np.ones(days), t / days, (t / days) ** 2]
    columns += [(t % 7 == weekday).astype(float) for weekday in range(1, 7)]
    columns += [wave(2 * np.pi * k * t / 365.25) for k in (1, 2, 3, 4) for wave in (np.sin, np.cos)]
    excluded = np.zeros(days, dtype=bool)

    def mark(begin: str, end: str) -> np.ndarray:
        marks = np.zeros(days)
        marks[(date.fromisoformat(begin) - first).days : (date.fromisoformat(end) - first).days + 1] = 1
        return marks

    for each in truth["incidents"]:
        if each["from"] == each["to"]:
            excluded |= mark(each["from"], each["to"]) > 0
        else:
            columns.append(mark(each["from"], each["to"]))
    for each in truth["promotions"]:
        excluded |= mark(each["from"], each["to"]) > 0
    for each in truth["holidays"]:
        excluded |= mark(each, each) > 0
    kept = ~(excluded | np.roll(excluded, lag) | np.roll(excluded, 1)) & (t > 7)
    controls = np.stack(columns, axis=1)[kept]

    def residual(values: np.ndarray) -> np.ndarray:
        logs = np.log(np.maximum(values, 1e-9))[kept]
        return logs - controls @ np.linalg.lstsq(controls, logs, rcond=None)[0]

    return float(np.corrcoef(residual(np.roll(driver, lag)), residual(outcome))[0, 1] ** 2)


@pytest.mark.parametrize(
    ("driver", "outcome", "lag"), [("ad_spend", "sessions", 1), ("add_to_cart_rate", "gross_revenue", 3)]
)
def test_daily_causes_explain_a_modest_share_and_most_at_their_lag(
    full_size: Company, full_truth: dict, driver: str, outcome: str, lag: int
) -> None:
    series = daily_series(full_size.simulation)
    shares = [explained(series[driver], series[outcome], each, full_truth) for each in range(8)]
    assert 0.05 <= shares[lag] <= 0.20
    assert max(range(8), key=shares.__getitem__) == lag, shares


def test_stated_shares_are_within_the_promise(full_truth: dict) -> None:
    for chain in full_truth["causal"]:
        assert 0.05 <= chain["explained_share"] <= 0.20, chain


def test_weekly_causes_hold_for_other_seeds_too() -> None:
    """One company has only a hundred weeks, so its own share is uncertain; the mean over several is not."""
    shares = {"csat": [], "churn_rate": []}
    for seed in (21, 22):
        other = company(seed)
        for chain in truth_of(other.simulation, {})["causal"]:
            if chain["outcome"] in shares:
                shares[chain["outcome"]].append(chain["explained_share"])
    assert all(0.04 <= np.mean(values) <= 0.28 for values in shares.values()), shares
