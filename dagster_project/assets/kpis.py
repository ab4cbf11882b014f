"""The KPI tables as assets: definitions, values, status, projection, swings, alerts. The arithmetic is in ``metrics``."""

import json
from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from dagster_project import dbt_runner
from dagster_project.assets.dbt import FULL_REFRESH_TAG
from dagster_project.assets.keys import (
    ALERTS,
    CLOCK,
    DIM_KPI,
    KPI_GROUP,
    KPI_PROJECTION,
    KPI_STATUS,
    KPI_VALUES,
    SINGLE_RUN,
    SWINGS,
    WATERMARKS,
    model_key,
    team,
)
from dagster_project.failures import expected_errors
from dagster_project.lookback import lookback_window
from dagster_project.partitions import daily_partitions, requested_window
from dagster_project.resources import WorkspaceRun, progress
from metrics.alerts import evaluate_swings
from metrics.forecast import write_projection
from metrics.values import (
    StatusReport,
    append_targets,
    clear_pending,
    compute_values,
    pending_windows,
    write_definitions,
    write_status,
)
from metrics.values.rows import workspace_today
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace

TARGETS_CHECK = "targets"
_MOST_DAYS_TOLD_AGAIN = 62
_DAYS_WRITTEN = "select distinct period_start from mart.kpi_values where run_id = ? and grain = 'day' order by 1"


def kpi_assets(ws: Workspace) -> list[dg.AssetsDefinition]:
    """dim_kpi, kpi_values, kpi_status, kpi_projection, swings and alerts."""
    return [_dim_kpi(), _kpi_values(ws), _kpi_status(), _kpi_projection(), _alerts()]


def measured_models(ws: Workspace) -> list[dg.AssetKey]:
    """Keys of the dbt models that metrics are computed from."""
    manifest = json.loads(dbt_runner.ensure_manifest(ws).read_text())
    used = {node for model in manifest["semantic_models"].values() for node in model["depends_on"]["nodes"]}
    nodes = [manifest["nodes"][unique_id] for unique_id in sorted(used)]
    return [model_key(node["schema"], node["name"]) for node in nodes]


def _dim_kpi() -> dg.AssetsDefinition:
    @dg.asset(
        key=DIM_KPI, deps=[WATERMARKS], group_name=KPI_GROUP, owners=[team("data")], kinds={"duckdb"},
        backfill_policy=SINGLE_RUN,
        description="One row per metric and KPI: names, formula, owner, targets and what it needs to be connected.",
    )  # fmt: skip
    def dim_kpi(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        ws = workspace.workspace
        with expected_errors(), open_warehouse(ws) as con:
            catalogue = workspace.definitions.catalogue
            rows = write_definitions(con, catalogue, ws.known_promotions)
            targets = append_targets(con, catalogue, context.run.run_id)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows, "targets appended": targets})

    return dim_kpi


def _kpi_values(ws: Workspace) -> dg.AssetsDefinition:
    partitions = daily_partitions(ws)

    @dg.asset(
        key=KPI_VALUES, deps=[DIM_KPI, CLOCK, WATERMARKS, *measured_models(ws)], partitions_def=partitions,
        group_name=KPI_GROUP, owners=[team("data")], kinds={"duckdb"}, backfill_policy=SINGLE_RUN,
        description="Every metric by day, week, month and quarter, in total and per segment; append-only.",
    )  # fmt: skip
    def kpi_values(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        ws, say = workspace.workspace, progress(context)
        requested = requested_window(context)
        with expected_errors(), open_warehouse(ws) as con:
            layer, catalogue = workspace.definitions.layer, workspace.definitions.catalogue
            asked = requested or lookback_window(context.run.tags, workspace_today(con))
            pending = pending_windows(con, ws, layer, catalogue, asked)
            windows = None if FULL_REFRESH_TAG in context.run.tags else pending
            changes = compute_values(con, ws, layer, catalogue, windows, context.run.run_id, say)
            clear_pending(con)
            days = con.execute(_DAYS_WRITTEN, [context.run.run_id]).fetchall()
            rows = con.execute("select count(*) from mart.kpi_values").fetchone()[0]
        if requested is None:
            _mark_days(context, partitions, [day for (day,) in days])
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "rows appended": changes.appended,
                "rows restated": changes.restated,
                "rows removed": changes.removed,
            }
        )

    return kpi_values


def _mark_days(context: dg.AssetExecutionContext, partitions: dg.DailyPartitionsDefinition, days: Sequence[date]) -> None:
    """Tell Dagster which days a run without a range has brought up to date.

    An event costs some ten milliseconds: after a recomputation of years, only the days it does not know yet are told.
    """
    keys = {day.isoformat() for day in days} & set(partitions.get_partition_keys())
    if len(keys) > _MOST_DAYS_TOLD_AGAIN:
        keys -= context.instance.get_materialized_partitions(KPI_VALUES)
    for key in sorted(keys):
        context.log_event(dg.AssetMaterialization(KPI_VALUES, partition=key))


def _kpi_status() -> dg.AssetsDefinition:
    @dg.asset(
        key=KPI_STATUS, deps=[dg.AssetDep(KPI_VALUES, partition_mapping=dg.AllPartitionMapping())],
        group_name=KPI_GROUP, owners=[team("data")], kinds={"duckdb"}, backfill_policy=SINGLE_RUN,
        check_specs=[dg.AssetCheckSpec(TARGETS_CHECK, asset=KPI_STATUS, description="Every target can be used.")],
        description="One row per KPI, grain and segment with a target: the last closed period against it, and the pace.",
    )  # fmt: skip
    def kpi_status(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        ws = workspace.workspace
        with expected_errors(), open_warehouse(ws) as con:
            catalogue = workspace.definitions.catalogue
            report = write_status(con, ws, catalogue, context.run.run_id)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.rows,
                "scores appended": report.scored,
                "milestones appended": report.milestones,
            },
            check_results=[_targets_check(report)],
        )

    return kpi_status


def _targets_check(report: StatusReport) -> dg.AssetCheckResult:
    """Targets that the stored values do not allow to use: they warn, their periods are judged as if there were none."""
    return dg.AssetCheckResult(
        check_name=TARGETS_CHECK,
        passed=not report.findings,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(map(str, report.findings)) or None,
        metadata={"targets that are not used": len(report.findings)},
    )


def _kpi_projection() -> dg.AssetsDefinition:
    @dg.asset(
        key=KPI_PROJECTION, deps=[KPI_STATUS, dg.AssetDep(KPI_VALUES, partition_mapping=dg.AllPartitionMapping())],
        group_name=KPI_GROUP, owners=[team("data")], kinds={"duckdb"}, backfill_policy=SINGLE_RUN,
        description="One row per KPI and open week, month, quarter: where it is heading, how likely its target is.",
    )  # fmt: skip
    def kpi_projection(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> dg.MaterializeResult:
        ws = workspace.workspace
        with expected_errors(), open_warehouse(ws) as con:
            catalogue = workspace.definitions.catalogue
            rows = write_projection(con, ws, catalogue)
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return kpi_projection


def _alerts() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="alerts",
        specs=[
            dg.AssetSpec(
                key, deps=[dg.AssetDep(KPI_VALUES, partition_mapping=dg.AllPartitionMapping())],
                group_name=KPI_GROUP, owners=[team("data")], kinds={"duckdb"}, description=description,
            )
            for key, description in (
                (SWINGS, "Every closed day of every watched KPI with its change to the day before and the verdict."),
                (ALERTS, "One row per alert: a closed day that moved more than its threshold."),
            )
        ],
        backfill_policy=SINGLE_RUN,
    )  # fmt: skip
    def alerts(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.MaterializeResult]:
        ws, say = workspace.workspace, progress(context)
        with expected_errors(), open_warehouse(ws) as con:
            catalogue = workspace.definitions.catalogue
            report = evaluate_swings(con, ws, catalogue, context.run.run_id)
            counts = {
                SWINGS: con.execute("select count(*) from mart.swings").fetchone()[0],
                ALERTS: con.execute("select count(*) from mart.alerts").fetchone()[0],
            }
        say(report.in_words(ws.language))
        for key, rows in counts.items():
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows})

    return alerts
