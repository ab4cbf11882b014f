"""The dbt models as assets, built by one in-process invocation: only what is downstream of a change, every test kept."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from dagster_project import dbt_runner
from dagster_project.assets.dbt_failures import stop_on_failure, warnings
from dagster_project.assets.keys import SINGLE_RUN, model_key
from dagster_project.assets.translator import STAGING_PREFIX, WorkspaceTranslator
from dagster_project.failures import expected_errors
from dagster_project.resources import WorkspaceRun, progress
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace

FULL_REFRESH_TAG = "bellwether/full_refresh"
_STAMP = "built.json"
_CLOSED_DAYS = """
select (select max(today) from mart.clock),
       (select list((source, entity, closed_through) order by source, entity)
        from (select * from mart.source_watermarks
              qualify row_number() over (partition by source, entity order by recorded_at desc) = 1) as latest)
"""


# The last load of each raw table that changed rows: models of the workspace's own may read it without any entity between.
_CHANGING_LOADS = """
select 'raw_' || source || '.' || table_name, max(loaded_at)::varchar from raw.ops.loads
where succeeded and rows_changed > 0 group by all
"""


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
            if node["resource_type"] == "model" and model_key(node["schema"], node["name"]) in context.selected_asset_keys
        }
        built = _Built.read(workspace.workspace)
        now = _Built.of(workspace.workspace)
        stale = _stale_models(workspace.workspace, manifest, built, now, full=FULL_REFRESH_TAG in context.run.tags)
        wanted = sorted(set(selected) & stale)
        say(f"dbt: {len(wanted)} of {len(selected)} models to build, with their tests")
        if not wanted:
            tables = _row_counts(workspace.workspace, manifest, _tables(manifest, selected))
            _remember_as_built(workspace.workspace, now)
            yield from _in_order(manifest, selected, outputs, {}, tables)
            return
        with expected_errors():
            with workspace.warehouse_closed():
                outcome = dbt_runner.build(workspace.workspace, [manifest["nodes"][u]["name"] for u in wanted])
            built_now = {node.unique_id for node in outcome.nodes if node.status == "success"} & set(wanted)
            counted = built_now | _tables(manifest, set(selected) - set(wanted))
            counts = _row_counts(workspace.workspace, manifest, counted)
        done, checks = _events(outcome, manifest, translator, context)
        failed = {outputs[key] for key in selected.values()} - set(done) if not outcome.success else set()
        yield from _in_order(manifest, selected, outputs, done, counts, without=failed)
        yield from checks
        stop_on_failure(outcome, workspace.workspace)
        if stale <= set(selected):
            _remember_as_built(workspace.workspace, now)

    return dbt_build


@dataclass(frozen=True)
class _Built:
    """What the tables were built from last: the definitions, the days that were closed then, and the raw tables' loads."""

    definitions: str
    days: str
    loads: dict[str, str]

    @classmethod
    def of(cls, ws: Workspace) -> "_Built":
        """What they would be built from now."""
        with open_warehouse(ws) as con:
            days = con.execute(_CLOSED_DAYS).fetchone()
            loads = con.execute(_CHANGING_LOADS).fetchall()
        return cls(dbt_runner.definition_hash(ws), str(days), dict(loads))

    @classmethod
    def read(cls, ws: Workspace) -> "_Built | None":
        """What is remembered, None before the first complete build."""
        try:
            return cls(**json.loads((ws.dbt_target_dir / _STAMP).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, ws: Workspace) -> None:
        """Remember after a build in which nothing stale was left out."""
        (ws.dbt_target_dir / _STAMP).write_text(json.dumps(asdict(self)))


def _remember_as_built(ws: Workspace, now: _Built) -> None:
    """Everything stale was built: the models hold every noted change."""
    with open_warehouse(ws) as con:
        con.execute("delete from raw.ops.run_dates")
    now.write(ws)


def _changed_sources(manifest: Mapping[str, Any], built: _Built, now: _Built) -> list[str]:
    """Unique ids of the raw tables that the workspace declares as dbt sources and that have changed."""
    changed = {table for table, at in now.loads.items() if built.loads.get(table) != at}
    return [u for u, source in manifest["sources"].items() if f"{source['schema']}.{source['identifier']}" in changed]


def _stale_models(ws: Workspace, manifest: Mapping[str, Any], built: _Built | None, now: _Built, *, full: bool) -> set[str]:
    """Unique ids of the models downstream of a source change, of the clock, or of a changed definition."""
    everything = {u for u, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    if full or built is None or built.definitions != now.definitions:
        return everything
    with open_warehouse(ws) as con:
        entities = [row[0] for row in con.execute("select distinct entity from raw.ops.run_dates").fetchall()]
    roots = [u for u in everything if u.rsplit(".", 1)[-1] in {STAGING_PREFIX + e for e in entities}]
    roots += _changed_sources(manifest, built, now)
    if built.days != now.days:
        roots += [u for u in manifest["sources"] if u.endswith((".mart.clock", ".mart.source_watermarks"))]
    return _descendants(roots, manifest["child_map"]) & everything


def _descendants(roots: Iterable[str], child_map: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += child_map.get(node, [])
    return found


def _tables(manifest: Mapping[str, Any], unique_ids: Iterable[str]) -> set[str]:
    """Those of the models that are tables: to count a table costs nothing, to count a view runs it."""
    return {u for u in unique_ids if manifest["nodes"][u]["config"]["materialized"] not in ("view", "ephemeral")}


def _row_counts(ws: Workspace, manifest: Mapping[str, Any], unique_ids: Iterable[str]) -> dict[str, int]:
    """Rows of these models by unique id, by one query."""
    relations = {u: manifest["nodes"][u]["relation_name"] for u in sorted(unique_ids)}
    if not relations:
        return {}
    with open_warehouse(ws) as con:
        union = " union all ".join(f"select '{u}', count(*) from {relation}" for u, relation in relations.items())
        return dict(con.execute(union).fetchall())


def _events(
    outcome: dbt_runner.BuildResult,
    manifest: Mapping[str, Any],
    translator: WorkspaceTranslator,
    context: dg.AssetExecutionContext,
) -> tuple[dict[str, dg.Output[None]], list[Any]]:
    """Dagster's outputs of the built models by name, and the results of the tests, those that warn in words."""
    found = warnings(outcome)
    done: dict[str, dg.Output[None]] = {}
    checks: list[Any] = []
    for raw_event in outcome.events:
        message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
        for event in message.to_default_asset_events(manifest=manifest, dagster_dbt_translator=translator, context=context):
            if isinstance(event, dg.Output):
                done[event.output_name] = event
            elif isinstance(event, dg.AssetCheckResult):
                unique_id = raw_event["data"]["node_info"]["unique_id"]
                checks.append(event._replace(description=found.get(unique_id)))
            else:
                checks.append(event)
    return done, checks


def _in_order(
    manifest: Mapping[str, Any],
    selected: Mapping[str, dg.AssetKey],
    outputs: Mapping[dg.AssetKey, str],
    done: Mapping[str, dg.Output[None]],
    counts: Mapping[str, int],
    without: Collection[str] = (),
) -> Iterator[dg.Output[None]]:
    """An output with its row count for every selected model, parents first. What was not built stands as it was,
    which steps downstream need to hear; what failed is left out."""
    parents = {u: [p for p in manifest["parent_map"][u] if p in selected] for u in selected}
    for unique_id in TopologicalSorter(parents).static_order():
        name = outputs[selected[unique_id]]
        if name in without:
            continue
        output = done.get(name) or dg.Output(None, output_name=name, metadata={"rebuilt": False})
        rows = {"dagster/row_count": counts[unique_id]} if unique_id in counts else {}
        yield output.with_metadata({**output.metadata, **rows})
