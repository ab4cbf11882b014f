"""Routed equals raw: every shipped metric by day, week and month, in total and by every dimension that it reaches."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from metrics.semantic import Query, SemanticLayer
from tests.conftest import BuiltWorkspace
from tests.soundness.demo_metricflow import Question, compare, dimensions_of

pytestmark = pytest.mark.integration

GRAINS = ("day", "week", "month", "quarter", "year")
DAILY_TABLES = {f"core.metrics_{name}_daily" for name in ("marketing", "content", "sales", "support")}
# Metrics that no daily table can hold: their days cannot be put together.
NEVER = {
    *("first_response_minutes", "first_response_minutes_p90", "resolution_hours", "resolution_hours_p90"),
    *("host_response_minutes", "ticket_backlog", "headcount", "headcount_at_start", "headcount_months", "staffed_days"),
    *("visitors", "engaged_visitors", "observed_visitors", "engagement_index", "social_followers"),
    *("sales_cycle_days", "pipeline_value", "open_opportunities"),
}
# Metrics that could be held and are not: their facts are small, or are read by no other metric of a daily table.
NOT_HELD = {
    *("agent_days", "agents_on_shift", "host_questions", "host_answers"),
    *("csat_invitations", "csat_invitations_answered", "csat_response_rate"),
    *("deliveries_with_promise", "deliveries_on_time", "on_time_delivery_rate"),
    *("delivery_minutes_ahead", "minutes_ahead_of_promise"),
    *("shipping_cost", "orders_with_shipping_cost", "average_shipping_cost"),
    *("inventory_units_lost", "inventory_units_out", "inventory_loss_rate"),
    *("headcount_month_sum", "mean_headcount", "employees_left", "employee_turnover_rate"),
    *("employees_stayed", "employee_retention_rate"),
    *("employee_answers", "employee_satisfaction_points", "employee_satisfaction"),
    *("ratings", "rating_stars", "positive_ratings", "review_rating", "positive_review_share"),
    *("signups_mature", "signups_activated", "activation_rate"),
    *(
        "cohort_customers",
        "cohort_gross_profit",
        "cohort_first_order_profit",
        "customer_lifetime_value",
        "first_order_profit",
    ),
    *("active_subscriptions", "subscriptions_at_start", "new_subscriptions", "cancelled_subscriptions"),
    *("mrr", "mrr_at_start", "new_mrr", "churned_mrr", "retained_mrr", "mrr_growth", "churn_rate", "retention_rate"),
    *("operating_costs", "market_share", "market_share_entries", "market_share_weighted", "market_share_weight"),
    *("return_on_assets", "return_on_assets_entries", "return_on_assets_weighted", "return_on_assets_weight"),
}
SPENT = ("core.metrics_marketing_daily", "core.metrics_sales_daily")


@pytest.fixture(scope="module")
def con(demo: BuiltWorkspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{demo.published.resolve()}' as warehouse (read_only)")
        connection.execute("use warehouse; set threads = 1")
        yield connection


@pytest.fixture(scope="module")
def layer(demo: BuiltWorkspace) -> SemanticLayer:
    return SemanticLayer.from_manifest(demo.root / "published" / "parquet" / "current" / "semantic_manifest.json")


def _reads(layer: SemanticLayer, query: Query) -> set[str]:
    return {fact.relation for fact in layer.explain(query).facts}


@pytest.mark.parametrize("grain", GRAINS)
def test_routed_equals_raw(grain: str, con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    (first, last), problems, routed = (
        con.execute("select min(date_day), max(date_day) from core.time_spine_daily").fetchall()[0],
        [],
        set(),
    )
    for metric in layer.metrics:
        if f"metric_time__{grain}" not in layer.dimensions(metric):
            continue
        for name in (None, *dimensions_of(layer, metric)):
            question = Question((metric,), grain, name)
            query = Query([metric], question.keys, start=first, end=last)
            if not _reads(layer, query) & DAILY_TABLES:
                continue
            routed.add((metric, name))
            raw = Query([metric], question.keys, start=first, end=last, raw=True)
            problems += [f"{metric} by {name}: {line}" for line in _compared(con, layer, question, query, raw)]
    assert problems == []
    in_total = {metric for metric, name in routed if name is None}
    reaching = {metric for metric in layer.metrics if f"metric_time__{grain}" in layer.dimensions(metric)}
    assert in_total == reaching - NEVER - NOT_HELD
    assert {("orders", "channel"), ("sessions", "session__device"), ("tickets_created", "ticket__team")} <= routed
    assert ("orders", "session__device") not in routed


def _compared(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, question: Question, query: Query, raw: Query
) -> tuple[str, ...]:
    return compare(con, question, layer.compile(query), layer.compile(raw)).problems


def test_a_kpi_of_two_tables_reads_no_fact(layer: SemanticLayer) -> None:
    assert _reads(layer, Query(["conversion_rate", "cac"], ["metric_time__day", "channel"])) == set(SPENT)
