"""The daily schedule of a workspace, on by default."""

from __future__ import annotations

import dagster as dg

from dagster_project.automation.jobs import DAILY_JOB
from metrics.workspace import Workspace


def daily_schedule(ws: Workspace) -> dg.ScheduleDefinition:
    """Runs the daily job at the workspace's cron time, in its time zone.

    No partition is asked for: the window follows from the rows that the sources changed.
    """
    return dg.ScheduleDefinition(
        name="daily",
        job_name=DAILY_JOB,
        cron_schedule=ws.schedule,
        execution_timezone=ws.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
