"""Several workspaces below one folder: found, and run one after the other, each in a process of its own.

Nothing is shared. A process of its own keeps memory, dbt's global state and a crash to one workspace; environment
variables that only another workspace.yml names (its secrets) are not handed over.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from dagster_project.attended import Asked, Outcome
from metrics.errors import WorkspaceError
from metrics.workspace import Workspace
from metrics.workspace.loading import ENV_VAR

_COLUMNS = ("folder", "workspace", "result", "seconds", "alerts", "error")
_SECONDS_TO_END = 30
_INTERRUPTED = 130
# Which workspace this process works on; never that of a child.
_OWN = ("BELLWETHER_WORKSPACE", "DAGSTER_HOME")
# Every process needs them, whoever else names them.
_OF_THE_SYSTEM = re.compile(r"PATH|HOME|USER|LOGNAME|SHELL|PWD|TZ|TMPDIR|TEMP|TMP|LANG|LC_\w+|PYTHON\w+|VIRTUAL_ENV|XDG_\w+")


def find_workspaces(folder: Path) -> list[Path]:
    """Every folder with a workspace.yml at or below ``folder``, by name. Raises WorkspaceError when there is none.

    Hidden folders and what was published are not looked into, links are not followed.
    """
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "published"]
        if Workspace.FILE_NAME in files:
            found.append(Path(root))
    if not found:
        raise WorkspaceError(
            f"{folder}: no folder at or below it has a {Workspace.FILE_NAME}. Give the folder that holds the workspaces."
        )
    return sorted(found)


def label(workspace: Path, folder: Path) -> str:
    """How a workspace is called among the others: its path below ``folder``."""
    return workspace.relative_to(folder).as_posix() if workspace != folder else workspace.resolve().name


def own_environment(workspace: Path, workspaces: Sequence[Path]) -> dict[str, str]:
    """This process's environment without what only other workspaces name as ``${VARIABLE}``."""
    named = {path: _named_variables(path) for path in workspaces}
    others = set().union(*(names for path, names in named.items() if path != workspace))
    foreign = {name for name in others - named[workspace] if not _OF_THE_SYSTEM.fullmatch(name)}
    return {name: value for name, value in os.environ.items() if name not in foreign and name not in _OWN}


def run_all(folder: Path, asked: Asked, output: str) -> int:
    """Run every workspace below ``folder``; prints progress, then a table. Returns the exit code: 1 when one failed."""
    from dagster_project.console import print_rows

    workspaces = find_workspaces(folder)
    outcomes: list[Outcome] = []
    try:
        with _ends_on_sigterm():
            for workspace in workspaces:
                outcomes.append(_run_in_process(workspace, label(workspace, folder), asked, workspaces))
    except KeyboardInterrupt:
        left = [label(path, folder) for path in workspaces[len(outcomes) :]]
        print(f"kpi: interrupted; not finished: {', '.join(left)}", file=sys.stderr)
        return _INTERRUPTED
    # Two clients may have the same name; folders differ.
    rows = [{"folder": label(path, folder), **asdict(outcome)} for path, outcome in zip(workspaces, outcomes, strict=True)]
    print_rows(rows, output, _COLUMNS)
    return 1 if any(outcome.result == "failed" for outcome in outcomes) else 0


def _run_in_process(workspace: Path, name: str, asked: Asked, workspaces: Sequence[Path]) -> Outcome:
    began = time.monotonic()
    command = [sys.executable, "-m", "dagster_project", "run", "-w", str(workspace), "--format", "json", *asked.arguments()]
    last_line = ""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as answer,
        subprocess.Popen(  # noqa: S603 - our own command line
            command,
            stdout=answer,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=own_environment(workspace, workspaces),
            # Ctrl-C reaches this process alone, which then passes it on once.
            start_new_session=True,
        ) as child,
    ):
        try:
            for line in child.stderr or ():
                print(f"[{name}] {line.rstrip()}", file=sys.stderr, flush=True)
                last_line = line.strip() or last_line
            code = child.wait()
        except BaseException:
            _end(child)
            raise
        answer.seek(0)
        outcome = outcome_of(answer.read(), name, workspace, code, last_line, round(time.monotonic() - began, 1))
    problem = f": {outcome.error}" if outcome.error else ""
    alerts = "1 new alert" if outcome.alerts == 1 else f"{outcome.alerts} new alerts"
    print(f"{name}: {outcome.result} in {outcome.seconds:.1f} s, {alerts}{problem}", file=sys.stderr, flush=True)
    return outcome


def outcome_of(answer: str, name: str, workspace: Path, code: int, last_line: str, seconds: float) -> Outcome:
    """What the child said of itself; for a child that crashed, what is known of its end."""
    try:
        [said] = json.loads(answer)
        return Outcome(**{**_known(said), "seconds": seconds})
    except (ValueError, TypeError):
        ended = f"its process was ended by {signal.Signals(-code).name}" if code < 0 else f"its process ended with {code}"
        error = (
            last_line.removeprefix("kpi: ")
            if code == 1 and last_line
            else f"{ended}; the last it said: {last_line or 'nothing'}"
        )
        return Outcome(name, str(workspace), "failed", seconds, 0, error)


def _known(said: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: said[field.name] for field in fields(Outcome) if field.name in said}


def _named_variables(workspace: Path) -> set[str]:
    try:
        return set(ENV_VAR.findall((workspace / Workspace.FILE_NAME).read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return set()


@contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    """A service manager asks with SIGTERM for what a terminal asks with Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(child: subprocess.Popen[str]) -> None:
    """Never leave a run behind that nobody waits for; an interrupt lets it note in its log that it was stopped."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
