"""What changes without a new row must change the values too: a mapping, a file that is gone, a partial run."""

from __future__ import annotations

import warnings
from datetime import date
from decimal import Decimal

import dagster as dg
import duckdb
import pytest

from dagster_project.resources import WorkspaceRun
from tests.conftest import Kpi
from tests.integration.small_shop import SmallShop

pytestmark = pytest.mark.integration


def monthly_revenue(shop: SmallShop) -> dict[date, Decimal]:
    current = (shop.root / "published" / "current.duckdb").resolve()
    with duckdb.connect(str(current), read_only=True) as con:
        return dict(
            con.execute(
                "select period_start, numerator from mart.kpi_current"
                " where metric = 'gross_revenue' and grain = 'month' and segment_dimension = ''"
            ).fetchall()
        )


def test_a_changed_mapping_changes_every_value(small_shop: SmallShop, kpi: Kpi) -> None:
    before = monthly_revenue(small_shop)
    settings = small_shop.root / "workspace.yml"
    settings.write_text(settings.read_text().replace("gross_amount: amount", "gross_amount: amount * 2"))
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    assert monthly_revenue(small_shop) == {month: 2 * value for month, value in before.items()}


def test_a_changed_time_zone_moves_the_days(small_shop: SmallShop, kpi: Kpi) -> None:
    settings = small_shop.root / "workspace.yml"
    settings.write_text(settings.read_text().replace("timezone: UTC", "timezone: Asia/Tokyo", 1))
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    current = (small_shop.root / "published" / "current.duckdb").resolve()
    with duckdb.connect(str(current), read_only=True) as con:
        differing = con.execute(
            """select count(*) from (select business_date, count(*) as orders from core.fct_orders group by all) as fact
            full join (select period_start, value from mart.kpi_current
                       where metric = 'orders' and grain = 'day' and segment_dimension = '') as kpi
              on kpi.period_start = fact.business_date
            where fact.orders is distinct from kpi.value"""
        ).fetchone()
    assert differing == (0,)


def test_values_of_a_file_that_is_gone_are_removed(small_shop: SmallShop, kpi: Kpi) -> None:
    before = monthly_revenue(small_shop)
    files = sorted((small_shop.root / "files").glob("orders_*"))
    assert len(files) == len(before) == 2
    files[-1].unlink()
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    assert monthly_revenue(small_shop) == {min(before): before[min(before)]}


def test_a_partial_run_in_dagster_loses_no_change(small_shop: SmallShop, kpi: Kpi) -> None:
    """Raw tables first, kpi_values alone next, as the Dagster UI allows: the full run after them still sees the change."""
    from dagster_project.build import build_defs

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    before = monthly_revenue(small_shop)
    newest = sorted((small_shop.root / "files").glob("orders_*"))[-1]
    newest.write_text(newest.read_text().rstrip("\n") + "\nadded,2026-02-10 10:00:00,100.50\n")
    definitions = build_defs(small_shop.root)
    for keys in (["raw_shop/orders", "mart/clock", "mart/source_watermarks"], ["mart/kpi_values"]):
        done = definitions.resolve_job_def("daily").execute_in_process(
            asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert done.success
    assert kpi("run", "-w", small_shop.root).returncode == 0
    february = max(before)
    assert monthly_revenue(small_shop)[february] == before[february] + Decimal("100.50")


def test_a_mistyped_year_does_not_move_the_clock(small_shop: SmallShop, kpi: Kpi) -> None:
    before = monthly_revenue(small_shop)
    newest = sorted((small_shop.root / "files").glob("orders_*"))[-1]
    newest.write_text(newest.read_text().rstrip("\n") + "\nfuture,2206-02-10 10:00:00,100.50\n")
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 1
    assert "1 of 178 rows has a business date after today" in done.stderr
    assert "shop order_id future on 2206-02-10" in done.stderr
    assert monthly_revenue(small_shop) == before


def test_a_file_that_is_edited_during_a_run_counts_from_the_next_one(small_shop: SmallShop) -> None:
    """Also where one process, as an agency's over all its clients, makes both runs with one resource."""
    resource, context = WorkspaceRun(path=str(small_shop.root)), dg.build_init_resource_context()
    with resource.yield_for_execution(context) as run:
        shipped = run.definitions.catalogue.kpis["orders"].threshold
        (small_shop.root / "kpis" / "own.yml").write_text("version: 1\noverrides:\n  - {id: orders, threshold: 0.42}\n")
        assert run.definitions.catalogue.kpis["orders"].threshold == shipped != 0.42
    with resource.yield_for_execution(context) as run:
        assert run.definitions.catalogue.kpis["orders"].threshold == 0.42
