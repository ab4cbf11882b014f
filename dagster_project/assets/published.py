"""The last step: a snapshot that readers can query while the next run writes."""

from collections.abc import Iterable

import dagster as dg

from dagster_project.assets.alignment import ALIGNED, SCORED
from dagster_project.assets.keys import (
    ALERTS,
    CAMPAIGNS,
    DIM_KPI,
    KPI_PROJECTION,
    KPI_STATUS,
    KPI_VALUES,
    PUBLISHED,
    RECONCILIATION,
    SINGLE_RUN,
    SWINGS,
    WATERMARKS,
    team,
)
from dagster_project.automation.jobs import DAILY_JOB
from dagster_project.failures import expected_errors
from dagster_project.resources import WorkspaceRun, progress
from metrics.warehouse import open_warehouse
from serving.publish import log_publish, publish


def published_asset(tables: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """The published snapshot: DuckDB file, Parquet, and the ``current`` link switched to them in one step.

    ``tables``: what is published without any KPI table being computed from it.
    """

    @dg.asset(
        key=PUBLISHED,
        deps=[
            DIM_KPI, WATERMARKS, KPI_STATUS, KPI_PROJECTION, CAMPAIGNS, SWINGS, ALERTS, RECONCILIATION, *ALIGNED,
            *SCORED, *tables,
            dg.AssetDep(KPI_VALUES, partition_mapping=dg.AllPartitionMapping()),
        ],
        group_name="published", owners=[team("data")], kinds={"duckdb", "parquet"}, backfill_policy=SINGLE_RUN,
        description="published/current.duckdb and Parquet: what BI tools, the API and the command line read.",
    )  # fmt: skip
    def published(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        ws = workspace.workspace
        with expected_errors(), workspace.warehouse_closed():
            with open_warehouse(ws) as con:
                log_publish(con, context.run.run_id)
            catalogue = workspace.definitions.catalogue if ws.small_cells else None
            snapshot = publish(ws, context.run.run_id, catalogue=catalogue)
        # A run of some assets only leaves the others as they were.
        if context.run.job_name == DAILY_JOB and not context.run.asset_selection:
            workspace.remember_as_done()
        progress(context)(f"published {snapshot.path.name}")
        return dg.MaterializeResult(
            metadata={"dagster/row_count": snapshot.rows, "file": dg.MetadataValue.path(str(snapshot.path))}
        )

    return published
