"""The reconciliation of every source as an asset. What is counted is in the dbt view it reads and in ``metrics``."""

import dagster as dg

from dagster_project.assets.keys import KPI_GROUP, RECONCILIATION, SINGLE_RUN, WATERMARKS, model_key, team
from dagster_project.failures import expected_errors
from dagster_project.resources import WorkspaceRun
from metrics.reconciliation import write_reconciliation
from metrics.warehouse import open_warehouse

STEPS = model_key("intermediate", "int_reconciliation__steps")
VERSIONS = model_key("intermediate", "int_versions__undecided")


def reconciliation_asset() -> dg.AssetsDefinition:
    """mart.reconciliation, counted anew by every run: what was changed behind the pipeline's back is found, too."""

    @dg.asset(
        key=RECONCILIATION, deps=[STEPS, VERSIONS, WATERMARKS], group_name=KPI_GROUP, owners=[team("data")],
        kinds={"duckdb"}, backfill_policy=SINGLE_RUN,
        description="Per source and entity: rows and amounts from the file to the daily metric table, with every difference"
        " by name, and beside them the vendor's own totals.",
    )  # fmt: skip
    def reconciliation(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        with expected_errors(), open_warehouse(workspace.workspace) as con:
            rows = write_reconciliation(con, workspace.workspace)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return reconciliation
