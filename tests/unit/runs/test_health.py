"""``kpi health``: exit code and one line per workspace, for timers and monitors."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project.health import check_health
from metrics.values import ensure_tables
from metrics.warehouse import open_warehouse
from metrics.workspace import load_workspace, machine_now
from serving.publish import publish
from tests.conftest import Kpi
from tests.unit.values.company import WORKSPACE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "workspace.yml").write_text(WORKSPACE)
    return tmp_path


def published(folder: Path, ago: timedelta) -> None:
    ws = load_workspace(folder)
    with open_warehouse(ws) as con:
        ensure_tables(con)
        con.execute("insert into mart.publish_log values ('5f0c91a2-run', ?, 0, null)", [machine_now() - ago])
    publish(ws, "5f0c91a2-run")


def test_published_in_time(folder: Path, kpi: Kpi) -> None:
    published(folder, timedelta(minutes=1))
    done = kpi("health", "-w", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Small shop: published 20")
    assert "(run 5f0c91a2); the next is due by " in done.stdout


def test_a_day_without_a_run(folder: Path, kpi: Kpi) -> None:
    published(folder, timedelta(hours=27))
    done = kpi("health", "-w", folder)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("kpi: Small shop: published 20")
    assert f"See whether the scheduler is running, then `kpi run -w {folder}`." in line


def test_machines_get_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published(folder, timedelta(hours=27))
    assert check_health([folder], "json") == 1
    [row] = json.loads(capsys.readouterr().out)
    assert (row["workspace"], row["healthy"], row["run_id"]) == ("Small shop", False, "5f0c91a2-run")
    assert row["published_at"].endswith("+00:00")


def test_nothing_published_and_unreadable_settings_do_not_hide_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("never", "wrong"):
        (folder / name).mkdir()
        (folder / name / "workspace.yml").write_text(WORKSPACE if name == "never" else "name: [")
    published(folder, timedelta(minutes=1))
    assert check_health([folder / "never", folder / "wrong", folder], "table") == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("Small shop: published")
    never, wrong = printed.err.splitlines()
    assert never == f"kpi: Small shop: nothing is published yet. Run `kpi run -w {folder / 'never'}`."
    assert wrong.startswith("kpi: wrong: workspace.yml:1: is not valid YAML")


def test_it_can_tell_the_routes_when_the_scheduler_is_dead(folder: Path) -> None:
    published(folder, timedelta(hours=27))
    for _ in range(2):
        assert check_health([folder], "table", tell=True) == 1
    [line] = (folder / "alerts.jsonl").read_text().splitlines()
    assert json.loads(line)["text"].startswith("No successful run: Small shop should have published by ")


def test_it_does_not_wait_for_a_run_that_writes(folder: Path) -> None:
    published(folder, timedelta(minutes=1))
    with duckdb.connect(str(load_workspace(folder).warehouse_path)):
        assert check_health([folder], "table") == 0
