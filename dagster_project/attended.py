"""One run of one workspace for the command line: with somebody at the terminal, or unattended, from cron or a timer.

A run at a terminal tells its terminal. An unattended one also tells the workspace's routes that it failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from dagster_project.run import RunFailed, RunReport, run_workspace
from metrics.errors import BellwetherError, RunError, WorkspaceError
from metrics.workspace import load_workspace, machine_now
from metrics.workspace.storage import storage_problem


@dataclass(frozen=True)
class Asked:
    """What the command line asks of a run; ``wait`` in seconds, ``lookback`` in days."""

    first: date | None = None
    last: date | None = None
    full_refresh: bool = False
    lookback: int = 0
    wait: float = 60.0
    unattended: bool = False
    accept_fewer_rows: bool = False

    def arguments(self) -> list[str]:
        """The same as arguments of ``kpi run``."""
        found = ["--wait", str(self.wait), "--lookback", str(self.lookback)]
        found += ["--from", self.first.isoformat()] if self.first else []
        found += ["--to", self.last.isoformat()] if self.last else []
        found += ["--full-refresh"] if self.full_refresh else []
        found += ["--accept-fewer-rows"] if self.accept_fewer_rows else []
        return found + (["--unattended"] if self.unattended else [])


@dataclass(frozen=True)
class Outcome:
    """What came of a run, as machines read it. ``result``: published, nothing new or failed; ``alerts``: new ones."""

    workspace: str
    path: str
    result: str
    seconds: float
    alerts: int = 0
    error: str = ""
    run_id: str | None = None


def run_one(path: Path, asked: Asked, say: Callable[[str], None], output: str) -> None:
    """Run and print the scorecard, or the outcome as JSON or CSV. Raises BellwetherError once it is told."""
    from dagster_project.console import print_rows
    from dagster_project.scorecard_view import print_run

    began = time.monotonic()
    try:
        report = run_workspace(
            path, say, first=asked.first, last=asked.last, full_refresh=asked.full_refresh,
            lookback=asked.lookback, accept_fewer_rows=asked.accept_fewer_rows, wait_seconds=asked.wait,
        )  # fmt: skip
    except Exception as raised:
        error = _in_words(raised)
        if asked.unattended:
            _tell(path, error, say)
        if output != "table" and isinstance(error, BellwetherError):
            failed = Outcome(_name(path), str(path), "failed", _since(began), 0, str(error), getattr(error, "run_id", None))
            print_rows([asdict(failed)], output)
        if error is raised:
            raise
        raise error from raised
    _tell_recovery(path, say)
    if output == "table":
        print_run(load_workspace(path), report)
    else:
        print_rows([asdict(_outcome(path, report, _since(began)))], output)


def _in_words(error: Exception) -> Exception:
    """A file that cannot be written is an error that the user can mend, as any other."""
    problem = storage_problem(error) if isinstance(error, OSError) else None
    return RunError(problem) if problem else error


def _tell(path: Path, error: Exception, say: Callable[[str], None]) -> None:
    """Send a failure to the routes. Settings that cannot be read name no routes: the exit code has to do."""
    from serving.outages import FailedRun, tell_failure

    try:
        ws = load_workspace(path)
    except WorkspaceError:
        say("not told to anyone: workspace.yml cannot be read")
        return
    now = machine_now()
    # A run that could not begin has no id of its own.
    run_id = error.run_id if isinstance(error, RunFailed) else f"none-{now:%Y%m%dT%H%M%S%f}"
    step = error.step if isinstance(error, RunFailed) else ""
    cause = str(error) if isinstance(error, BellwetherError) else f"{type(error).__name__}: {error}"
    for line in tell_failure(ws, FailedRun(run_id, " ".join(cause.split()), step, now), now).failed:
        say(f"not delivered: {line}")


def _tell_recovery(path: Path, say: Callable[[str], None]) -> None:
    """A good run ends an outage, whoever started it; those who were told of the one are told of the other."""
    from serving.outages import tell_recovery

    ws = load_workspace(path)
    if ws.state_path.exists():
        for line in tell_recovery(ws, machine_now()).failed:
            say(f"not delivered: {line}")


def _outcome(path: Path, report: RunReport, seconds: float) -> Outcome:
    from serving.published import count_new_alerts

    ws = load_workspace(path)
    alerts = count_new_alerts(ws, report.run_id) if report.run_id else 0
    return Outcome(
        ws.name, str(path), "nothing new" if report.nothing_new else "published", seconds, alerts, "", report.run_id
    )


def _name(path: Path) -> str:
    try:
        return load_workspace(path).name
    except WorkspaceError:
        return path.name


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
