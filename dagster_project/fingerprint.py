"""Is there anything new? Compares what a run would read with what the last successful run has read.

The answer must be cheap (no dbt, no Dagster, no Great Expectations is imported) and safe: a source that cannot tell
cheaply whether it changed is always read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.connectors import connector_for
from dagster_project.dbt_runner import definition_hash
from dagster_project.paths import REPOSITORY
from metrics.reconciliation.control_totals import control_files
from metrics.workspace import Workspace, machine_now

_CODE = ("metrics", "serving", "dagster_project")
_SHIPPED = ("kpis", "alignment", "scorecards")


def fingerprint(ws: Workspace) -> dict[str, str] | None:
    """What a run of ``ws`` would depend on; None when a source cannot say without being read."""
    found = {
        "definitions": definition_hash(ws),
        "catalogue": _hash(ws.root, [*ws.root.glob("kpis/*"), *ws.root.glob("scorecards/*")]),
        "code": _hash(REPOSITORY, (p for name in _CODE for p in (REPOSITORY / name).rglob("*.py"))),
        "shipped catalogue": _hash(REPOSITORY, (p for name in _SHIPPED for p in REPOSITORY.glob(f"metrics/{name}/*.yml"))),
        "workspace": _hash(ws.root, ws.files),
        "control totals": _hash(ws.root, control_files(ws)),
        "today": _today(ws),
    }
    for name, source in ws.sources.items():
        if source.closes.by == "load_time":
            found[f"closing of {name}"] = _local_day(ws, machine_now() - source.closes.grace)
        mark = connector_for(source).fingerprint(ws, source)
        if mark is None:
            return None
        found[f"source {name}"] = mark
    return found


def _today(ws: Workspace) -> str:
    """With ``clock: now`` a new day is something new: days close although no row arrives."""
    if ws.clock != "now":
        return str(ws.clock)
    return _local_day(ws, machine_now())


def _local_day(ws: Workspace, at: datetime) -> str:
    return at.replace(tzinfo=UTC).astimezone(ws.zone).date().isoformat()


def is_unchanged(ws: Workspace, current: dict[str, str] | None) -> bool:
    """Whether the last successful run has seen exactly this, and what it published is still there."""
    if current is None or not (ws.published_dir / "current.duckdb").exists():
        return False
    try:
        return bool(json.loads(ws.fingerprint_path.read_text()) == current)
    except (FileNotFoundError, ValueError):
        return False


def forget(ws: Workspace) -> None:
    """Before a run starts, by whatever it was started: only what a whole run has brought to its end is known."""
    ws.fingerprint_path.unlink(missing_ok=True)


def remember(ws: Workspace, current: dict[str, str] | None) -> None:
    """Keep the fingerprint that was taken at the start of a run that has now published."""
    if current is not None:
        ws.fingerprint_path.parent.mkdir(parents=True, exist_ok=True)
        ws.fingerprint_path.write_text(json.dumps(current, indent=1, sort_keys=True))


def _hash(root: Path, paths: Iterable[Path]) -> str:
    """Hash of contents and of places below ``root``: a copied or renamed workspace is the same."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
