"""Dagster as a service of a workspace: the web page with the scheduler, or the scheduler alone; one per workspace.

Each workspace is one code location, named after its folder, on a Dagster instance of its own (docs/adr/0004).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from dagster_project.portfolio import find_workspaces, label, own_environment
from metrics.errors import BellwetherError, RunError
from metrics.workspace import Workspace, load_workspace

_LOOK_EVERY_SECONDS = 0.5
_SECONDS_TO_END = 30


@dataclass(frozen=True)
class Service:
    """What a Dagster of one workspace is started with."""

    name: str
    location_file: Path
    environment: Mapping[str, str]


def prepare(ws: Workspace, environment: Mapping[str, str] | None = None) -> Service:
    """Write the settings of the workspace's Dagster. Raises BellwetherError when its definitions cannot be read."""
    from dagster_project.dbt_runner import ensure_manifest
    from dagster_project.run import prepare_dagster_home

    ensure_manifest(ws)
    home = prepare_dagster_home(ws)
    location_file = home / "workspace.yaml"
    module = {"module_name": "dagster_project.definitions", "location_name": location_name(ws)}
    location_file.write_text(yaml.safe_dump({"load_from": [{"python_module": module}]}))
    own = {"DAGSTER_HOME": str(home), "BELLWETHER_WORKSPACE": str(ws.root)}
    return Service(ws.name, location_file, {**(os.environ if environment is None else environment), **own})


def location_name(ws: Workspace) -> str:
    """The name of the workspace's code location: that of its folder."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", ws.root.name) or "workspace"


def dev_command(service: Service, port: int) -> list[str]:
    """Web page, scheduler and sensors, on this machine only."""
    return [sys.executable, "-m", "dagster", "dev", "-w", str(service.location_file), "-h", "127.0.0.1", "-p", str(port)]


def daemon_command(service: Service) -> list[str]:
    """Scheduler and sensors without a web page."""
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(service.location_file)]


def serve_all(folder: Path, first_port: int) -> int:
    """A Dagster for every workspace below ``folder``, on consecutive ports, until Ctrl-C; returns the exit code.

    A workspace that cannot start, or whose Dagster ends, is told; the others go on.
    """
    workspaces = find_workspaces(folder)
    running: dict[str, subprocess.Popen[bytes]] = {}
    failed = 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for place, workspace in enumerate(workspaces):
            name, port = label(workspace, folder), first_port + place
            try:
                service = prepare(load_workspace(workspace), own_environment(workspace, workspaces))
            except BellwetherError as error:
                failed += 1
                print(f"kpi: {name} does not start: {error}", file=sys.stderr, flush=True)
                continue
            print(f"{name}: Dagster on http://127.0.0.1:{port}", flush=True)
            command = dev_command(service, port)
            running[name] = subprocess.Popen(command, env=service.environment, start_new_session=True)  # noqa: S603
        if not running:
            raise RunError(f"none of the {failed} workspaces below {folder} starts; each is listed above.")
        while running:
            time.sleep(_LOOK_EVERY_SECONDS)
            for name in [name for name, process in running.items() if process.poll() is not None]:
                failed += 1
                print(f"kpi: Dagster of {name} has ended ({running.pop(name).returncode}).", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("Stopping.", file=sys.stderr, flush=True)
    finally:
        _end(list(running.values()))
    return 1 if failed else 0


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
