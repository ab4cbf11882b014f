"""A real shop's files through the whole pipeline: every figure marked (P) for it, to the last printed digit.

The workspace is YAML and a semantic model of its own, nothing else. Independent figures: data/SOURCES.md beside the files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.conftest import REPOSITORY
from tests.forked import run_kpi

pytestmark = pytest.mark.integration
Read = Callable[..., list[tuple]]


@pytest.fixture(scope="module")
def read(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Read:
    root = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(REPOSITORY / "tests" / "workspaces" / "shop", root)
    done = run_kpi("run", "-w", root, env={"BELLWETHER_SHARED_DATA": str(shared_data)})
    assert done.returncode == 0, done.stderr

    def query(sql: str, *parameters: object) -> list[tuple]:
        with duckdb.connect(str((root / "published" / "current.duckdb").resolve()), read_only=True) as con:
            return con.execute(sql, list(parameters)).fetchall()

    return query


@pytest.fixture(scope="module")
def total(read: Read) -> Callable[..., Decimal]:
    """Sum of a metric's monthly numerators in mart.kpi_values, from its current rows."""

    def summed(metric: str, part: str = "numerator") -> Decimal:
        return read(
            f"select sum({part}) from mart.kpi_current where metric = ? and grain = 'month' and segment_dimension = ''",
            metric,
        )[0][0]

    return summed


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("orders", Decimal(32313)),
        ("gross_revenue", Decimal("1938509.75")),
        ("refunds", Decimal("85338.69")),
        ("refunded_items", Decimal(1731)),
        ("items_sold", Decimal(40025)),
        ("orders_with_refund", Decimal(1723)),
        # Each buyer is new once: over all history the new customers are the buyers.
        ("new_customers", Decimal(31696)),
    ],
)
def test_totals(total: Callable[..., Decimal], metric: str, figure: Decimal) -> None:
    assert total(metric) == figure


def test_rates_over_all_orders(total: Callable[..., Decimal]) -> None:
    items = total("item_return_rate") / total("item_return_rate", "denominator")
    orders = total("return_rate") / total("return_rate", "denominator")
    assert (f"{items:.4%}", f"{orders:.4%}") == ("4.3248%", "5.3322%")


def test_last_quarter_of_2014(read: Read) -> None:
    values = dict(
        read(
            "select metric, value from mart.kpi_current where grain = 'quarter' and segment_dimension = ''"
            " and period_start = '2014-10-01'"
        )
    )
    assert values["orders"] == 5908
    assert round(values["average_order_value"], 4) == 63.7935
    assert round(values["refunds"], 2) == 11841.53
    assert round(values["revenue"], 2) == 365050.45


def test_orders_by_quarter(read: Read) -> None:
    rows = read(
        "select period_start, value::integer, state from mart.kpi_current where metric = 'orders' and grain = 'quarter'"
        " and segment_dimension = '' order by 1"
    )
    assert [value for _, value, _ in rows] == [
        60, 347, 684, 1495, 1273, 1717, 1841, 2616, 3069, 3848, 4035, 5908, 5420,
    ]  # fmt: skip
    assert rows[-1][0] == date(2015, 1, 1)
    assert rows[-1][2] == "open"
    assert all(state == "settled" for _, _, state in rows[:-1])


def test_repurchase_leaves_immature_cohorts_out(total: Callable[..., Decimal], read: Read) -> None:
    repeated, first = total("repurchase_rate_30d"), total("repurchase_rate_30d", "denominator")
    assert (repeated, first) == (276, 29696)
    assert f"{repeated / first:.4%}" == "0.9294%"
    # The last closed day is 2015-03-18, so the last cohort that can be known is that of 2015-02-16: no later month has one.
    last = read(
        "select max(period_start) from mart.kpi_current where metric = 'repurchase_rate_30d' and grain = 'month'"
        " and segment_dimension = '' and value is not null"
    )
    assert last == [(date(2015, 2, 1),)]


def test_buyers_of_the_workspaces_own_metric(read: Read) -> None:
    """The workspace's own semantic model is computed and published like a shipped one."""
    ours = read(
        "select value::integer from mart.kpi_current where metric = 'buyers' and grain = 'quarter' and segment_dimension = ''"
        " and period_start = '2014-10-01'"
    )
    assert ours == [(5830,)]
