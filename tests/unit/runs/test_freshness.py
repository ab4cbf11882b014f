"""A source is called late when it lags behind the workspace's today by more days than it may be silent."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dagster_project.checks.raw import _freshness_check
from dagster_project.resources import WorkspaceRun
from metrics.warehouse import open_warehouse
from metrics.workspace import load_workspace

ORDERS = {"table": "orders", "columns": {"order_id": "id", "ordered_at": "at", "gross_amount": "amount"}}


@pytest.mark.parametrize(
    ("last_event", "silent_days_ok", "is_late"),
    [
        ("2024-03-10", None, False),
        ("2024-03-07", None, False),
        ("2024-03-06", None, True),
        ("2024-03-10", 0, False),
        ("2024-03-09", 0, True),
        ("2024-03-01", 9, False),
        ("2024-02-29", 9, True),
    ],
)
def test_late_sources(tmp_path: Path, last_event: str, silent_days_ok: int | None, is_late: bool) -> None:
    source = {
        "connector": "files",
        "domain": "sales",
        "tables": {"orders": {"files": "*.csv"}},
        "entities": {"orders": ORDERS},
    }
    if silent_days_ok is not None:
        source["silent_days_ok"] = silent_days_ok
    settings = {
        "name": "Shop",
        "timezone": "UTC",
        "currency": "EUR",
        "history_start": "2024-01-01",
        "sources": {"shop": source},
    }
    (tmp_path / "workspace.yml").write_text(yaml.safe_dump(settings))
    ws = load_workspace(tmp_path)
    with open_warehouse(ws) as con:
        con.execute("insert into mart.clock values (date '2024-03-10', timestamp '2024-03-11 00:00')")
        for event, recorded in (("2024-01-01", "2024-03-10 01:00"), (last_event, "2024-03-10 02:00")):
            con.execute(
                "insert into mart.source_watermarks values ('shop', 'orders', ?, ?, null, null, 'run', ?)",
                [event, recorded, recorded],
            )
        # Customers are a reference: no day of theirs can be missing.
        con.execute(
            "insert into mart.source_watermarks values ('shop', 'customers', null, null, null, null, 'run', now()::timestamp)"
        )
    result = _freshness_check(ws)(WorkspaceRun(path=str(tmp_path)))
    assert result.passed is not is_late
    assert (result.description or "") == ("Late: shop.orders" if is_late else "1 rows")
