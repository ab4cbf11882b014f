"""The sensors that watch the pipeline itself: a run that failed, and a run that never came."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from dagster_project.root_cause import stored_root_cause
from metrics.errors import WorkspaceError
from metrics.workspace import Workspace, load_workspace, machine_now


def failure_sensor(ws: Workspace) -> dg.SensorDefinition:
    """Tells of runs of the schedule and the UI that failed. `kpi run` tells its terminal instead, unless unattended."""

    @dg.run_failure_sensor(
        name="tell_failures",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Sends the root cause of a failed run to the workspace's routes, once.",
    )
    def tell_failures(context: dg.RunFailureSensorContext) -> None:
        from serving.outages import FailedRun, tell_failure

        now = machine_now()
        run_id = context.dagster_run.run_id
        cause = stored_root_cause(context.instance, run_id)
        failed = FailedRun(run_id, cause.message, cause.step, _ended_at(context) or now)
        delivery = tell_failure(current(ws), failed, now)
        for line in delivery.failed:
            context.log.warning(f"not delivered: {line}")

    return tell_failures


def heartbeat_sensor(ws: Workspace) -> dg.SensorDefinition:
    """A day without a successful run is an alert. Only a living scheduler can send it: `kpi health` asks from outside."""

    @dg.sensor(
        name="heartbeat",
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=300,
        description="Tells, once a day, when no run has published in time.",
    )
    def heartbeat(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from serving.outages import tell_silence

        delivery = tell_silence(current(ws), machine_now())
        for line in delivery.failed:
            context.log.warning(f"not delivered: {line}")
        return dg.SkipReason(f"{delivery.sent} notices sent, {len(delivery.failed)} failed")

    return heartbeat


def current(ws: Workspace) -> Workspace:
    """The workspace as it is now. When its settings have become unreadable, those of the start still say whom to tell."""
    try:
        return load_workspace(Path(ws.root))
    except WorkspaceError:
        return ws


def _ended_at(context: dg.RunFailureSensorContext) -> datetime | None:
    stats = context.instance.get_run_stats(context.dagster_run.run_id)
    return datetime.fromtimestamp(stats.end_time, UTC).replace(tzinfo=None) if stats.end_time else None
