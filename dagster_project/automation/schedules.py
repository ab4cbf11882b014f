"""The schedules of a workspace, on by default: the daily run, and the rarer look-back run."""

from __future__ import annotations

import dagster as dg

from dagster_project.automation.jobs import DAILY_JOB
from dagster_project.lookback import lookback_tags
from metrics.workspace import Workspace


def schedules(ws: Workspace) -> list[dg.ScheduleDefinition]:
    """The daily schedule, and the look-back unless the workspace has switched it off."""
    found = [daily_schedule(ws)]
    if ws.lookback:
        found.append(lookback_schedule(ws, ws.lookback.schedule))
    return found


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


def lookback_schedule(ws: Workspace, cron: str) -> dg.ScheduleDefinition:
    """The same job with the look-back tag: one run that reads and computes the last days again.

    The days are counted from the workspace's today, which only the run itself knows: no partition range is asked for.
    """
    return dg.ScheduleDefinition(
        name="lookback",
        job_name=DAILY_JOB,
        cron_schedule=cron,
        execution_timezone=ws.timezone,
        tags=lookback_tags(ws.lookback_days),
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
