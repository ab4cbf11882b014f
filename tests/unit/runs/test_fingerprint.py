"""When a run may be skipped: never while something that it would see has changed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project import fingerprint as marks
from metrics.workspace import load_workspace

WORKSPACE = """\
name: Small shop
timezone: Europe/Berlin
currency: EUR
history_start: 2024-01-01
clock: {clock}
sources:
  shop:
    connector: files
    domain: sales
    closes: {{by: {by}, grace: 6h}}
    tables:
      orders: {{files: orders.csv}}
    entities:
      orders:
        table: orders
        columns: {{order_id: id, ordered_at: created_at, gross_amount: amount}}
"""


def fingerprint(
    root: Path, monkeypatch: pytest.MonkeyPatch, at: str, *, clock: str = "now", by: str = "load_time"
) -> object:
    """The fingerprint of a small workspace when the machine's clock (UTC) stands at ``at``."""
    (root / "workspace.yml").write_text(WORKSPACE.format(clock=clock, by=by))
    if not (root / "orders.csv").exists():
        (root / "orders.csv").touch()
    monkeypatch.setattr(marks, "machine_now", lambda: dt.datetime.fromisoformat(at))
    return marks.fingerprint(load_workspace(root))


def test_a_day_that_could_close_now_is_something_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Berlin is two hours ahead in summer: 31 May closes when a load begins after 06:00 of 1 June, 04:00 UTC.
    before = fingerprint(tmp_path, monkeypatch, "2024-06-01T03:59:00")
    assert fingerprint(tmp_path, monkeypatch, "2024-06-01T03:59:30") == before
    assert fingerprint(tmp_path, monkeypatch, "2024-06-01T04:01:00") != before


def test_midnight_is_something_new_with_the_clock_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(tmp_path, monkeypatch, "2024-06-01T21:59:00", by="max_event_time")
    assert fingerprint(tmp_path, monkeypatch, "2024-06-01T22:01:00", by="max_event_time") != before


def test_a_clock_of_the_data_knows_no_midnight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fingerprint(tmp_path, monkeypatch, "2024-06-01T21:59:00", clock="data_end", by="max_event_time")
    assert fingerprint(tmp_path, monkeypatch, "2024-06-02T22:01:00", clock="data_end", by="max_event_time") == first


def test_only_a_published_run_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current = fingerprint(tmp_path, monkeypatch, "2024-06-01T12:00:00")
    ws = load_workspace(tmp_path)
    marks.remember(ws, current)  # type: ignore[arg-type]
    assert not marks.is_unchanged(ws, current)  # type: ignore[arg-type]
    ws.published_dir.mkdir(parents=True)
    (ws.published_dir / "current.duckdb").touch()
    assert marks.is_unchanged(ws, current)  # type: ignore[arg-type]
    marks.forget(ws)
    assert not marks.is_unchanged(ws, current)  # type: ignore[arg-type]
