"""Runs that can be killed: each in a process forked from one that has imported everything, so that a run costs its work.

Which step is at work is read from Dagster's own event log of the workspace, as an operator would see it.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forked import forking

_POLL_SECONDS = 0.01
_LONGEST_RUN_SECONDS = 240.0
DELIVERY = "deliver"


@dataclass(frozen=True)
class Moment:
    """When to kill: this long after a step has begun; ``deliver`` begins when the run itself has succeeded."""

    step: str
    seconds_after: float


@dataclass(frozen=True)
class Ended:
    """How a run ended: killed or by itself, the step that had begun last, and its exit code."""

    killed: bool
    last_step: str
    exit_code: int | None


def run_in_child(root: Path, moment: Moment | None = None) -> Ended:
    """Run the workspace in a process of its own and kill it, children included, at the moment; None lets it finish."""
    before = set(_logs(root))
    process = forking().Process(target=_run, args=(str(root),))
    process.start()
    killed = moment is not None and _waited_for(root, before, moment, process)
    if killed:
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
    process.join(_LONGEST_RUN_SECONDS)
    assert process.exitcode is not None, "the run does not end"
    begun = _begun(root, before)
    return Ended(killed and process.exitcode == -signal.SIGKILL, begun[-1][0] if begun else "start", process.exitcode)


def step_seconds(root: Path) -> dict[str, float]:
    """How long each step of the newest run of a workspace took, in the order in which they began."""
    begun = _begun(root, set(_logs(root)[:-1]))
    ends = [at for _, at in begun[1:]] + [begun[-1][1] + 0.3]
    return {step: end - at for (step, at), end in zip(begun, ends, strict=True)}


def _run(root: str) -> None:
    os.setsid()
    from dagster_project.run import run_workspace
    from metrics.errors import BellwetherError

    try:
        run_workspace(Path(root), lambda _: None)
    except BellwetherError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def _waited_for(root: Path, before: set[Path], moment: Moment, process: Any) -> bool:
    """Wait for the moment. False when the run ended before it came."""
    end = time.monotonic() + _LONGEST_RUN_SECONDS
    while process.is_alive() and time.monotonic() < end:
        if any(step == moment.step for step, _ in _begun(root, before)):
            process.join(moment.seconds_after)
            return bool(process.is_alive())
        time.sleep(_POLL_SECONDS)
    return False


def _logs(root: Path) -> list[Path]:
    """The event logs of the workspace's runs, oldest first."""
    folder = root / ".bellwether" / "dagster" / "history" / "runs"
    found = [path for path in folder.glob("*.db") if path.name != "index.db"]
    return sorted(found, key=lambda path: path.stat().st_ctime_ns)


def _begun(root: Path, before: set[Path]) -> list[tuple[str, float]]:
    """Steps of the newest run that have begun, with the time, as its event log shows them at this moment."""
    new = [path for path in _logs(root) if path not in before]
    if not new:
        return []
    try:
        with closing(sqlite3.connect(f"file:{new[-1]}?mode=ro", uri=True)) as con:
            rows = con.execute(
                "select step_key, dagster_event_type, timestamp from event_logs"
                " where dagster_event_type in ('STEP_START', 'PIPELINE_SUCCESS') order by id"
            ).fetchall()
    except sqlite3.OperationalError:
        # The run is creating the file.
        return []
    return [(step if kind == "STEP_START" else DELIVERY, _seconds(at)) for step, kind, at in rows]


def _seconds(text: str) -> float:
    import datetime as dt

    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()
