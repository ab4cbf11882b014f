"""Every asset of the demo company and its group, written by hand: what Dagster must show, no more and no less."""

from __future__ import annotations

# Every raw table of the demo company by group and source.
RAW = {
    "marketing": {
        "ads": "ad_performance", "web": "sessions touchpoints", "email": "campaign_sends", "social": "followers posts",
        "content": "published video_views",
    },
    "sales": {
        "shop": "customers inventory_movements order_lines orders products promotions refunds reviews subscriptions",
        "crm": "leads opportunities opportunity_stages quotas sales_activities",
        "finance": "exchange_rates headcount manual_values",
    },
    "support": {"helpdesk": "agent_shifts ticket_replies tickets", "surveys": "brand_recall csat employees nps"},
}  # fmt: skip
ENTITIES = {
    "marketing": "ad_performance content_items email_sends leads social_followers social_posts touchpoints video_views web_sessions",
    "sales": "customers exchange_rates headcount inventory_movements manual_values opportunities opportunity_stages order_lines"
    " orders products quotas refunds reviews sales_activities subscriptions",
    "support": "agent_shifts host_messages survey_responses ticket_replies tickets",
}
CORE = {
    "marketing": "fct_ad_performance fct_content_items fct_email_sends fct_leads fct_order_attribution fct_social_followers"
    " fct_social_posts fct_touchpoints fct_video_views fct_web_sessions fct_web_sessions_daily metrics_content_daily"
    " metrics_marketing_daily",
    "sales": "dim_customers dim_products fct_customer_activations fct_customer_first_orders fct_customer_values fct_deliveries"
    " fct_headcount fct_inventory_movements fct_manual_values fct_opportunities fct_order_lines fct_orders fct_pipeline_daily"
    " fct_refunds fct_reviews fct_sales_activities fct_sales_results fct_subscriptions fct_subscriptions_daily metrics_sales_daily",
    "support": "fct_agent_shifts fct_host_messages fct_staffed_days fct_survey_responses fct_ticket_backlog fct_tickets"
    " metrics_support_daily",
    "shared": "dim_campaigns dim_channels dim_countries dim_dates dim_mediums dim_product_categories dim_regions dim_sources"
    " time_spine_daily",
}
MART = {
    "closing": "clock source_watermarks",
    "kpi": "alerts campaign_performance dim_kpi goal_cascade kpi_guardrail_flags kpi_pairs kpi_projection kpi_sets kpi_status"
    " kpi_tree kpi_values okr_progress reconciliation scorecard_scores swings",
}


def expected_groups() -> dict[str, str]:
    """Group by asset key of the whole demo company."""
    found = {"published/current": "published", "intermediate/int_exchange_rates__daily": "sales",
             "intermediate/int_watermarks__by_entity": "shared", "intermediate/int_reconciliation__steps": "shared",
             "intermediate/int_versions__undecided": "shared"}  # fmt: skip
    for group, sources in RAW.items():
        found |= {f"raw_{source}/{table}": group for source, tables in sources.items() for table in tables.split()}
    for group, names in ENTITIES.items():
        found |= {f"staging/stg_mapped__{name}": group for name in names.split()}
        found |= {f"intermediate/int_{name}__unioned": group for name in names.split()}
    for schema, groups in (("core", CORE), ("mart", MART)):
        found |= {f"{schema}/{name}": group for group, names in groups.items() for name in names.split()}
    return found
