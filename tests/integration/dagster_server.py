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
from pathlib import Path
from typing import Any

import httpx

_POLL_SECONDS = 0.5
_LOCATIONS = """{ repositoriesOrError { __typename ... on RepositoryConnection { nodes { name location { name } } } } }"""


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

    def repository(self) -> dict[str, str]:
        """The selector of the one repository, once its code is loaded."""
        nodes = self.until(lambda: self._nodes(), 120)
        assert len(nodes) == 1, nodes
        return {"repositoryName": nodes[0]["name"], "repositoryLocationName": nodes[0]["location"]["name"]}

    def _nodes(self) -> list[dict[str, Any]]:
        try:
            return self.ask(_LOCATIONS)["repositoriesOrError"].get("nodes", [])  # type: ignore[no-any-return]
        except httpx.TransportError:
            return []

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
