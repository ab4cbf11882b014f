"""Puts the definitions of one workspace together. Tests build the same with other workspaces."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import dagster as dg

from dagster_project.assets.alignment import alignment_assets
from dagster_project.assets.campaigns import campaigns_asset
from dagster_project.assets.dbt import dbt_model_assets
from dagster_project.assets.kpis import kpi_assets, measured_models
from dagster_project.assets.published import published_asset
from dagster_project.assets.raw import raw_assets
from dagster_project.assets.reconciliation import reconciliation_asset
from dagster_project.automation.jobs import daily_job
from dagster_project.automation.outages import failure_sensor, heartbeat_sensor
from dagster_project.automation.schedules import schedules
from dagster_project.automation.sensors import alert_sensor
from dagster_project.checks.catalogue import catalogue_check
from dagster_project.checks.formulas import formula_check
from dagster_project.checks.gaps import gaps_check
from dagster_project.checks.marts import mart_checks
from dagster_project.checks.raw import raw_checks
from dagster_project.checks.reconciliation import reconciliation_checks
from dagster_project.checks.swings import swing_check
from dagster_project.paths import DEFAULT_WORKSPACE
from dagster_project.resources import WorkspaceRun
from metrics.workspace import load_workspace

WORKSPACE_VARIABLE = "BELLWETHER_WORKSPACE"


def workspace_path(path: Path | None = None) -> Path:
    """The workspace asked for: the argument, else the environment variable, else the demo company."""
    return path or Path(os.environ.get(WORKSPACE_VARIABLE, DEFAULT_WORKSPACE))


def build_defs(path: Path | None = None) -> dg.Definitions:
    """Definitions of the workspace at ``path``; everything in one process, because one process owns the warehouse."""
    # backfill_policy is marked beta by Dagster; the pinned version is tested with it.
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    ws = load_workspace(workspace_path(path))
    dbt = dbt_model_assets(ws)
    facts = {key.path[-1] for key in dbt.keys if key.path[-1].startswith("fct_")}
    read = {dep.asset_key for spec in dbt.specs for dep in spec.deps} | set(measured_models(ws))
    unread = sorted(key for key in dbt.keys - read if key.path[0] == "core")
    return dg.Definitions(
        assets=[
            *raw_assets(ws),
            dbt,
            *kpi_assets(ws),
            campaigns_asset(ws),
            *alignment_assets(),
            reconciliation_asset(),
            published_asset(unread),
        ],
        asset_checks=[
            *raw_checks(ws),
            gaps_check(ws, facts),
            *mart_checks(ws, facts),
            *reconciliation_checks(),
            swing_check(),
            catalogue_check(),
            formula_check(),
        ],
        jobs=[daily_job()],
        schedules=schedules(ws),
        sensors=[alert_sensor(ws), failure_sensor(ws), heartbeat_sensor(ws)],
        resources={"workspace": WorkspaceRun(path=str(ws.root))},
        executor=dg.in_process_executor,
    )
