"""The dbt project as parsed with no workspace: documented, tested, under contract; every metric there and compilable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from metrics.catalogue import check_catalogue, read_lineage
from metrics.semantic import Query, SemanticLayer
from tests.contract.dbt_project_runs import PROJECT, DbtDatabase
from tests.soundness.metricflow_oracle import MetricFlow

METRICS = set(
    """
    impressions clicks ad_spend ctr cpc
    sessions page_views bounced_sessions bounce_rate add_to_cart_sessions add_to_cart_rate
    orders gross_revenue refunds revenue conversion_rate average_order_value new_customers cac revenue_growth
    leads valid_leads valid_lead_rate deals_won_from_leads lead_to_deal_rate
    opportunities_won opportunities_closed opportunity_win_rate
    qualified_leads accepted_leads qualified_leads_accepted mql_to_sql_rate rated_leads sales_rating_points sales_acceptance_score
    sales_cycles_known sales_cycle_days calls emails_to_prospects meetings pipeline_value open_opportunities
    won_amount sales_quota quotas_set quota_attainment
    orders_with_refund return_rate refunded_items items_sold item_return_rate
    first_orders_mature first_orders_repeated repurchase_rate_30d
    tickets_created tickets_solved first_responses first_response_minutes
    visitors engaged_visitors observed_visitors engagement_index social_traffic traffic_source_share pages_per_session
    scroll_depth_sum sessions_with_scroll_depth scroll_depth forms_submitted form_conversion_rate
    cta_impressions cta_interactions cta_response_rate checkout_rate
    thousand_impressions cpm ad_conversions cpa cpl
    ad_attributed_orders ad_attributed_revenue ad_attributed_gross_profit roas marketing_profit marketing_roi
    emails_sent emails_delivered email_opens email_clicks email_open_rate email_click_rate
    social_posts social_reactions social_shares social_influence_index social_followers new_followers
    content_items blog_posts_published brand_recall_answers brand_recalled brand_recall
    video_impressions video_views video_views_15s video_views_30s
    video_completion_rate_3s video_completion_rate_15s video_completion_rate_30s
    tickets_solved_at_first_contact first_contact_resolution_rate
    csat_answers csat_satisfied csat nps_answers nps_promoters nps_detractors nps_points nps
    refunds_by_order_date revenue_by_order_date cost_of_goods gross_profit gross_margin operating_costs net_profit
    net_profit_margin market_share market_share_entries market_share_weighted market_share_weight
    return_on_assets return_on_assets_entries return_on_assets_weighted return_on_assets_weight
    ratings rating_stars positive_ratings review_rating positive_review_share
    signups_mature signups_activated activation_rate
    cohort_customers cohort_gross_profit cohort_first_order_profit customer_lifetime_value first_order_profit
    ltv_to_cac cac_payback_days
    active_subscriptions subscriptions_at_start new_subscriptions cancelled_subscriptions mrr mrr_at_start new_mrr churned_mrr
    retained_mrr mrr_growth churn_rate retention_rate
    first_response_minutes_p90 resolution_hours resolution_hours_p90 ticket_backlog agent_days staffed_days agents_on_shift
    csat_invitations csat_invitations_answered csat_response_rate host_questions host_answers host_response_minutes
    deliveries_with_promise deliveries_on_time on_time_delivery_rate delivery_minutes_ahead minutes_ahead_of_promise
    shipping_cost orders_with_shipping_cost average_shipping_cost
    inventory_units_lost inventory_units_out inventory_loss_rate
    headcount headcount_at_start headcount_months headcount_month_sum mean_headcount employees_left employee_turnover_rate
    employees_stayed employee_retention_rate employee_answers employee_satisfaction_points employee_satisfaction
""".split()  # noqa: SIM905
)
UNITS = {"count", "currency", "ratio", "minutes", "hours", "days", "score"}
ADDITIVITY = {"additive", "ratio", "share", "stock", "distinct", "quantile", "derived"}
CLOCK = re.compile(r"\b(now\s*\(|today\s*\(|current_date|current_timestamp|getdate\s*\()", re.IGNORECASE)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Target folder of a bare parse: no workspace, no variables, every warning an error."""
    database = DbtDatabase(tmp_path_factory.mktemp("parsed"), {})
    database.dbt("parse")
    return database.target


@pytest.fixture(scope="module")
def manifest(target: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def metrics(target: Path) -> dict[str, dict[str, Any]]:
    semantic = json.loads((target / "semantic_manifest.json").read_text(encoding="utf-8"))
    return {metric["name"]: metric for metric in semantic["metrics"]}


@pytest.fixture(scope="module")
def metricflow(target: Path) -> MetricFlow:
    return MetricFlow(target / "semantic_manifest.json")


@pytest.fixture(scope="module")
def layer(target: Path) -> SemanticLayer:
    return SemanticLayer.from_manifest(target / "semantic_manifest.json")


def _models(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (node for node in manifest["nodes"].values() if node["resource_type"] == "model")


def test_every_model_states_its_grain_first(manifest: dict[str, Any]) -> None:
    wrong = [model["name"] for model in _models(manifest) if not model["description"].startswith("One row per ")]
    assert not wrong


def test_every_column_is_described(manifest: dict[str, Any]) -> None:
    bare = [
        f"{model['name']}.{column['name']}"
        for model in _models(manifest)
        for column in model["columns"].values()
        if not column["description"]
    ]
    assert not bare
    assert all(model["columns"] for model in _models(manifest))


def test_every_model_is_tested(manifest: dict[str, Any]) -> None:
    tested = {
        parent
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        for parent in node["depends_on"]["nodes"]
    }
    # The reconciliation is tested by the check adds_up of the table that is made of it; a dbt test would count all again.
    # The undecided versions are a finding and no table: a dbt test would rank every mapping again, whether it repeats keys or not.
    untested = [model["name"] for model in _models(manifest) if model["unique_id"] not in tested]
    assert sorted(untested) == ["int_reconciliation__steps", "int_versions__undecided"]


def test_core_is_under_contract_and_layers_have_their_schema(manifest: dict[str, Any]) -> None:
    for model in _models(manifest):
        layer = model["fqn"][1]
        assert model["schema"] == layer, model["name"]
        assert model["config"]["contract"]["enforced"] == (layer == "core"), model["name"]
        assert model["database"] == ("raw" if layer == "staging" else "warehouse"), model["name"]


def test_facts_have_a_business_date_and_name_their_entities(manifest: dict[str, Any]) -> None:
    for model in _models(manifest):
        if model["name"].startswith("fct_"):
            assert model["columns"]["business_date"]["data_type"] == "date", model["name"]
            assert model["config"]["meta"]["entities"], model["name"]


def test_personal_data_leave_staging_only_as_hashes(manifest: dict[str, Any]) -> None:
    for model in _models(manifest):
        if model["fqn"][1] == "core":
            assert not {"email", "phone"} & set(model["columns"]), model["name"]


def test_no_sql_reads_the_machines_clock() -> None:
    files = [*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("macros/**/*.sql"), *PROJECT.glob("tests/**/*.sql")]
    assert files
    assert not [path.name for path in files if CLOCK.search(path.read_text(encoding="utf-8"))]


def test_no_select_star_and_no_ordinals() -> None:
    pattern = re.compile(r"select\s+(\w+\.)?\*|\.\*,|(group|order) by\s+\d", re.IGNORECASE)
    files = [*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("macros/**/*.sql")]
    assert not [path.name for path in files if pattern.search(path.read_text(encoding="utf-8"))]


def test_every_listed_metric_is_in_the_semantic_manifest(metrics: dict[str, Any]) -> None:
    """dbt-core 1.11 ignores the newer semantic YAML without a word."""
    assert set(metrics) == METRICS


@pytest.mark.parametrize("name", sorted(METRICS))
def test_metric_is_described(name: str, metrics: dict[str, dict[str, Any]]) -> None:
    metric = metrics[name]
    meta = metric["config"]["meta"]
    assert metric["description"]
    assert metric["label"]
    assert set(meta["label"]) == {"en", "zh"}
    assert re.search(r"[\u4e00-\u9fff]", meta["label"]["zh"]), "the Chinese label holds no Chinese"
    assert meta["unit"] in UNITS
    assert meta["direction"] in {"up", "down", "none"}
    assert meta["additivity"] in ADDITIVITY
    assert isinstance(meta["segments"], list)
    if meta["additivity"] == "quantile" or name in ("csat", "nps", "brand_recall"):
        assert meta["n"] in metrics


@pytest.mark.parametrize("name", sorted(METRICS))
def test_both_compilers_answer_by_day_and_by_each_segment(
    name: str, metrics: dict[str, dict[str, Any]], metricflow: MetricFlow, layer: SemanticLayer
) -> None:
    for segment in ("", *metrics[name]["config"]["meta"]["segments"]):
        group_by = ["metric_time__day", *([segment] if segment else [])]
        assert metricflow.compile([name], group_by)
        assert layer.compile(Query(metrics=[name], group_by=group_by), dialect="duckdb")


def test_the_kpi_files_that_ship_pass_over_the_metrics_that_ship(layer: SemanticLayer, target: Path) -> None:
    ws: Any = SimpleNamespace(root=PROJECT.parent / "data" / "demo", mapped_entities=set, small_cells=None)
    catalogue, findings = check_catalogue(ws, layer, read_lineage(target / "manifest.json"))
    assert [str(finding) for finding in findings] == []
    # among them rates of one base, which share what both are divided by
    leaders = {(kpi.id, leader.kpi) for kpi in catalogue.kpis.values() for leader in kpi.leading_indicators}
    assert {("conversion_rate", "add_to_cart_rate"), ("revenue", "sessions"), ("nps", "csat")} <= leaders


def test_facts_meet_under_a_filter_on_the_device(metricflow: MetricFlow, layer: SemanticLayer) -> None:
    names, group_by = ["revenue", "conversion_rate"], ["metric_time__month", "channel"]
    where = ["{{ Dimension('session__device') }} = 'mobile'"]
    start, end = date(2024, 1, 1), date(2024, 12, 31)
    assert metricflow.compile(names, group_by, where, start, end)
    query = Query(metrics=names, group_by=group_by, where=where, start=start, end=end)
    assert layer.compile(query, dialect="duckdb")


def test_a_workspace_adds_its_own_models_and_metrics(tmp_path: Path) -> None:
    models, semantic = tmp_path / "models", tmp_path / "semantic"
    models.mkdir()
    semantic.mkdir()
    (models / "own_orders.sql").write_text("select order_id, business_date from {{ ref('fct_orders') }}\n", encoding="utf-8")
    (models / "own_orders.yml").write_text(
        "models:\n  - name: own_orders\n    description: One row per order\n", encoding="utf-8"
    )
    (semantic / "own.yml").write_text(
        """
semantic_models:
  - name: own_orders
    model: ref('own_orders')
    defaults: {agg_time_dimension: business_date}
    entities: [{name: own_order, type: primary, expr: order_id}]
    dimensions: [{name: business_date, type: time, type_params: {time_granularity: day}}]
    measures: [{name: own_orders, agg: sum, expr: "1"}]
metrics:
  - {name: own_orders, label: Own orders, type: simple, type_params: {measure: own_orders}}
""",
        encoding="utf-8",
    )
    database = DbtDatabase(
        tmp_path, {"BELLWETHER_WORKSPACE_MODELS": str(models), "BELLWETHER_WORKSPACE_SEMANTIC": str(semantic)}
    )
    database.dbt("parse")
    manifest = json.loads((database.target / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["nodes"]["model.bellwether.own_orders"]["schema"] == "core"
    assert "metric.bellwether.own_orders" in manifest["metrics"]
