"""Delivery of new alerts. A failed check leaves a run green, so delivery follows the successful run, not the check."""

from pathlib import Path

import dagster as dg

from metrics.workspace import Workspace, load_workspace, machine_now


def alert_sensor(ws: Workspace) -> dg.SensorDefinition:
    """After each successful daily run: send what was not sent yet; an alert is marked only after the send succeeded."""
    root = Path(ws.root)

    @dg.run_status_sensor(
        name="deliver_alerts",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Sends new alerts to the workspace's routes.",
    )
    def deliver_alerts(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        from serving.notify import deliver_pending
        from serving.outages import tell_recovery

        ws = load_workspace(root)
        for line in tell_recovery(ws, machine_now()).failed:
            context.log.warning(f"not delivered: {line}")
        delivery = deliver_pending(ws, context.log.info)
        if delivery.failed:
            # Not marked as sent: the next successful run tries again. The reason stays in the sensor's log.
            context.log.warning("; ".join(delivery.failed))
        return dg.SkipReason(f"{delivery.sent} alerts sent, {len(delivery.failed)} failed")

    return deliver_alerts
