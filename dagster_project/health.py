"""``kpi health``: one line per workspace, exit code 1 when one of them is overdue. For timers and monitors."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from metrics.errors import BellwetherError
from metrics.workspace import Workspace, load_workspace, machine_now
from serving.freshness import Freshness, freshness


def check_health(folders: list[Path], output: str, *, tell: bool = False) -> int:
    """Print how fresh each workspace is; returns the exit code. A workspace that cannot be read counts as not healthy."""
    now = machine_now()
    rows = [_row(folder, now, tell) for folder in folders]
    if output == "json":
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif output == "csv":
        from dagster_project.console import print_rows

        print_rows(rows, output)
    else:
        for row in rows:
            if row["healthy"]:
                print(row["message"])
            else:
                print(f"kpi: {row['message']}", file=sys.stderr)
    return 0 if all(row["healthy"] for row in rows) else 1


def _row(folder: Path, now: datetime, tell: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"workspace": folder.name, "path": str(folder), "healthy": False, "published_at": None,
                           "checked_at": None, "due_at": None, "run_id": None, "message": ""}  # fmt: skip
    try:
        ws = load_workspace(folder)
        row["workspace"] = ws.name
        seen = freshness(ws, now)
        row |= {"published_at": _utc(seen.published_at), "checked_at": _utc(seen.checked_at), "due_at": _utc(seen.due_at),
                "run_id": seen.run_id, "healthy": seen.good_at is not None and not seen.is_overdue}  # fmt: skip
        row["message"] = _message(ws, seen)
        if tell:
            row["message"] += _tell(ws, now)
    except BellwetherError as error:
        row["healthy"] = False
        row["message"] = f"{row['workspace']}: {error}"
    return row


def _message(ws: Workspace, seen: Freshness) -> str:
    if seen.good_at is None:
        return f"{ws.name}: nothing is published yet. Run `kpi run -w {ws.root}`."
    last = f"published {_shown(seen.published_at)} (run {(seen.run_id or '')[:8]})"
    if seen.checked_at and seen.checked_at == seen.good_at:
        last += f", nothing new {_shown(seen.checked_at)}"
    if seen.is_overdue:
        late = f"{ws.name}: {last}; the next was due by {_shown(seen.due_at)}."
        return f"{late} See whether the scheduler is running, then `kpi run -w {ws.root}`."
    return f"{ws.name}: {last}; the next is due by {_shown(seen.due_at)}."


def _tell(ws: Workspace, now: datetime) -> str:
    from serving.outages import tell_silence

    return "".join(f" Not delivered: {line}." for line in tell_silence(ws, now).failed)


def _shown(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"


def _utc(at: datetime | None) -> str | None:
    return at.replace(tzinfo=UTC).isoformat(timespec="seconds") if at else None
