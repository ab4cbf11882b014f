"""The literal rule, day by day: verdicts, events exactly once, historic days, messages."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from metrics.alerts import SwingReport, evaluate_swings, recent_swings
from metrics.alerts.events import fingerprint, shown
from metrics.values import compute_values
from tests.unit.values.company import Company, build

START = date(2026, 4, 1)
TEXTS = "{en: text, zh: 文字}"


def kpi(ident: str, **fields: object) -> str:
    """One KPI as YAML."""
    given = {
        "id": ident, "title": "{en: Title of it, zh: 标题}", "description": TEXTS, "question": TEXTS, "playbook": TEXTS,
        "owner": "Head of sales", "level": "operational", "scope": "company", "timing": "lagging", "role": "output",
        **fields,
    }  # fmt: skip
    return "  - " + "\n    ".join(f"{key}: {value}" for key, value in given.items()) + "\n"


def company_with(root: Path, orders: list[int], sessions: list[int] | None = None, kpis: str = "") -> Company:
    """A company with so many orders and sessions on each day from START; all but the last day are closed."""
    company = build(root, "version: 1\nkpis:\n" + (kpis or kpi("orders", minimum_n=10)))
    for table, key, counts in (("fct_orders", "order", orders), ("fct_web_sessions", "session", sessions or orders)):
        rows = ", ".join(f"({place}, {count})" for place, count in enumerate(counts))
        company.con.execute(
            f"""create or replace table core.{table} as
            select place || '-' || i as {key}_id, date '{START}' + place as business_date, 'email' as channel,
                   10::decimal(18, 4) as gross_amount
            from (values {rows}) as given(place, rows), range(rows) as t(i)"""
        )
    company.con.execute(
        "create or replace table core.fct_survey_responses as select '' as response_id, null::date as business_date,"
        " '' as channel, 1.0 as score limit 0"
    )
    company.con.execute(
        "create or replace table core.fct_tickets as select '' as ticket_id, null::date as business_date, '' as channel,"
        " 1.0 as minutes limit 0"
    )
    today = START + timedelta(days=len(orders) - 1)
    company.set_time(today, today - timedelta(days=1), None)
    return company


def run(company: Company, run_id: str = "run") -> SwingReport:
    """Compute and judge."""
    compute_values(company.con, company.ws, company.layer, company.catalogue, None, run_id)
    return evaluate_swings(company.con, company.ws, company.catalogue, run_id)


def verdicts(company: Company, metric: str = "orders") -> list[str]:
    """The verdict of each stored day, in order."""
    rows = company.con.execute("select verdict from mart.swings where metric = ? order by day", [metric]).fetchall()
    return [row[0] for row in rows]


def test_each_verdict(tmp_path: Path) -> None:
    #                                  first  +15 %  +15.1 %   low   zero, then up    closed gap   open
    company = company_with(tmp_path, [1000, 1150, 1324, 1325, 5, 6, 0, 20, 20])
    run(company)
    assert verdicts(company) == [
        "no_previous", "ok", "breach", "ok", "breach", "below_volume", "missing_day", "no_previous", "open",
    ]  # fmt: skip


def test_days_whose_data_was_taken_away_are_not_judged_any_more(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 100, 100])
    run(company)
    company.con.execute(f"delete from core.fct_orders where business_date > '{START}'")
    company.set_time(START, START, None)
    run(company, "later")
    assert verdicts(company) == ["no_previous"]
    company.con.execute("delete from core.fct_orders")
    run(company, "empty")
    assert verdicts(company) == []


def test_a_fall_is_seen_though_it_takes_the_volume_with_it(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 3, 100, 100])
    assert [alert.day for alert in run(company).new_alerts] == [START + timedelta(days=1), START + timedelta(days=2)]


def test_a_share_needs_volume_on_both_days(tmp_path: Path) -> None:
    rate = kpi("conversion_rate", minimum_n=50)
    company = company_with(tmp_path, [10, 2, 10, 10], sessions=[100, 10, 100, 100], kpis=rate)
    run(company)
    assert verdicts(company, "conversion_rate") == ["no_previous", "below_volume", "below_volume", "open"]


def test_a_zero_base_has_no_percentage(tmp_path: Path) -> None:
    company = company_with(tmp_path, [10, 10, 10], kpis=kpi("gross_revenue", minimum_n=0))
    company.con.execute(f"update core.fct_orders set gross_amount = 0 where business_date = date '{START}'")
    run(company)
    assert verdicts(company, "gross_revenue") == ["no_previous", "zero_base", "open"]


@pytest.mark.parametrize(("alert", "days"), [("any", 2), ("bad", 1), ("good", 1), ("none", 0)])
def test_the_direction_that_alerts(tmp_path: Path, alert: str, days: int) -> None:
    company = company_with(tmp_path, [100, 50, 100, 100], kpis=kpi("orders", alert=alert))
    alerts = run(company).new_alerts
    assert len(alerts) == days
    if alert in ("bad", "good"):
        assert [event.is_good for event in alerts] == [alert == "good"]


def test_a_metric_without_a_kpi_is_judged_when_watched(tmp_path: Path) -> None:
    kpis = kpi("orders", alert="none") + "watched:\n  - {metric: sessions, owner: Marketing, threshold: 0.4}\n"
    company = company_with(tmp_path, [100, 50, 60, 60], kpis=kpis)
    alerts = run(company).new_alerts
    assert [(event.metric, event.owner, event.threshold) for event in alerts] == [("sessions", "Marketing", 0.4)]


def test_the_same_run_twice_alerts_nothing_new(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 50, 100, 100])
    first, second = run(company), run(company, "second")
    assert (len(first.new_alerts), len(first.rows)) == (2, 3)
    assert (second.new_alerts, second.rows) == ([], [])
    assert company.con.execute("select count(*), count(distinct run_id) from mart.alerts").fetchone() == (2, 1)


def test_a_restated_day_is_judged_again_but_alerts_once(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 50, 51, 51])
    run(company)
    company.con.execute("delete from core.fct_orders where order_id = '1-0'")
    report = run(company, "restated")
    assert [row[1] for row in report.rows] == [START + timedelta(days=1), START + timedelta(days=2)]
    assert report.new_alerts == []
    assert company.con.execute("select count(*) from mart.swings").fetchone() == (4,)


STANDING = "select day, status, direction, value, run_id from mart.alerts where withdrawn_at is null order by day"


def add_orders(company: Company, place: int, count: int) -> None:
    """More orders on the day at a place; they are called late-<number>."""
    late = f"select 'late-' || i, date '{START}' + {place}, 'email', 10 from range({count}) as t(i)"
    company.con.execute(f"insert into core.fct_orders (order_id, business_date, channel, gross_amount) {late}")


def test_an_alert_whose_day_is_corrected_is_withdrawn_and_stands_again_with_the_breach(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 50, 50, 50])
    second, third = START + timedelta(days=1), START + timedelta(days=2)
    run(company)
    assert company.con.execute(STANDING).fetchall() == [(second, "new", "down", 50, "run")]
    add_orders(company, 1, 50)
    # The correction is a swing of its own, on the day after.
    assert [alert.day for alert in run(company, "corrected").new_alerts] == [third]
    assert company.con.execute(STANDING).fetchall() == [(third, "new", "down", 50, "corrected")]
    company.con.execute("delete from core.fct_orders where order_id like 'late-%'")
    assert run(company, "again").new_alerts == []
    assert company.con.execute(STANDING).fetchall() == [(second, "new", "down", 50, "run")]


def test_a_breach_with_other_numbers_says_those(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 40, 100, 100])
    run(company)
    add_orders(company, 1, 10)
    assert run(company, "corrected").new_alerts == []
    assert company.con.execute(STANDING).fetchall() == [
        (START + timedelta(days=1), "new", "down", 50, "run"), (START + timedelta(days=2), "new", "up", 100, "run")
    ]  # fmt: skip
    said = company.con.execute("select message_en, message_zh from mart.alerts order by day").fetchall()
    assert all("-50.0%" in text for text in said[0])
    assert all("+100.0%" in text for text in said[1])


def test_a_breach_that_turns_round_is_another_event(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 40, 100, 100])
    run(company)
    add_orders(company, 1, 460)
    assert [alert.direction for alert in run(company, "corrected").new_alerts] == ["up", "down"]
    assert [(row[2], row[3]) for row in company.con.execute(STANDING).fetchall()] == [("up", 500), ("down", 100)]
    assert company.con.execute("select count(*) from mart.alerts").fetchone() == (4,)


def test_days_older_than_a_week_are_historic(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 50, 100, 100, 100, 100, 100, 100, 100, 50, 50])
    report = run(company)
    statuses = {alert.day.day: alert.status for alert in report.new_alerts}
    assert report.in_words() == "1 new alert, 2 swings in the past (kpi alerts --all)"
    assert run(company).in_words() == "0 new alerts"
    assert statuses == {2: "historic", 3: "historic", 10: "new"}


def test_an_event_says_what_happened_in_both_languages(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 50, 50], kpis=kpi("gross_revenue", minimum_n=0, threshold=0.2))
    (alert,) = run(company).new_alerts
    day = START + timedelta(days=1)
    assert alert.fingerprint == fingerprint("gross_revenue", day, "", "literal", "down")
    assert (alert.direction, alert.is_good, alert.severity) == ("down", False, "critical")
    assert alert.message_en == (
        "Title of it on 2026-04-02: 500.00 EUR, -50.0% against the day before (1,000 EUR). Threshold 20%."
        " It moved in the bad direction."
    )
    assert alert.message("zh") == (
        "标题 2026-04-02：500.00 EUR，较前一日（1,000 EUR）-50.0%，超过阈值 20%。变化方向是不利的。"
    )
    stored = company.con.execute("select fingerprint, message_en, run_id, owner from mart.alerts").fetchall()
    assert stored == [(alert.fingerprint, alert.message_en, "run", "Head of sales")]


def test_the_report_feeds_a_check(tmp_path: Path) -> None:
    company = company_with(tmp_path, [100, 50, 51, 51])
    report = run(company)
    frame = report.frame()
    assert list(frame["verdict"]) == ["breach", "ok"]
    assert frame["breach_ratio"].tolist() == pytest.approx([0.5 / 0.15, 0.02 / 0.15])
    assert [row["day"] for row in report.breaches] == [START + timedelta(days=1)]
    assert recent_swings(company.con)["verdict"].tolist() == ["breach", "ok"]
    assert run(company, "again").frame().empty


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0312, "ratio", "3.12%"),
        (1250, "currency", "1,250 EUR"),
        (61.5, "currency", "61.50 EUR"),
        (12.34, "minutes", "12.3 min"),
        (30.06, "hours", "30.1 h"),
        (30.46, "days", "30 days"),
        (3.46, "days", "3.5 days"),
        (84, "count", "84"),
        (35.25, "score", "35.25"),
    ],
)
def test_numbers_as_a_person_writes_them(value: float, unit: str, text: str) -> None:
    assert shown(value, unit, "EUR") == text


def test_no_row_on_a_closed_day_is_zero_where_the_definition_says_so(tmp_path: Path) -> None:
    """A total outage leaves no row at all; it must not pass as a gap in the data."""
    company = company_with(tmp_path, [100, 0, 100, 100], kpis=kpi("email_orders", minimum_n=10))
    alerts = run(company).new_alerts
    assert verdicts(company, "email_orders") == ["no_previous", "breach", "zero_base", "open"]
    assert [(alert.day, alert.value, alert.previous_value, alert.change) for alert in alerts] == [
        (START + timedelta(days=1), 0, 100, -1)
    ]
