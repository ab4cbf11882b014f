"""Checks of what the sources delivered: schema and volume (they block), freshness (it warns)."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from dagster_project.assets.keys import WATERMARKS, raw_key
from dagster_project.checks.gx import Between, Outcome, validate
from dagster_project.connectors.mapped_columns import asked_columns
from dagster_project.resources import WorkspaceRun
from metrics.values.tables import ensure_tables
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_entities

# A table that keeps less than this share of the rows that were published last is held back (docs/adr/0008): most tables
# only grow, and a half export looks like any other. Of a few rows half may well go.
LEAST_ROWS_SHARE = 0.5
FEW_ROWS = 20
# A person has looked: fewer rows are right this time.
ACCEPT_FEWER_ROWS_TAG = "bellwether/accept_fewer_rows"

_TABLES = """
select t.source, t.table_name as raw_table,
       coalesce(l.rows, 0) as rows_loaded,
       l.rows_published,
       case when l.rows_published >= $few then coalesce(l.rows, 0) / l.rows_published else 1 end as share_of_published,
       (select count(*) from unnest(t.wanted) as w(name)
         where not exists (select 1 from duckdb_columns() as c
                            where c.database_name = 'raw' and c.schema_name = 'raw_' || t.source
                              and c.table_name = t.table_name and lower(c.column_name) = lower(w.name))) as missing_columns
from (
  select unnest($sources::varchar[]) as source, unnest($tables::varchar[]) as table_name,
         unnest($wanted::varchar[][]) as wanted
) as t
left join (
  select source, table_name, arg_max(rows, loaded_at) as rows,
         arg_max(rows, loaded_at)
           filter (where loaded_at <= (select max(published_at) from mart.publish_log)) as rows_published
  from raw.ops.loads where succeeded
  group by source, table_name
) as l on l.source = t.source and l.table_name = t.table_name
order by t.source, raw_table
"""

_FRESHNESS = """
select w.source, w.entity, w.last_event_on, w.closed_through, c.today,
       date_diff('day', w.last_event_on, c.today) as days_behind
from mart.source_watermarks as w cross join mart.clock as c
where list_contains(?, w.entity)
qualify row_number() over (partition by w.source, w.entity order by w.recorded_at desc) = 1
order by days_behind desc
"""


def raw_checks(ws: Workspace) -> list[dg.AssetChecksDefinition]:
    """Schema and volume of every raw table, freshness over all sources."""
    return [_table_checks(ws), _freshness_check(ws)]


def _table_checks(ws: Workspace) -> dg.AssetChecksDefinition:
    tables = [(source, table) for source in ws.sources.values() for table in source.tables]
    specs = [
        spec
        for source, table in tables
        for spec in (
            dg.AssetCheckSpec("schema", asset=raw_key(source.name, table), blocking=True,
                              description="The columns that the mapping reads are there."),
            dg.AssetCheckSpec("volume", asset=raw_key(source.name, table), blocking=True,
                              description="Not empty, and not much smaller than what was published last."),
        )
    ]  # fmt: skip

    # One step for all sources: a suite costs the same for one row as for a hundred.
    @dg.multi_asset_check(name="check_raw", specs=specs, can_subset=True)
    def check_raw(context: dg.AssetCheckExecutionContext, workspace: WorkspaceRun) -> Iterator[dg.AssetCheckResult]:
        chosen = {key.asset_key for key in context.selected_asset_check_keys}
        checked = [(s, t) for s, t in tables if raw_key(s.name, t) in chosen]
        wanted = [sorted({asked.column for asked in asked_columns(ws, s, t)}) for s, t in checked]
        asked = {
            "sources": [s.name for s, _ in checked], "tables": [t for _, t in checked], "wanted": wanted, "few": FEW_ROWS,
        }  # fmt: skip
        with open_warehouse(workspace.workspace) as con:
            ensure_tables(con)
            frame = con.execute(_TABLES, asked).df()
        schema = validate(frame, "raw_schema", [Between("missing_columns", 0, 0)])
        volume = validate(frame, "raw_volume", [Between("rows_loaded", 1), Between("share_of_published", LEAST_ROWS_SHARE)])
        accepted = ACCEPT_FEWER_ROWS_TAG in context.run.tags
        for position, row in enumerate(frame.to_dict("records")):
            missing = f"{row['missing_columns']} mapped columns are missing"
            few, severity_of_few = _too_few(row, accepted)
            for name, outcome, severity, problem in (
                ("schema", schema, dg.AssetCheckSeverity.ERROR, missing),
                ("volume", volume, severity_of_few, few),
            ):
                key = dg.AssetCheckKey(raw_key(row["source"], row["raw_table"]), name)
                if key in context.selected_asset_check_keys:
                    reason = problem if outcome.verdict == "breach" else outcome.reason
                    yield _result(key, _row_passed(outcome, position), severity, reason, row)

    return check_raw


def _too_few(row: dict[str, Any], accepted: bool) -> tuple[str, dg.AssetCheckSeverity]:
    """What to say of a table with too few rows, and whether that stops the run."""
    if row["share_of_published"] >= LEAST_ROWS_SHARE:
        return "no rows", dg.AssetCheckSeverity.WARN
    published = f"{int(row['rows_published']):,} published last"
    lost = f"{row['rows_loaded']:,} rows, {row['share_of_published']:.0%} of the {published}"
    if accepted:
        return f"{lost}; accepted", dg.AssetCheckSeverity.WARN
    mend = "Deliver the rest, or confirm that it is right with `kpi run --accept-fewer-rows`"
    return f"{lost}. {mend} (run tag {ACCEPT_FEWER_ROWS_TAG})", dg.AssetCheckSeverity.ERROR


def _result(
    key: dg.AssetCheckKey, passed: bool, severity: dg.AssetCheckSeverity, reason: str, row: dict[str, Any]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=passed,
        severity=severity,
        description=None if passed else reason,
        metadata={
            "rows": int(row["rows_loaded"]),
            "share of what was published last": float(row["share_of_published"]),
            "missing columns": int(row["missing_columns"]),
        },
    )


def _row_passed(outcome: Outcome, position: int) -> bool:
    return outcome.verdict == "ok" or (outcome.verdict == "breach" and position not in outcome.rows)


def _freshness_check(ws: Workspace) -> dg.AssetChecksDefinition:
    # A reference has no days: nothing says when its next row is due.
    event_entities = [name for name, entity in load_entities().items() if entity.kind == "event"]

    @dg.asset_check(asset=WATERMARKS, name="freshness", description="No source lags behind the workspace's clock.")
    def freshness(workspace: WorkspaceRun) -> dg.AssetCheckResult:
        with open_warehouse(workspace.workspace) as con:
            frame = con.execute(_FRESHNESS, [event_entities]).df()
        frame["days_over"] = [
            behind - ws.sources[source].silent_days_ok
            for behind, source in zip(frame["days_behind"], frame["source"], strict=True)
        ]
        outcome = validate(frame, "raw_freshness", [Between("days_over", None, 0)])
        late = [f"{r['source']}.{r['entity']}" for i, r in enumerate(frame.to_dict("records")) if i in outcome.rows]
        return dg.AssetCheckResult(
            passed=outcome.passed or outcome.verdict == "empty",
            severity=dg.AssetCheckSeverity.WARN,
            description=f"Late: {', '.join(late)}" if late else outcome.reason,
            metadata={"late sources": len(late), "checked": len(frame)},
        )

    return freshness
