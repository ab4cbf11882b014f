"""When a cron expression of the workspace is due."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.workspace.model import Workspace


def is_cron(text: str) -> bool:
    """Whether ``text`` is a cron expression of five fields that is ever due: 31 February is not."""
    from croniter import CroniterError, croniter

    if len(text.split()) != 5 or not croniter.is_valid(text):
        return False
    try:
        croniter(text, dt.datetime(2024, 1, 1, tzinfo=dt.UTC)).get_next(dt.datetime)
    except CroniterError:
        return False
    return True


def next_due(ws: Workspace, after: dt.datetime) -> dt.datetime:
    """The first moment after ``after`` at which the daily schedule is due; both naive UTC."""
    from croniter import croniter

    local = after.replace(tzinfo=dt.UTC).astimezone(ws.zone)
    due: dt.datetime = croniter(ws.schedule, local).get_next(dt.datetime)
    return due.astimezone(dt.UTC).replace(tzinfo=None)
