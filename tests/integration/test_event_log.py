"""Dagster's event log with its files kept open: the same log to every reader, whoever wrote it and wherever it lies."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.event_log import OpenEventLog
from dagster_project.run import prepare_dagster_home
from metrics.workspace import Workspace, load_workspace

pytestmark = pytest.mark.integration

SHOP = Path(__file__).parents[1] / "workspaces" / "shop"
COUNTED = dg.AssetKey(["counted"])
# What a workspace has that was made before the log was kept open.
OLD_SETTINGS = """\
telemetry: {enabled: false}
nux: {enabled: false}
# One process owns the warehouse: a second run waits in the queue instead of failing on DuckDB's lock.
concurrency:
  pools: {default_limit: 1, granularity: run}
  runs: {max_concurrent_runs: 1}
# A killed run would otherwise keep its place in the queue for ever.
run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 10}
"""
COUNT_IN_ANOTHER_PROCESS = """
import sys
import dagster as dg
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    print(len(instance.all_logs(sys.argv[2], of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)))
"""


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("BELLWETHER_SHARED_DATA", str(tmp_path))
    root = tmp_path / "company"
    root.mkdir()
    shutil.copy(SHOP / "workspace.yml", root)
    return load_workspace(root)


@contextmanager
def instance_at(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def materialize(instance: dg.DagsterInstance, rows: int) -> str:
    """A run of one asset and one check; returns its id."""

    @dg.asset(key=COUNTED, check_specs=[dg.AssetCheckSpec("positive", asset=COUNTED)])
    def counted() -> dg.MaterializeResult:
        return dg.MaterializeResult(
            metadata={"rows": rows}, check_results=[dg.AssetCheckResult(check_name="positive", passed=rows > 0)]
        )

    return dg.materialize([counted], instance=instance).run_id


def rows_of_latest(instance: dg.DagsterInstance) -> object:
    event = instance.get_latest_materialization_event(COUNTED)
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization.metadata["rows"].value


def test_an_older_workspace_is_taken_over_with_its_runs(ws: Workspace) -> None:
    ws.dagster_home.mkdir(parents=True)
    (ws.dagster_home / "dagster.yaml").write_text(OLD_SETTINGS)
    with instance_at(ws.dagster_home) as before:
        assert not isinstance(before.event_log_storage, OpenEventLog)
        old_run = materialize(before, 3)

    with instance_at(prepare_dagster_home(ws)) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLog)
        assert rows_of_latest(instance) == 3
        new_run = materialize(instance, 5)
        assert rows_of_latest(instance) == 5
        for run_id in (old_run, new_run):
            assert len(instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)) == 1


def test_settings_changed_by_hand_stay(ws: Workspace) -> None:
    ws.dagster_home.mkdir(parents=True)
    (ws.dagster_home / "dagster.yaml").write_text("telemetry: {enabled: true}\n")
    prepare_dagster_home(ws)
    assert (ws.dagster_home / "dagster.yaml").read_text() == "telemetry: {enabled: true}\n"


def test_a_copied_workspace_writes_to_its_own_log(ws: Workspace, tmp_path: Path) -> None:
    with instance_at(prepare_dagster_home(ws)) as instance:
        materialize(instance, 1)
    copied = tmp_path / "copy"
    shutil.copytree(ws.dagster_home, copied)
    with instance_at(copied) as instance:
        materialize(instance, 2)
        assert rows_of_latest(instance) == 2
    with instance_at(ws.dagster_home) as instance:
        assert rows_of_latest(instance) == 1


def test_another_process_sees_a_run_while_its_log_is_open(ws: Workspace) -> None:
    home = prepare_dagster_home(ws)
    with instance_at(home) as instance:
        run_id = materialize(instance, 1)
        command = [sys.executable, "-c", COUNT_IN_ANOTHER_PROCESS, str(home), run_id]
        seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "1"
    assert not list(home.rglob("*-wal")), "closing folds the write-ahead logs into the files"


def test_a_watched_run_is_told_while_its_log_is_open(ws: Workspace) -> None:
    with instance_at(prepare_dagster_home(ws)) as writing, instance_at(ws.dagster_home) as watching:
        run_id = materialize(writing, 1)
        told = threading.Event()

        def hear(entry: dg.EventLogEntry, _cursor: str) -> None:
            if entry.dagster_event and entry.dagster_event.message == "a line written later":
                told.set()

        watching.watch_event_logs(run_id, None, hear)
        writing.report_engine_event("a line written later", writing.get_run_by_id(run_id))
        assert told.wait(20)
        watching.end_watch_event_logs(run_id, hear)


def test_many_runs_and_threads_share_the_log(ws: Workspace) -> None:
    """More runs than files are kept open, asked for by several threads at once."""
    with instance_at(prepare_dagster_home(ws)) as instance:
        runs = [materialize(instance, number) for number in range(1, 7)]
        found: dict[str, int] = {}

        def count(run_id: str) -> None:
            found[run_id] = len(instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION))

        threads = [threading.Thread(target=count, args=(run_id,)) for run_id in runs * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert found == dict.fromkeys(runs, 1)
        assert instance.get_latest_materialization_event(COUNTED).run_id == runs[-1]
