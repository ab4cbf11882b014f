"""The dbt models as assets, built by one in-process invocation: only what is downstream of a change, every test kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from dagster_project import dbt_runner
from dagster_project.assets.keys import SINGLE_RUN, model_key
from dagster_project.assets.translator import STAGING_PREFIX, WorkspaceTranslator
from dagster_project.failures import expected_errors
from dagster_project.resources import WorkspaceRun, progress
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace

FULL_REFRESH_TAG = "bellwether/full_refresh"


def dbt_model_assets(ws: Workspace) -> dg.AssetsDefinition:
    """Every dbt model of the workspace as one step."""
    manifest = json.loads(dbt_runner.ensure_manifest(ws).read_text())
    translator = WorkspaceTranslator(ws)

    @dbt_assets(
        name="dbt_build",
        manifest=manifest,
        dagster_dbt_translator=translator,
        backfill_policy=SINGLE_RUN,
    )
    def dbt_build(context: dg.AssetExecutionContext, workspace: WorkspaceRun) -> Iterator[Any]:
        say = progress(context)
        outputs = {key: name for name, key in context.assets_def.keys_by_output_name.items()}
        selected = {
            node["unique_id"]: model_key(node["schema"], node["name"])
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
            and model_key(node["schema"], node["name"]) in context.selected_asset_keys
        }
        stale = _stale_models(workspace.workspace, manifest, full=FULL_REFRESH_TAG in context.run.tags)
        wanted = sorted(set(selected) & stale)
        say(f"dbt: {len(wanted)} of {len(selected)} models to build")
        counts: Mapping[tuple[str, str], int] = {}
        if wanted:
            with expected_errors():
                outcome = dbt_runner.build(workspace.workspace, [manifest["nodes"][u]["name"] for u in wanted])
                counts = _row_counts(workspace.workspace, [manifest["nodes"][u] for u in wanted])
            yield from _events(outcome, manifest, translator, context, counts)
            _stop_on_failure(outcome)
            if set(selected) >= stale and len(stale) == _model_count(manifest):
                _remember_full_build(workspace.workspace)
        for unique_id in sorted(set(selected) - set(wanted)):
            # Nothing upstream changed: the table stands as it was, which downstream steps need to hear.
            yield dg.Output(None, output_name=outputs[selected[unique_id]], metadata={"rebuilt": False})

    return dbt_build


def _model_count(manifest: Mapping[str, Any]) -> int:
    return sum(node["resource_type"] == "model" for node in manifest["nodes"].values())


def _stale_models(ws: Workspace, manifest: Mapping[str, Any], *, full: bool) -> set[str]:
    """Unique ids of the models downstream of a source change, of the clock, or of a changed definition."""
    everything = {u for u, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    stamp = ws.dbt_target_dir / "built.sha256"
    if full or not stamp.is_file() or stamp.read_text() != dbt_runner.definition_hash(ws):
        return everything
    with open_warehouse(ws) as con:
        entities = [row[0] for row in con.execute("select distinct entity from raw.ops.run_dates").fetchall()]
        clock_moved = _clock_moved(con)
    roots = [u for u in everything if u.rsplit(".", 1)[-1] in {STAGING_PREFIX + e for e in entities}]
    if clock_moved:
        roots += [u for u in manifest["sources"] if u.endswith((".mart.clock", ".mart.source_watermarks"))]
    return _descendants(roots, manifest["child_map"]) & everything


def _clock_moved(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a source closed a day in the newest run that its previous record had open."""
    found = con.execute(
        "select count(*) from ("
        "  select closed_through, settled_through, lag(closed_through) over w as closed_before"
        "  from mart.source_watermarks window w as (partition by source, entity order by recorded_at)"
        "  qualify row_number() over (partition by source, entity order by recorded_at desc) = 1"
        ") as latest where closed_through is distinct from closed_before"
    ).fetchone()
    return bool(found and found[0])


def _descendants(roots: Iterable[str], child_map: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += child_map.get(node, [])
    return found


def _remember_full_build(ws: Workspace) -> None:
    (ws.dbt_target_dir / "built.sha256").write_text(dbt_runner.definition_hash(ws))


def _row_counts(ws: Workspace, nodes: list[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Rows per built relation, by one query; a view that failed to build has no count."""
    with open_warehouse(ws) as con:
        known = set(con.execute("select schema_name, table_name from duckdb_tables()").fetchall())
        tables = [(n["schema"], n["name"]) for n in nodes if (n["schema"], n["name"]) in known]
        if not tables:
            return {}
        union = " union all ".join(
            f"select '{schema}', '{name}', count(*) from \"{schema}\".\"{name}\"" for schema, name in tables
        )
        return {(schema, name): rows for schema, name, rows in con.execute(union).fetchall()}


def _events(
    outcome: dbt_runner.BuildResult,
    manifest: Mapping[str, Any],
    translator: WorkspaceTranslator,
    context: dg.AssetExecutionContext,
    counts: Mapping[tuple[str, str], int],
) -> Iterator[Any]:
    by_output = {name: tuple(key.path) for name, key in context.assets_def.keys_by_output_name.items()}
    for raw_event in outcome.events:
        message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
        for event in message.to_default_asset_events(
            manifest=manifest, dagster_dbt_translator=translator, context=context
        ):
            rows = counts.get(by_output.get(getattr(event, "output_name", ""), ("", "")))
            if isinstance(event, dg.Output) and rows is not None:
                event = event.with_metadata({**event.metadata, "dagster/row_count": rows})
            yield event


def _stop_on_failure(outcome: dbt_runner.BuildResult) -> None:
    if outcome.success:
        return
    failed = outcome.failures()
    first = failed[0] if failed else None
    what = f"{first.unique_id}: {' '.join(first.message.split())}" if first else "dbt reported no failing node"
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    raise dg.Failure(f"dbt stopped at {what}{more}. Nothing was published.", allow_retries=False)
