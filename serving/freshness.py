"""Is what is published as new as the schedule promises? The heartbeat of unattended runs.

Reads ``published/`` only, so that it can be asked while a run writes, and by a timer or a monitor that knows nothing of
the scheduler: a scheduler that is dead cannot say so itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb

from metrics.errors import RunError
from metrics.warehouse import open_published
from metrics.workspace.clock import machine_now
from metrics.workspace.cron import next_due

if TYPE_CHECKING:
    from metrics.workspace import Workspace

_CHECKED = "checked.json"


@dataclass(frozen=True)
class Freshness:
    """When a workspace was last up to date, and until when that is good enough. Times are naive UTC.

    ``published_at`` and ``run_id``: the last publication, None before the first. ``checked_at``: when a run has found
    nothing new, and so published nothing. ``due_at``: the deadline of the next publication, None when nothing was
    published and nobody has begun to wait.
    """

    published_at: datetime | None
    run_id: str | None
    checked_at: datetime | None
    due_at: datetime | None
    is_overdue: bool

    @property
    def good_at(self) -> datetime | None:
        """When it was last known to be up to date."""
        return max((at for at in (self.published_at, self.checked_at) if at), default=None)


def freshness(ws: Workspace, now: datetime, waiting_since: datetime | None = None) -> Freshness:
    """Compare the last publication with the schedule. ``waiting_since`` stands in where nothing was published yet.

    Overdue: the first scheduled run after the last publication has not published within ``publish_within``.
    Raises RunError when the published file cannot be read.
    """
    run_id, published_at = _last_publication(ws)
    checked_at = _checked_at(ws) if published_at else None
    since = max((at for at in (published_at, checked_at) if at), default=waiting_since)
    due_at = next_due(ws, since) + ws.publish_within if since else None
    return Freshness(published_at, run_id, checked_at, due_at, due_at is not None and now > due_at)


def note_checked(ws: Workspace) -> None:
    """Note beside the published file that a run has found nothing new: readers have what there is."""
    waiting = ws.published_dir / f".{_CHECKED}.part"
    waiting.write_text(json.dumps({"checked_at": machine_now().isoformat(timespec="seconds")}))
    waiting.replace(ws.published_dir / _CHECKED)


def _last_publication(ws: Workspace) -> tuple[str | None, datetime | None]:
    if not ws.published_current.exists():
        return None, None
    try:
        with open_published(ws) as con:
            found = con.execute(
                "select run_id, published_at from mart.publish_log order by published_at desc limit 1"
            ).fetchone()
    except duckdb.Error as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{ws.published_current} cannot be read ({reason}). Publish again with `kpi run`.") from error
    return (found[0], found[1]) if found else (None, None)


def _checked_at(ws: Workspace) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads((ws.published_dir / _CHECKED).read_text())["checked_at"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
