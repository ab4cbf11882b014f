"""One complete run of a workspace in this process: what ``kpi run`` does.

The same job as the daily schedule's, on the workspace's own Dagster instance, so that the run shows in ``kpi dev`` too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project import fingerprint as marks
from dagster_project.root_cause import RootCause, root_cause
from dagster_project.words import Words
from metrics.errors import RunError
from metrics.workspace import Workspace, load_workspace
from metrics.workspace.storage import check_writable
from serving.freshness import note_checked

if TYPE_CHECKING:
    import dagster as dg

Say = Callable[[str], None]

_DAGSTER_YAML = """\
telemetry: {enabled: false}
nux: {enabled: false}
# One process owns the warehouse: a second run waits in the queue instead of failing on DuckDB's lock.
concurrency:
  pools: {default_limit: 1, granularity: run}
  runs: {max_concurrent_runs: 1}
# A killed run would otherwise keep its place in the queue for ever.
run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 10}
"""
_EVENT_LOG = """\
# Dagster's own event log, its files kept open.
event_log_storage: {module: dagster_project.event_log, class: OpenEventLog, config: {}}
"""
# What dagster-dbt notes of the result of a dbt test, and no other check.
_DBT_ID = "unique_id"


@dataclass(frozen=True)
class RunReport:
    """What a run did: whether there was anything new, seconds per step, and what delivery of alerts came to."""

    run_id: str | None
    nothing_new: bool
    seconds_by_step: dict[str, float] = field(default_factory=dict)
    alerts_sent: int = 0
    delivery_failures: tuple[str, ...] = ()
    quarantined: int = 0
    quarantine_example: str = ""
    warnings: tuple[str, ...] = ()


class RunFailed(RunError):  # noqa: N818 - the run failed; what went wrong is in the text
    """A run that began has failed. ``step`` and ``run_id`` say where to look; ``str()`` is the root cause."""

    def __init__(self, cause: RootCause, run_id: str) -> None:
        super().__init__(cause.message)
        self.step, self.run_id = cause.step, run_id


def run_workspace(
    path: Path,
    say: Say,
    *,
    first: date | None = None,
    last: date | None = None,
    full_refresh: bool = False,
    lookback: int = 0,
    accept_fewer_rows: bool = False,
    wait_seconds: float = 60.0,
) -> RunReport:
    """Bring the workspace up to date; raises RunFailed with the root cause when a step failed.

    ``first`` and ``last`` ask for these days to be recomputed whatever changed; ``full_refresh`` for everything;
    ``lookback`` for so many days to be read and recomputed; ``accept_fewer_rows`` for a table that lost most of its rows
    to be taken as right.
    Another run of the same workspace is waited for, at most ``wait_seconds``.
    """
    ws = load_workspace(path)
    if (first is None) != (last is None):
        raise RunError("--from and --to belong together: give both days, as YYYY-MM-DD.")
    if first and last and first > last:
        raise RunError(f"--from {first} lies after --to {last}.")
    current = marks.fingerprint(ws)
    if not full_refresh and first is None and not lookback and marks.is_unchanged(ws, current):
        note_checked(ws)
        sent, failed = _deliver(ws, say)
        return RunReport(run_id=None, nothing_new=True, alerts_sent=sent, delivery_failures=failed)
    check_writable(ws)
    result = _execute(ws, say, _tags(first, last, full_refresh, lookback, accept_fewer_rows), wait_seconds)
    sent, failed = _deliver(ws, say)
    quarantined, example = _quarantined(result)
    warnings = _warnings(result, Words(ws.language))
    return RunReport(result.run_id, False, _seconds(result), sent, failed, quarantined, example, warnings)


def prepare_dagster_home(ws: Workspace) -> Path:
    """The workspace's DAGSTER_HOME, with its settings written on first use."""
    ws.dagster_home.mkdir(parents=True, exist_ok=True)
    settings = ws.dagster_home / "dagster.yaml"
    # Settings as earlier versions wrote them are completed; anything else was changed by hand and stays.
    if not settings.is_file() or settings.read_text() == _DAGSTER_YAML:
        settings.write_text(_DAGSTER_YAML + _EVENT_LOG)
    return ws.dagster_home


def _tags(
    first: date | None, last: date | None, full_refresh: bool, lookback: int, accept_fewer_rows: bool
) -> dict[str, str]:
    from dagster_project.assets.dbt import FULL_REFRESH_TAG
    from dagster_project.checks.raw import ACCEPT_FEWER_ROWS_TAG
    from dagster_project.lookback import lookback_tags
    from dagster_project.partitions import range_tags

    tags = range_tags(first, last) if first and last else {}
    tags |= lookback_tags(lookback) if lookback else {}
    tags |= {ACCEPT_FEWER_ROWS_TAG: "true"} if accept_fewer_rows else {}
    return {**tags, FULL_REFRESH_TAG: "true"} if full_refresh else tags


def _execute(ws: Workspace, say: Say, tags: dict[str, str], wait_seconds: float) -> dg.ExecuteInProcessResult:
    say("Reading the definitions")
    import dagster as dg

    from dagster_project.assets.alignment import load_alignment_and_scorecards
    from dagster_project.automation.jobs import DAILY_JOB
    from dagster_project.build import build_defs
    from dagster_project.kpi_definitions import load_definitions

    # Tests of tables that were not rebuilt have no new result, which is no news; Dagster would warn about each.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    definitions = build_defs(ws.root)
    # A mistake in a KPI file is told now, not after the models are built.
    load_alignment_and_scorecards(ws, load_definitions(ws).catalogue)
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(ws))) as instance:
        result = definitions.resolve_job_def(DAILY_JOB).execute_in_process(
            instance=instance,
            tags=tags,
            raise_on_error=False,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "resources": {"workspace": {"config": {"path": str(ws.root), "lock_seconds": wait_seconds}}},
            },
        )
    if not result.success:
        raise RunFailed(root_cause(result.all_events, result.run_id), result.run_id)
    return result


def _seconds(result: dg.ExecuteInProcessResult) -> dict[str, float]:
    return {
        event.step_key: event.step_success_data.duration_ms / 1000
        for event in result.all_events
        if event.event_type_value == "STEP_SUCCESS"
    }


def _deliver(ws: Workspace, say: Say) -> tuple[int, tuple[str, ...]]:
    from serving.notify import deliver_pending

    delivery = deliver_pending(ws, say)
    return delivery.sent, tuple(delivery.failed)


def _warnings(result: dg.ExecuteInProcessResult, say: Words) -> tuple[str, ...]:
    """Checks that failed without stopping the run, in words; swings are told as alerts."""
    from dagster_project.checks.swings import SWING_CHECK

    return tuple(
        _check_in_words(found, say)
        for found in result.get_asset_check_evaluations()
        if not found.passed and found.check_name != SWING_CHECK
    )


def _check_in_words(found: dg.AssetCheckEvaluation, say: Words) -> str:
    asset = found.asset_key.to_user_string()
    # The name of a dbt test is its words run together.
    if _DBT_ID in found.metadata and found.description:
        return f"{asset}: {found.description}"
    return f"{asset}: {say.check(found.check_name)}: {found.description or say('failed')}"


def _quarantined(result: dg.ExecuteInProcessResult) -> tuple[int, str]:
    """How many rows could not be read since the last publication, and the first of them in words.

    From the run's own events: the lock is free again, and the next run may have opened the warehouse already.
    """
    from dagster_project.assets.raw import EXAMPLE_METADATA, REJECTED_METADATA

    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        if REJECTED_METADATA in metadata:
            example = metadata.get(EXAMPLE_METADATA)
            return int(metadata[REJECTED_METADATA].value or 0), str(example.value) if example else ""
    return 0, ""
