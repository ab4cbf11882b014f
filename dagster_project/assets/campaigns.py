"""What each campaign cost and brought, as an asset. The arithmetic is in ``metrics.campaigns``."""

import dagster as dg

from dagster_project.assets.keys import CAMPAIGNS, KPI_GROUP, KPI_STATUS, SINGLE_RUN, team
from dagster_project.assets.kpis import measured_models
from dagster_project.failures import expected_errors
from dagster_project.resources import WorkspaceRun
from metrics.campaigns import write_campaigns
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace


def campaigns_asset(ws: Workspace) -> dg.AssetsDefinition:
    """mart.campaign_performance, after the status, which keeps the targets' seasons."""

    @dg.asset(
        key=CAMPAIGNS, deps=[KPI_STATUS, *measured_models(ws)], group_name=KPI_GROUP, owners=[team("data")],
        kinds={"duckdb"}, backfill_policy=SINGLE_RUN,
        description="One row per closed month or quarter, channel and campaign: spend, results, CAC, ROAS, CPA on target.",
    )  # fmt: skip
    def campaign_performance(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        ws = workspace.workspace
        with expected_errors(), open_warehouse(ws) as con:
            rows = write_campaigns(con, ws, workspace.definitions.layer, workspace.definitions.catalogue)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return campaign_performance
