"""Asset keys and groups: one rule for the whole graph, so that lineage runs from a raw file to the published snapshot."""

from __future__ import annotations

import dagster as dg

KPI_GROUP = "kpi"
CLOSING_GROUP = "closing"
CLOCK = dg.AssetKey(["mart", "clock"])
WATERMARKS = dg.AssetKey(["mart", "source_watermarks"])
DIM_KPI = dg.AssetKey(["mart", "dim_kpi"])
KPI_VALUES = dg.AssetKey(["mart", "kpi_values"])
KPI_STATUS = dg.AssetKey(["mart", "kpi_status"])
KPI_PROJECTION = dg.AssetKey(["mart", "kpi_projection"])
CAMPAIGNS = dg.AssetKey(["mart", "campaign_performance"])
SWINGS = dg.AssetKey(["mart", "swings"])
ALERTS = dg.AssetKey(["mart", "alerts"])
KPI_TREE = dg.AssetKey(["mart", "kpi_tree"])
GOAL_CASCADE = dg.AssetKey(["mart", "goal_cascade"])
KPI_PAIRS = dg.AssetKey(["mart", "kpi_pairs"])
GUARDRAIL_FLAGS = dg.AssetKey(["mart", "kpi_guardrail_flags"])
SCORECARD_SCORES = dg.AssetKey(["mart", "scorecard_scores"])
KPI_SETS = dg.AssetKey(["mart", "kpi_sets"])
OKR_PROGRESS = dg.AssetKey(["mart", "okr_progress"])
RECONCILIATION = dg.AssetKey(["mart", "reconciliation"])
PUBLISHED = dg.AssetKey(["published", "current"])

# Every asset can be asked for a range of days and then runs once for all of them.
SINGLE_RUN = dg.BackfillPolicy.single_run()


def raw_key(source: str, table: str) -> dg.AssetKey:
    """Key of a raw table: the schema and the table that it is in the warehouse."""
    return dg.AssetKey([f"raw_{source}", table])


def model_key(schema: str, name: str) -> dg.AssetKey:
    """Key of a dbt model: its schema and its name."""
    return dg.AssetKey([schema, name])


def team(domain: str) -> str:
    """Owner shown in Dagster for everything of one domain."""
    return f"team:{domain}"
