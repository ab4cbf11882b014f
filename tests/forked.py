"""Processes forked from one that has imported everything: a command then costs its work, not the seconds of its imports.

The command itself is the real one, in a process of its own, with its own environment, folder and output.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing.context import ForkServerContext
from pathlib import Path

PRELOAD = [
    "dagster_project.run",
    "dagster_project.build",
    "dagster_project.checks.gx",
    "dagster_project.dbt_runner",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "dlt",
    "great_expectations",
    "serving.publish",
]
_LONGEST_SECONDS = 600.0


def forking() -> ForkServerContext:
    """Start processes by this."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


def run_kpi(
    *arguments: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """``kpi`` with arguments; returns the finished process."""
    command = ["kpi", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100", **(env or {})}
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = forking().Process(target=_kpi, args=(command, environment, str(cwd or Path.cwd()), str(out), str(err)))
        process.start()
        process.join(_LONGEST_SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{command} does not end:\n{err.read_text()}")
        return subprocess.CompletedProcess(command, process.exitcode, out.read_text(), err.read_text())


def _kpi(command: list[str], environment: dict[str, str], folder: str, out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = command
    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    from dagster_project.cli import main

    main()
