"""Raw tables of a database source: dlt reads them, through dagster-dlt, so that its load is what the asset shows."""

from collections.abc import Iterator

import dagster as dg
import duckdb
from dagster_dlt import DagsterDltResource, DagsterDltTranslator, build_dlt_asset_specs
from dagster_dlt.translator import DltResourceTranslatorData

from dagster_project.assets.keys import SINGLE_RUN, raw_key
from dagster_project.assets.raw_specs import RETRIES, load_metadata, table_spec
from dagster_project.connectors import TableLoad
from dagster_project.connectors.database import (
    dlt_pipeline,
    dlt_source,
    look_back_lags,
    prepare_landing,
    source_errors,
)
from dagster_project.connectors.extract import record_loads
from dagster_project.connectors.landing import receive_tables
from dagster_project.failures import expected_errors
from dagster_project.lookback import lookback_days
from dagster_project.resources import WorkspaceRun, progress
from metrics.warehouse import open_warehouse
from metrics.workspace import Source, Workspace


class _RawTables(DagsterDltTranslator):
    """Names a dlt resource after the raw table that it becomes."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        default = super().get_asset_spec(data)
        own = table_spec(self._source, data.resource.name)
        return default.replace_attributes(
            key=own.key, deps=[], group_name=own.group_name, owners=own.owners, description=own.description,
            kinds={"dlt", "duckdb"},
        )  # fmt: skip


def database_assets(ws: Workspace, source: Source) -> dg.AssetsDefinition:
    """One asset per table of a database source, landed by one dlt run."""
    translator = _RawTables(source)
    specs = build_dlt_asset_specs(
        dlt_source=dlt_source(ws, source, list(source.tables)),
        dlt_pipeline=dlt_pipeline(ws, source),
        dagster_dlt_translator=translator,
    )

    @dg.multi_asset(
        name=f"extract_{source.name}",
        specs=specs,
        can_subset=True,
        retry_policy=RETRIES,
        backfill_policy=SINGLE_RUN,
    )
    def extract(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.MaterializeResult]:
        ws, say = workspace.workspace, progress(context)
        tables = [table for table in source.tables if raw_key(source.name, table) in context.selected_asset_keys]
        landed: list[dg.MaterializeResult] = []

        def loads(con: duckdb.DuckDBPyConnection) -> Iterator[TableLoad]:
            days = lookback_days(context.run.tags)
            lags = look_back_lags(con, source, days) if days else None
            prepare_landing(con, ws, source)
            say(f"{source.name}: reading {len(tables)} tables of the database")
            with source_errors(ws, source):
                # A fresh source for every run: dagster-dlt changes the schema of the one it has run.
                fresh = dlt_source(ws, source, tables, lags)
                pipeline = dlt_pipeline(ws, source)
                landed.extend(
                    DagsterDltResource().run(
                        context=context, dlt_source=fresh, dlt_pipeline=pipeline, dagster_dlt_translator=translator
                    )
                )
            yield from receive_tables(con, ws, source, tables, context.run.run_id)

        with expected_errors(), open_warehouse(ws) as con:
            done = record_loads(con, source.name, tables, loads(con), context.run.run_id, say)
        by_table = {load.table: load for load in done}
        for event in landed:
            load = by_table[event.asset_key.path[-1]]
            yield event._replace(metadata={**event.metadata, **load_metadata(load)})

    return extract
