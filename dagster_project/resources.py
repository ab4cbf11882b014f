"""What an asset may ask for: the workspace of the run, locked for as long as the run lasts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from dagster_project import fingerprint as marks
from dagster_project.kpi_definitions import KpiDefinitions, load_definitions
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace, workspace_lock

PROGRESS = logging.getLogger("bellwether.progress")


class WorkspaceRun(dg.ConfigurableResource):
    """The workspace of this run. Held exclusively: in-process execution is not governed by Dagster's pools, and a
    second writer would fail in the middle with DuckDB's lock error instead of waiting its turn.

    The warehouse stays open between the steps: with its last connection DuckDB writes a checkpoint and forgets what it has
    read, some 80 ms of CPU each time. What is committed is safe all the same, in the write-ahead log."""

    path: str
    lock_seconds: float = 60.0

    _workspace: Workspace | None = PrivateAttr(default=None)
    _definitions: KpiDefinitions | None = PrivateAttr(default=None)
    _fingerprint: dict[str, str] | None = PrivateAttr(default=None)
    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Any]:
        """Load the workspace and hold its lock, waiting at most ``lock_seconds`` for another run."""
        ws = load_workspace(Path(self.path))
        with workspace_lock(ws, context.run.run_id if context.run else "unknown", self.lock_seconds):
            self._workspace, self._fingerprint, self._definitions = ws, marks.fingerprint(ws), None
            marks.forget(ws)
            with self._held:
                self._held.enter_context(open_warehouse(ws))
                yield self

    @contextmanager
    def warehouse_closed(self) -> Iterator[None]:
        """For work that needs the files for itself, with all their content in them: dbt opens them with its own settings."""
        self._held.close()
        try:
            yield
        finally:
            self._held.enter_context(open_warehouse(self.workspace))

    @property
    def workspace(self) -> Workspace:
        """The loaded workspace."""
        if self._workspace is None:
            self._workspace = load_workspace(Path(self.path))
        return self._workspace

    @property
    def definitions(self) -> KpiDefinitions:
        """What this run computes, read once: a file that is edited while a run is under way counts from the next one on,
        instead of the values following one version and the alerts another. Asked for after the models are parsed."""
        if self._definitions is None:
            self._definitions = load_definitions(self.workspace)
        return self._definitions

    def remember_as_done(self) -> None:
        """Everything up to the published snapshot is done: the same data and definitions need no other run."""
        marks.remember(self.workspace, self._fingerprint)


def progress(context: dg.AssetExecutionContext) -> Callable[[str], None]:
    """One line of progress, to the run's log and to whoever listens to ``bellwether.progress`` (the command line)."""

    def say(text: str) -> None:
        context.log.info(text)
        PROGRESS.info(text)

    return say
