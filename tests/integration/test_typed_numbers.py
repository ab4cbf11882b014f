"""docs/mapping.md, "Numbers typed in by hand": its spreadsheet, mapping and metrics, run as a user would run them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from tests.conftest import Kpi
from tests.contract.test_mapping_page import of_kind

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def typed(kpi: Kpi, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("typed")
    for folder in ("exports", "semantic"):
        (root / folder).mkdir()
    (root / "exports" / "numbers.csv").write_text(of_kind("numbers.csv")[0].text, encoding="utf-8")
    (root / "semantic" / "numbers.yml").write_text(of_kind("semantic/numbers.yml")[0].text, encoding="utf-8")
    settings = {"name": "Typed", "timezone": "UTC", "currency": "EUR", "history_start": "2026-01-01", "clock": "2026-04-15"}
    sources = {"sources": {"numbers": yaml.safe_load(of_kind("numbers")[0].text)}}
    (root / "workspace.yml").write_text(yaml.safe_dump({**settings, **sources}, sort_keys=False), encoding="utf-8")
    done = kpi("run", "-w", root)
    assert done.returncode == 0, done.stderr + done.stdout
    return root


@pytest.mark.parametrize(
    ("metric", "grain", "start", "segment", "expected"),
    [
        ("trade_fair_cost", "month", "2026-01-01", "", 4200),
        ("trade_fair_cost", "quarter", "2026-01-01", "", 7300),
        ("shelf_share", "month", "2026-01-01", "north", 0.20),
        # (0.20 x 400 + 0.05 x 1600) / (400 + 1600); the plain mean would be 0.125
        ("shelf_share", "month", "2026-01-01", "", 0.08),
        ("shelf_share", "quarter", "2026-01-01", "", 0.08),
    ],
)
def test_a_typed_number_is_a_metric(typed: Path, metric: str, grain: str, start: str, segment: str, expected: float) -> None:
    with duckdb.connect(str((typed / "published" / "current.duckdb").resolve()), read_only=True) as con:
        found = con.execute(
            """select value, state from mart.kpi_current
            where metric = ? and grain = ? and period_start = ? and segment_value = ?""",
            [metric, grain, start, segment],
        ).fetchall()
    assert [value for value, _ in found] == [pytest.approx(expected)]
    assert found[0][1] != "open"


def test_a_month_in_which_nothing_was_typed_has_no_value(typed: Path) -> None:
    with duckdb.connect(str((typed / "published" / "current.duckdb").resolve()), read_only=True) as con:
        months = con.execute(
            "select distinct period_start::varchar from mart.kpi_current where metric = 'trade_fair_cost' and grain = 'month'"
        ).fetchall()
        connected = con.execute("select is_connected from mart.dim_kpi where metric = 'net_profit_margin'").fetchall()
    assert sorted(months) == [("2026-01-01",), ("2026-02-01",)]
    # the costs alone are not enough for a profit
    assert connected == [(False,)]
