"""``kpi dev --all``: a Dagster for each workspace, one code location each, nothing in common."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.dagster_server import DagsterServer
from tests.integration.small_shop import SmallShop

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


def first_of_three_free_ports() -> int:
    for port in range(20_000 + os.getpid() % 5_000, 32_000, 3):
        try:
            with ExitStack() as held:
                for one in range(port, port + 3):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", one))
        except OSError:
            continue
        return port
    raise AssertionError("no three free ports in a row")


def loaded_locations(server: DagsterServer) -> list[dict[str, Any]]:
    try:
        entries = server.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
    except httpx.TransportError:
        return []
    return entries if entries and all(entry["loadStatus"] == "LOADED" for entry in entries) else []


def test_each_workspace_has_a_dagster_and_a_code_location_of_its_own(tmp_path: Path) -> None:
    folder, log, port = tmp_path / "clients", tmp_path / "log", first_of_three_free_ports()
    # The middle one, by name, does not start: its port stays free, the others are served.
    for name in ("acme", "broken", "zenith"):
        SmallShop(folder / name).write()
    broken = SmallShop(folder / "broken")
    broken.replace(broken.settings, "connector: files", "connector: fiels")
    command = [Path(sys.executable).with_name("kpi"), "dev", "--all", folder, "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            for name, its_port in (("acme", port), ("zenith", port + 2)):
                server = DagsterServer(its_port, log)
                entries = server.until(lambda server=server: loaded_locations(server), 400)
                assert [entry["name"] for entry in entries] == [name]
                assert server.running_instigators() == {"daily", "lookback", "deliver_alerts", "tell_failures", "heartbeat"}
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    said = log.read_text()
    assert f"acme: Dagster on http://127.0.0.1:{port}\n" in said
    assert "kpi: broken does not start: workspace.yml:" in said
    # One workspace did not start.
    assert process.returncode == 1
    # Each Dagster has written below its own workspace, and nothing beside them.
    assert sorted(path.name for path in folder.iterdir()) == ["acme", "broken", "zenith"]
    for name in ("acme", "zenith"):
        assert (folder / name / ".bellwether" / "dagster" / "history").is_dir()
    for one_port in (port, port + 2):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{one_port}/server_info")
