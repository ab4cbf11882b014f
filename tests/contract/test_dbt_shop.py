"""The facts over the real files of the toy shop give the figures that hand-written SQL gave (shared/data/SOURCES.md)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.workspace import load_workspace, mapping_vars
from tests.contract.dbt_project_runs import DbtDatabase, RawTable, duckdb_database, open_duckdb
from tests.soundness.metricflow_oracle import MetricFlow

WORKSPACE = Path(__file__).resolve().parents[1] / "workspaces" / "shop"
CLOSED = "2015-03-18"
pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> DbtDatabase:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BELLWETHER_SHARED_DATA", str(shared_data))
        variables = mapping_vars(load_workspace(WORKSPACE))
    clock = RawTable("mart.clock", "today date, now_at timestamp", [["2015-04-01", "2015-04-01 23:59:59"]])
    watermarks = RawTable(
        "mart.source_watermarks",
        "source text, entity text, last_event_on date, last_loaded_at timestamp, closed_through date,"
        " settled_through date, run_id text, recorded_at timestamp",
        [["shop", "orders", "2015-03-19", "2015-04-02 06:00:00", CLOSED, "2015-02-16", "a", "2015-04-02 06:00:00"]],
    )
    database = duckdb_database(tmp_path_factory.mktemp("shop"), variables, [clock, watermarks])
    database = DbtDatabase(
        database.folder,
        {**database.environment, "BELLWETHER_WORKSPACE_SEMANTIC": str(WORKSPACE / "semantic")},
        variables,
    )
    with open_duckdb(database) as con:
        con.execute("create schema raw.raw_shop")
        for table in ("orders", "order_items", "order_item_refunds", "products"):
            con.execute(
                f"create table raw.raw_shop.{table} as select * from read_csv(?)",
                [str(shared_data / "shop" / f"{table}.csv")],
            )
    database.dbt("build", "--exclude-resource-type", "unit_test")
    return database


@pytest.fixture
def con(built: DbtDatabase) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_duckdb(built) as connection:
        yield connection


def _answer(built: DbtDatabase, con: duckdb.DuckDBPyConnection, metrics: list[str], *group_by: str) -> list[dict[str, Any]]:
    """Rows of a query by column name: MetricFlow orders the columns as it likes."""
    con.execute(MetricFlow(built.target / "semantic_manifest.json").compile(metrics, list(group_by)))
    names = [column[0] for column in con.description or ()]
    return [dict(zip(names, row, strict=True)) for row in con.fetchall()]


def test_totals(built: DbtDatabase, con: duckdb.DuckDBPyConnection) -> None:
    expected = {
        "orders": 32313,
        "gross_revenue": Decimal("1938509.75"),
        "refunds": Decimal("85338.69"),
        "orders_with_refund": 1723,
        "refunded_items": Decimal(1731),
        "items_sold": Decimal(40025),
        "new_customers": 31696,
        "buyers": 31696,
        "first_orders_repeated": 276,
        "first_orders_mature": 29696,
    }
    assert _answer(built, con, list(expected)) == [expected]


def test_rates(built: DbtDatabase, con: duckdb.DuckDBPyConnection) -> None:
    expected = {"item_return_rate": "4.3248", "return_rate": "5.3322", "repurchase_rate_30d": "0.9294"}
    (found,) = _answer(built, con, list(expected))
    assert {name: f"{100 * value:.4f}" for name, value in found.items()} == expected


def test_orders_by_quarter(built: DbtDatabase, con: duckdb.DuckDBPyConnection) -> None:
    rows = sorted(_answer(built, con, ["orders"], "metric_time__quarter"), key=lambda row: row["metric_time__quarter"])
    expected = [60, 347, 684, 1495, 1273, 1717, 1841, 2616, 3069, 3848, 4035, 5908, 5420]
    assert [row["orders"] for row in rows] == expected


def test_the_last_quarter_of_2014(built: DbtDatabase, con: duckdb.DuckDBPyConnection) -> None:
    metrics = ["orders", "average_order_value", "refunds", "revenue"]
    rows = _answer(built, con, metrics, "metric_time__quarter")
    (found,) = [row for row in rows if str(row["metric_time__quarter"]).startswith("2014-10")]
    assert (found["orders"], found["refunds"], found["revenue"]) == (5908, Decimal("11841.53"), Decimal("365050.45"))
    assert f"{found['average_order_value']:.4f}" == "63.7935"
