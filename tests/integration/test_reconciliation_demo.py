"""The demo company: what was planted in its files is what the reconciliation names, to the row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.conftest import BuiltWorkspace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def truth(demo: BuiltWorkspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((demo.files / "truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def con(demo: BuiltWorkspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as connection:
        yield connection


def rows(con: duckdb.DuckDBPyConnection, entity: str, stage: str, difference: str = "") -> int:
    """Rows of a step over all currencies of the sources."""
    row = con.execute(
        """select sum(row_count) from mart.reconciliation
        where source <> 'all sources' and entity = ? and stage = ? and difference = ?""",
        [entity, stage, difference],
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_planted_rows_are_named(con: duckdb.DuckDBPyConnection, truth: dict[str, Any]) -> None:
    faults = truth["faults"]
    assert faults["repeated_orders"]["rows_too_many"] > 0
    assert faults["test_orders"]["count"] > 0
    assert -rows(con, "orders", "staging", "repeated_key") == faults["repeated_orders"]["rows_too_many"]
    assert -rows(con, "orders", "fact", "test_order") == faults["test_orders"]["count"]
    assert -rows(con, "tickets", "staging", "repeated_key") == faults["repeated_tickets"]["rows_too_many"]
    assert -rows(con, "tickets", "fact", "test_ticket") == faults["test_tickets"]["count"]
    assert -rows(con, "ticket_replies", "staging", "repeated_key") == faults["repeated_replies"]["rows_too_many"]


def test_totals_are_those_of_the_truth(con: duckdb.DuckDBPyConnection, truth: dict[str, Any]) -> None:
    files, metrics = truth["totals"]["rows"], truth["totals"]["metrics"]
    for entity, prefix in (("orders", "shop/orders_"), ("tickets", "helpdesk/tickets_"), ("web_sessions", "web/sessions_")):
        written = sum(count for name, count in files.items() if name.startswith(prefix))
        assert written > 0
        assert rows(con, entity, "read") == written, entity
    last = dict(
        con.execute(
            """select entity, (row_count, amount) from mart.reconciliation
            where source = 'all sources' and stage = 'metric table' and difference = ''"""
        ).fetchall()
    )
    assert last["orders"][0] == metrics["orders"]
    assert round(float(last["orders"][1]), 2) == pytest.approx(metrics["gross_revenue"], abs=0.02)
    assert round(float(last["refunds"][1]), 2) == pytest.approx(metrics["refunds"], abs=0.02)
    assert last["web_sessions"][0] == metrics["sessions"]
    assert last["opportunities"][0] == metrics["opportunities_closed"]


def test_nothing_is_unexplained(con: duckdb.DuckDBPyConnection) -> None:
    wrong = con.execute(
        "select source, entity, stage from mart.reconciliation where unexplained_rows <> 0 or unexplained_amount <> 0"
    ).fetchall()
    assert wrong == []
    # Each mapped entity of each source is followed from the file on.
    read = con.execute("select source, entity from mart.reconciliation where stage = 'read' order by 1, 2").fetchall()
    assert read == [
        ("ads", "ad_performance"), ("content", "content_items"), ("content", "video_views"), ("crm", "leads"),
        ("crm", "opportunities"), ("crm", "opportunity_stages"), ("crm", "quotas"), ("crm", "sales_activities"),
        ("email", "email_sends"), ("finance", "exchange_rates"), ("finance", "headcount"),
        ("finance", "manual_values"), ("helpdesk", "agent_shifts"), ("helpdesk", "ticket_replies"),
        ("helpdesk", "tickets"), ("shop", "customers"), ("shop", "inventory_movements"), ("shop", "order_lines"),
        ("shop", "orders"), ("shop", "products"), ("shop", "refunds"), ("shop", "reviews"), ("shop", "subscriptions"),
        ("social", "social_followers"), ("social", "social_posts"), ("surveys", "survey_responses"),
        ("web", "touchpoints"), ("web", "web_sessions"),
    ]  # fmt: skip
