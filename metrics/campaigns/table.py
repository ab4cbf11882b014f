"""`mart.campaign_performance`: its columns and what they mean. Written anew by every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

TABLE = "campaign_performance"
GRAINS = ("month", "quarter")
# The group-by items; a workspace that guards one of them publishes no row.
DIMENSIONS = ("channel", "campaign")
# Metrics as they stand, with the type of their column.
MEASURES = {
    "ad_spend": "double",
    "impressions": "bigint",
    "clicks": "bigint",
    "ad_conversions": "double",
    "sessions": "bigint",
    "orders": "bigint",
    "new_customers": "bigint",
    "ad_attributed_orders": "bigint",
    "ad_attributed_revenue": "double",
}
# KPIs that are judged against a target.
JUDGED = ("cac", "roas", "cpa")
KEY = ("grain", "period_start", "period_end", *DIMENSIONS, "currency")
_JUDGED_PARTS = {"": "double", "_n": "bigint", "_target": "double", "_target_scope": "text", "_status": "text"}
COLUMNS = {
    "grain": "text not null",
    "period_start": "date not null",
    "period_end": "date not null",
    "channel": "text",
    "campaign": "text",
    "currency": "text not null",
    **MEASURES,
    **{f"{kpi}{part}": kind for kpi in JUDGED for part, kind in _JUDGED_PARTS.items()},
}

_ABOUT = (
    "One row per closed month or quarter, channel and campaign in which anything was spent or happened. A period is closed "
    "when every source of the columns has delivered it"
)
_COLUMN_ABOUT = {
    "channel": "NULL where the source names none",
    "campaign": "NULL where the source names none, as of most visits that nobody advertised for",
    "ad_spend": "In the currency of the workspace; NULL where nothing is known to be spent, which is not 0",
    "ad_conversions": "As the advertising platforms count them, by their own day",
    "sessions": "Visits that came by the campaign; NULL where none is known",
    "orders": "Orders that name the campaign themselves",
    "new_customers": "Customers whose first order names the campaign",
    "ad_attributed_orders": "Orders whose last non-direct touch within 30 days was the campaign, on an advertised channel",
    "ad_attributed_revenue": "Goods sold before refunds in those orders",
    "cac": "ad_spend / new_customers, both of the row; NULL where either is missing",
    "roas": "ad_attributed_revenue / ad_spend",
    "cpa": "ad_spend / ad_conversions",
    **{f"{kpi}_n": "Observations behind the value; below the KPI''s minimum_n the status is too_few" for kpi in JUDGED},
    **{f"{kpi}_target": "What the period had to reach: the narrowest target there is" for kpi in JUDGED},
    **{f"{kpi}_target_scope": "Whose target it is: campaign, channel or company" for kpi in JUDGED},
    **{
        f"{kpi}_status": "on_track, at_risk, off_track, too_few (below minimum_n), no_data (no value), no_target, too_early "
        "(cohort still grows); NULL where the KPI is not connected"
        for kpi in JUDGED
    },
}


def ensure_campaign_table(con: duckdb.DuckDBPyConnection) -> None:
    """Create it anew, empty, with comments."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create or replace table mart.{TABLE} ({columns})")
    con.execute(f"comment on table mart.{TABLE} is '{_ABOUT}'")
    for name, about in _COLUMN_ABOUT.items():
        con.execute(f"comment on column mart.{TABLE}.{name} is '{about}'")
