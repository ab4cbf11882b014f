"""``kpi dev`` on a workspace, without a browser: web server, daemon and code server, asked by GraphQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

_POLL_SECONDS = 0.5
_REPOSITORIES = """{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"""
_INSTIGATORS = """query ($selector: RepositorySelector!) { repositoryOrError(repositorySelector: $selector) {
  ... on Repository { schedules { name scheduleState { status } } sensors { name sensorState { status } } } } }"""
_LAUNCH = """mutation ($parameters: ExecutionParams!) { launchRun(executionParams: $parameters) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message } } }"""
_RUNS = "query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results { runId status } } } }"
_FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}


class DagsterServer:
    """A running ``kpi dev``."""

    def __init__(self, port: int, log: Path) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self._log = log

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of a GraphQL answer."""
        response = self._client.post("/graphql", json={"query": query, "variables": dict(variables or {})})
        answer = response.raise_for_status().json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    @cached_property
    def repository(self) -> dict[str, str]:
        """The selector of the one repository; waits until its code is loaded."""
        nodes = self.until(self._repositories, 120)
        assert len(nodes) == 1, nodes
        return {"repositoryName": nodes[0]["name"], "repositoryLocationName": nodes[0]["location"]["name"]}

    def _repositories(self) -> list[dict[str, Any]]:
        try:
            return self.ask(_REPOSITORIES)["repositoriesOrError"].get("nodes", [])  # type: ignore[no-any-return]
        except httpx.TransportError:
            return []

    def running_instigators(self) -> set[str]:
        """Names of the schedules and sensors that are switched on."""
        shown = self.ask(_INSTIGATORS, {"selector": self.repository})["repositoryOrError"]
        states = {item["name"]: item["scheduleState"] for item in shown["schedules"]}
        states |= {item["name"]: item["sensorState"] for item in shown["sensors"]}
        return {name for name, state in states.items() if state["status"] == "RUNNING"}

    def launch_range(self, job: str, first: date, last: date) -> str:
        """Launch a job for a range of days, as docs/adr/0002 says; returns the run's id."""
        days = {"start": first.isoformat(), "end": last.isoformat()}
        tags = [{"key": f"dagster/asset_partition_range_{edge}", "value": day} for edge, day in days.items()]
        parameters = {
            "selector": {**self.repository, "jobName": job},
            "runConfigData": {},
            "executionMetadata": {"tags": tags},
        }
        launched = self.ask(_LAUNCH, {"parameters": parameters})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def finished_runs(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Status by run id of the runs with these tags; empty while one of them is still at work."""
        asked = {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
        runs = self.ask(_RUNS, {"filter": asked})["runsOrError"]["results"]
        return {run["runId"]: run["status"] for run in runs} if all(run["status"] in _FINISHED for run in runs) else {}

    def until(self, answer: Callable[[], Any], seconds: float) -> Any:
        """The first answer that is not empty. Raises AssertionError with the server's log after ``seconds``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = answer()
            if found:
                return found
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"no answer within {seconds:g} s; the server says:\n{self._log.read_text()[-3000:]}")


@contextmanager
def dagster_server(workspace: Path, log: Path) -> Iterator[DagsterServer]:
    """Start ``kpi dev`` in a process group of its own; ends all of its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("kpi"), "dev", "-w", workspace, "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            yield DagsterServer(port, log)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
