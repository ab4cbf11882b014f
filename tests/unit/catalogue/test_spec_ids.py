"""Every number that the specification's catalogue names is defined, checked against an independent truth, and owned.

The ids are written out here, one table of the specification after the other: what is taken out of the product fails.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml

from metrics.catalogue.load import SHIPPED
from tests.soundness.test_demo_values import METRICS
from tests.unit.catalogue.test_shipped import SEMANTIC

IDS = {
    "reach": "impressions clicks ad_spend emails_sent sessions visitors page_views traffic_source_share social_traffic"
    " blog_posts_published",
    "engagement": "ctr email_open_rate email_click_rate bounce_rate pages_per_session engagement_index"
    " social_influence_index social_shares cta_response_rate video_views video_completion_rate_3s"
    " video_completion_rate_15s video_completion_rate_30s social_followers new_followers scroll_depth",
    "conversion": "orders gross_revenue revenue revenue_by_order_date conversion_rate form_conversion_rate add_to_cart_rate"
    " checkout_rate average_order_value revenue_growth brand_recall repurchase_rate_30d return_rate item_return_rate"
    " review_rating positive_review_share activation_rate lead_to_deal_rate",
    "efficiency": "cpc cpm cpl cpa cac roas marketing_roi gross_margin net_profit_margin customer_lifetime_value"
    " ltv_to_cac cac_payback_days mrr mrr_growth churn_rate retention_rate",
    "pipeline": "leads valid_leads qualified_leads accepted_leads valid_lead_rate mql_to_sql_rate sales_acceptance_score"
    " opportunity_win_rate sales_cycle_days calls emails_to_prospects meetings pipeline_value quota_attainment",
    "service": "tickets_created tickets_solved ticket_backlog first_response_minutes first_response_minutes_p90"
    " resolution_hours resolution_hours_p90 host_response_minutes first_contact_resolution_rate csat nps agents_on_shift",
    "operations": "on_time_delivery_rate minutes_ahead_of_promise average_shipping_cost inventory_loss_rate"
    " employee_turnover_rate employee_retention_rate employee_satisfaction",
    "typed_in": "market_share return_on_assets",
}
ALL = [name for names in IDS.values() for name in names.split()]
# The demo company is no marketplace: checked on a company that is one.
CHECKED_ELSEWHERE = {
    "host_response_minutes": ("tests.integration.test_marketplace", "test_the_median_of_answered_questions")
}
# Counts that nobody answers for: they tell how much happened, and are parts of the rates that somebody owns.
PLAIN = {"impressions", "clicks", "emails_sent", "page_views", "tickets_created", "tickets_solved"}


@pytest.fixture(scope="module")
def defined() -> dict[str, Any]:
    """Metrics of dbt's YAML by name."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in SEMANTIC.glob("*.yml")]
    return {metric["name"]: metric for found in files for metric in found.get("metrics") or ()}


@pytest.fixture(scope="module")
def owned() -> set[str]:
    """Ids of the KPI files that ship."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in SHIPPED.glob("*.yml")]
    return {kpi["id"] for found in files for kpi in found.get("kpis") or ()}


def test_every_id_is_listed_once() -> None:
    assert len(ALL) == len(set(ALL)) == 95


@pytest.mark.parametrize("name", ALL)
def test_every_id_is_a_metric_that_is_checked_and_owned(name: str, defined: dict[str, Any], owned: set[str]) -> None:
    assert name in defined, f"{name} is no metric in {SEMANTIC.name}/*.yml"
    assert len(defined[name]["description"]) > 10
    assert (name in METRICS) != (name in CHECKED_ELSEWHERE), f"{name} is checked by no truth"
    assert (name in owned) != (name in PLAIN), f"{name} has no KPI file, or is called plain although it has one"


@pytest.mark.parametrize("name", sorted(CHECKED_ELSEWHERE))
def test_what_is_checked_elsewhere_is_checked_by_a_test_that_exists(name: str) -> None:
    module, test = CHECKED_ELSEWHERE[name]
    assert callable(getattr(importlib.import_module(module), test))


def test_only_counts_are_without_an_owner(defined: dict[str, Any]) -> None:
    """A rate or an outcome without a KPI file would be judged by nobody."""
    kinds = {(defined[name]["type"], defined[name]["config"]["meta"]["additivity"]) for name in PLAIN}
    assert kinds == {("simple", "additive")}
