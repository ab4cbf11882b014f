"""One asset per source table, one step per source; then the assets that say which days are closed."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.assets.keys import CLOCK, CLOSING_GROUP, SINGLE_RUN, WATERMARKS, raw_key, team
from dagster_project.assets.raw_specs import RETRIES, load_metadata, table_spec
from dagster_project.connectors import extract_source, finish_extraction
from dagster_project.connectors.file_ledger import distrust_times
from dagster_project.failures import expected_errors
from dagster_project.lookback import lookback_days
from dagster_project.resources import WorkspaceRun, progress
from metrics.values.tables import ensure_tables
from metrics.warehouse import open_warehouse
from metrics.withheld import without_value
from metrics.workspace import Source, Workspace

REJECTED_METADATA = "rows quarantined since the last publication"
EXAMPLE_METADATA = "first quarantined row"
# A run that stops later has told nothing of them: they are told by the run that is published.
_REJECTED = """
select count(*),
       arg_min({'place': concat_ws(' ', nullif(file, ''), 'line ' || line), 'reason': reason, 'value': value}, (file, line))
from raw.ops.quarantine
where quarantined_at > coalesce((select max(published_at) from mart.publish_log), timestamp '-infinity')
"""


def raw_assets(ws: Workspace) -> list[dg.AssetsDefinition]:
    """The raw tables of every source, and the clock and watermarks that follow from them."""
    return [*(_source_assets(ws, source) for source in ws.sources.values()), _closing_assets(ws)]


def _source_assets(ws: Workspace, source: Source) -> dg.AssetsDefinition:
    if source.connector == "sql_database":
        # dlt is imported only for workspaces that have a database.
        from dagster_project.assets.database import database_assets

        return database_assets(ws, source)

    @dg.multi_asset(
        name=f"extract_{source.name}",
        specs=[table_spec(source, table) for table in source.tables],
        can_subset=True,
        retry_policy=RETRIES,
        backfill_policy=SINGLE_RUN,
    )
    def extract(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.MaterializeResult]:
        ws = workspace.workspace
        tables = [table for table in source.tables if raw_key(source.name, table) in context.selected_asset_keys]
        with expected_errors(), open_warehouse(ws) as con:
            if lookback_days(context.run.tags):
                distrust_times(con, source)
            loads = extract_source(con, ws, source.name, tables, context.run.run_id, progress(context))
        for load in loads:
            yield dg.MaterializeResult(asset_key=raw_key(source.name, load.table), metadata=load_metadata(load))

    return extract


def _closing_assets(ws: Workspace) -> dg.AssetsDefinition:
    upstream = [raw_key(source.name, table) for source in ws.sources.values() for table in source.tables]

    @dg.multi_asset(
        name="close_days",
        specs=[
            dg.AssetSpec(CLOCK, deps=upstream, group_name=CLOSING_GROUP, owners=[team("data")], kinds={"duckdb"},
                         description="The workspace's today: one row."),
            dg.AssetSpec(WATERMARKS, deps=upstream, group_name=CLOSING_GROUP, owners=[team("data")], kinds={"duckdb"},
                         description="Per source and entity: the last closed day and the last settled day."),
        ],
        backfill_policy=SINGLE_RUN,
    )  # fmt: skip
    def close_days(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.MaterializeResult]:
        with expected_errors(), open_warehouse(workspace.workspace) as con:
            finish_extraction(con, workspace.workspace, context.run.run_id)
            rows = con.execute("select count(*) from mart.source_watermarks").fetchone()[0]
            ensure_tables(con)
            rejected, first = con.execute(_REJECTED).fetchone()
        yield dg.MaterializeResult(asset_key=CLOCK, metadata={"dagster/row_count": 1})
        seen = {"dagster/row_count": rows, REJECTED_METADATA: rejected}
        if first:
            reason = without_value(first["reason"], first["value"])
            seen[EXAMPLE_METADATA] = ": ".join(part for part in (first["place"], reason) if part)
        yield dg.MaterializeResult(asset_key=WATERMARKS, metadata=seen)

    return close_days
