"""What is computed from the values for reading them together: driver tree, goals, pairs, guardrail flags; scorecards,
sets and objectives. The arithmetic is in ``metrics.alignment`` and ``metrics.scorecards``."""

from collections.abc import Iterator, Mapping

import dagster as dg

from dagster_project.assets.keys import (
    DIM_KPI,
    GOAL_CASCADE,
    GUARDRAIL_FLAGS,
    KPI_GROUP,
    KPI_PAIRS,
    KPI_SETS,
    KPI_TREE,
    KPI_VALUES,
    OKR_PROGRESS,
    SCORECARD_SCORES,
    SINGLE_RUN,
    team,
)
from dagster_project.failures import expected_errors
from dagster_project.resources import WorkspaceRun
from metrics.alignment import Alignment, load_alignment, write_alignment
from metrics.catalogue import Catalogue
from metrics.scorecards import Scorecards, load_scorecards, write_scorecards
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace

_ALIGNMENT: Mapping[dg.AssetKey, str] = {
    KPI_TREE: "Which KPI serves which goal or KPI: by formula, by influence, side by side.",
    GOAL_CASCADE: "Concrete goals and what each team's KPI has to do for them, with how far both are.",
    KPI_PAIRS: "KPIs of two teams of which one feeds the other, side by side by channel.",
    GUARDRAIL_FLAGS: "Improvements of a KPI beside a guardrail that got worse in the same periods, both beyond the usual.",
}
_SCORECARDS: Mapping[dg.AssetKey, str] = {
    SCORECARD_SCORES: "The score of every scorecard and period, with weights, targets and curves of its time; append-only.",
    KPI_SETS: "Ready-made sets: North Star per business model and HEART, with what is connected.",
    OKR_PROGRESS: "Objectives with their key results and floors: progress from 0 to 1.",
}
ALIGNED, SCORED = tuple(_ALIGNMENT), tuple(_SCORECARDS)


def load_alignment_and_scorecards(ws: Workspace, catalogue: Catalogue) -> tuple[Alignment, Scorecards]:
    """Both, or the CatalogueError that says what is wrong with their files."""
    return load_alignment(ws, catalogue), load_scorecards(ws, catalogue)


def alignment_assets() -> list[dg.AssetsDefinition]:
    """The tables of alignment and those of scorecards, each written in one step."""
    return [_alignment(), _scorecards()]


def _specs(described: Mapping[dg.AssetKey, str]) -> list[dg.AssetSpec]:
    deps = [DIM_KPI, dg.AssetDep(KPI_VALUES, partition_mapping=dg.AllPartitionMapping())]
    return [
        dg.AssetSpec(key, deps=deps, group_name=KPI_GROUP, owners=[team("data")], kinds={"duckdb"}, description=text)
        for key, text in described.items()
    ]


def _alignment() -> dg.AssetsDefinition:
    @dg.multi_asset(name="alignment", specs=_specs(_ALIGNMENT), backfill_policy=SINGLE_RUN)
    def alignment(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.MaterializeResult]:
        ws = workspace.workspace
        with expected_errors(), open_warehouse(ws) as con:
            catalogue = workspace.definitions.catalogue
            rows = write_alignment(con, ws, catalogue, load_alignment(ws, catalogue))
        for key in ALIGNED:
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows[key.path[-1]]})

    return alignment


def _scorecards() -> dg.AssetsDefinition:
    @dg.multi_asset(name="scorecards", specs=_specs(_SCORECARDS), backfill_policy=SINGLE_RUN)
    def scorecards(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.MaterializeResult]:
        ws = workspace.workspace
        with expected_errors(), open_warehouse(ws) as con:
            catalogue = workspace.definitions.catalogue
            rows = write_scorecards(con, ws, catalogue, load_scorecards(ws, catalogue), context.run.run_id)
        for key in SCORED:
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": rows[key.path[-1]]})

    return scorecards
