"""Every difference between a file and the metric table is named and adds up; what is changed behind our back is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from dagster_project import dbt_runner
from dagster_project.connectors import extract_source, finish_extraction
from metrics.errors import WorkspaceError
from metrics.reconciliation import beyond_tolerance, remainders, undecided_versions, write_reconciliation
from metrics.warehouse import open_warehouse
from metrics.workspace import Workspace, load_workspace
from tests.conftest import Kpi
from tests.integration import reconciled_company as company
from tests.integration.small_shop import SmallShop

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company, loaded and modelled. Copy it with ``root``."""
    root = tmp_path_factory.mktemp("reconciled") / "company"
    company.write_company(root)
    ws = load_workspace(root)
    with open_warehouse(ws) as con:
        extract_source(con, ws, "shop", list(ws.sources["shop"].tables), "run", lambda _: None)
        finish_extraction(con, ws, "run")
    outcome = dbt_runner.build(ws, ["fqn:*"])
    assert outcome.success, [(node.unique_id, node.message) for node in outcome.failures()]
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(built, tmp_path / "company", symlinks=True)
    # The views name raw tables by catalog, not by path; only the dbt folder's links point at the shipped project.
    return tmp_path / "company"


@contextmanager
def reconciled(root: Path, *changes: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Workspace]]:
    """The warehouse after ``changes`` (SQL) and a reconciliation."""
    ws = load_workspace(root)
    with open_warehouse(ws) as con:
        for change in changes:
            con.execute(change)
        write_reconciliation(con, ws)
        yield con, ws


def steps_of(con: duckdb.DuckDBPyConnection, entity: str) -> list[tuple]:
    return con.execute(
        """select source, currency, case when difference = '' then stage else '- ' || difference end, row_count,
            amount::varchar
        from mart.reconciliation where entity = ?
        order by source = 'all sources', currency, step_order""",
        [entity],
    ).fetchall()


def test_every_difference_is_counted_by_hand(root: Path) -> None:
    with reconciled(root) as (con, _):
        assert steps_of(con, "orders") == company.ORDERS
        assert steps_of(con, "order_lines") == company.ORDER_LINES
        for entity, last in (
            ("refunds", company.REFUNDS),
            ("tickets", company.TICKETS),
            ("opportunities", company.OPPORTUNITIES),
            ("survey_responses", company.SURVEYS),
        ):
            found = steps_of(con, entity)
            assert [step for step in found if step in last] == last, (entity, found)
        assert remainders(con) == []
        units = con.execute(
            "select distinct step_order, amount_currency from mart.reconciliation"
            " where entity = 'orders' and currency = 'USD' order by 1"
        ).fetchall()
        # Dollars up to what the fact leaves out, euros in it; the conversion is in neither.
        assert units == [(30, "USD"), (35, "USD"), (50, "USD"), (51, "USD"), (65, None), (66, None), (70, "EUR")]
        compared = con.execute(
            "select count(*), count(*) filter (where unexplained_rows = 0 or unexplained_amount = 0)"
            " from mart.reconciliation where unexplained_rows is not null or unexplained_amount is not null"
        ).fetchone()
        # Every stage but the first of its chain, and those that the query decides.
        assert compared[0] == compared[1] > 30


def test_versions_of_a_row_that_nothing_puts_in_order_are_told(root: Path) -> None:
    """Order 9 came twice under one latest_by, ticket t9 three times without any; an address that is an id is not shown."""
    changes = (
        "insert into raw.raw_shop.orders by name"
        " select 9 as id, '2024-05-01 13:00'::timestamp as created_at, '2024-05-01 13:00'::timestamp as updated_at,"
        " unnest([20, 30]) as total, unnest(['EUR', 'eur']) as currency, unnest([false, null]) as test",
        # The third is older, whatever it holds; the fourth is the copy of the one that is kept.
        "insert into raw.raw_shop.orders by name"
        " select 9 as id, '2024-05-01 13:00'::timestamp as created_at, unnest(['2024-04-01', '2024-05-01 13:00'])::timestamp"
        " as updated_at, unnest([99, 30]) as total, 'eur' as currency, unnest([false, null]) as test",
        "insert into raw.raw_shop.tickets by name"
        " select unnest(['t9', 't9', 't9', 'ann@example.com', 'ann@example.com']) as id,"
        " '2024-05-01'::timestamp + to_hours(unnest([8, 9, 10, 8, 9])) as at, false as test",
    )
    with reconciled(root) as (con, ws):
        assert undecided_versions(con, ws) == []
    with reconciled(root, *changes) as (con, ws):
        told = [str(found) for found in undecided_versions(con, ws)]
        con.execute("delete from raw.raw_shop.tickets where id = 't9'")
        without_id = str(undecided_versions(con, ws)[-1])
    assert told == [
        "shop.orders: 1 key has rows that differ, and latest_by is the same in them (first: order_id 9, gross_amount 20.00 or"
        " 30.00, currency): the row with the larger value in the first column that differs was kept. Let latest_by: name a column that tells them apart,"
        " or a query: that keeps one row per key.",
        "shop.tickets: 2 keys have rows that differ, and nothing says which is the newest (first: ticket_id t9, created_at"
        " 2024-05-01 09:00:00 or 2024-05-01 10:00:00): the row with the larger value in the first column that differs was kept. Add latest_by: to its mapping, or a"
        " query: that keeps one row per key.",
    ]
    assert (
        "1 key has rows that differ, and nothing says which is the newest (first: created_at 2024-05-01 08:00:00 or"
        in without_id
    )


def test_amounts_are_decimals(root: Path) -> None:
    with reconciled(root) as (con, _):
        types = dict(
            con.execute(
                "select column_name, data_type from duckdb_columns()"
                " where schema_name = 'mart' and table_name = 'reconciliation' and column_name like '%amount%' and data_type <> 'VARCHAR'"
            ).fetchall()
        )
    assert set(types.values()) == {"DECIMAL(28,4)"}, types


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # Lost between staging and fact, between fact and metric table, doubled, and lost before anything was modelled.
        ("delete from core.fct_orders where order_id = '2'", "shop, orders: fact has -1 rows and -50.0000 EUR"),
        ("update core.fct_orders set gross_amount = gross_amount + 0.0001 where order_id = '2'",
         "shop, orders: fact has +0 rows and +0.0001 EUR"),
        ("insert into core.fct_refunds select * from core.fct_refunds", "shop, refunds: fact has +1 rows and +10.0000 EUR"),
        ("update core.metrics_sales_daily set orders = orders - 1 where orders = 2 and business_date = '2024-05-01'",
         "all sources, orders: metric table has -1 rows"),
        ("update core.fct_tickets set source_relation = 'nobody'", "nobody, tickets: fact has +1 rows"),
        ("delete from raw.raw_shop.tickets where id = 't1'", "shop, tickets: raw has -1 rows"),
        ("delete from raw.ops.quarantine where value = 'yesterday'", "shop, orders: raw has -1 rows"),
    ],
)  # fmt: skip
def test_a_change_behind_the_pipelines_back_is_named(root: Path, change: str, expected: str) -> None:
    with reconciled(root, change) as (con, _):
        found = [str(remainder) for remainder in remainders(con)]
    assert found
    assert any(text.startswith(expected) for text in found), found


def test_a_model_that_drops_rows_without_a_reason_is_a_remainder(root: Path) -> None:
    """Staging that loses a row: neither repeated nor quarantined, so nothing names it."""
    with open_warehouse(load_workspace(root)) as con:
        text = con.execute("select sql from duckdb_views() where view_name = 'int_tickets__unioned'").fetchone()[0]
        body = text.split(" AS ", 1)[1].rstrip(";")
        con.execute(
            f"create or replace view intermediate.int_tickets__unioned as select * from ({body}) where ticket_id <> 't1'"
        )
    with reconciled(root) as (con, _):
        found = [str(remainder) for remainder in remainders(con)]
    # The fact was built before, so it has a row too many against that staging.
    assert found == [
        "shop, tickets: staging has -1 rows that nothing explains",
        "shop, tickets: fact has +1 rows that nothing explains",
    ]


def test_an_amount_without_a_rate_is_named_and_adds_up(root: Path) -> None:
    changes = (
        "delete from intermediate.int_exchange_rates__daily",
        "update core.fct_orders set gross_amount = null where currency = 'USD'",
        "update core.fct_order_lines set amount = null where currency = 'USD'",
        "update core.fct_refunds set amount = null where currency = 'USD'",
        "update core.metrics_sales_daily set gross_revenue = null where business_date = '2024-05-02'",
        "update core.metrics_sales_daily set refunds = 10 where refunds = 14.5",
    )
    with reconciled(root, *changes) as (con, _):
        usd = [step[2:] for step in steps_of(con, "orders") if step[1] == "USD"]
        assert remainders(con) == []
    assert usd[-3:] == [
        ("- currency_conversion", None, "0.0000"),
        ("- no_exchange_rate", None, "-73.3300"),
        ("fact", 2, "0.0000"),
    ]


CONTROLS = """\
    control_totals:
      orders:
        - {period: 2024-05-01, rows: 2, amount: 140}
        - {period: 2024-05-01, amount: 141, tolerance: 0.01}
        - {period: 2024-05-01, rows: 3, amount: 142, tolerance: 0.01}
        - {period: 2024-05, currency: USD, amount: 73.33}
        - {file: shop.csv, tolerance: 0.5}
    tables:
"""


@pytest.fixture
def with_controls(root: Path) -> Callable[..., Path]:
    def write(csv: str = "period,rows,amount\n2024-05-01,1,\n2024-04,,0\n") -> Path:
        settings = root / "workspace.yml"
        settings.write_text(settings.read_text().replace("    tables:\n", CONTROLS, 1))
        (root / "shop.csv").write_text(csv)
        return root

    return write


def test_the_vendors_totals_stand_beside_ours(with_controls: Callable[..., Path]) -> None:
    # The last day is 2 May, so that only 1 May is closed: May as a whole is not judged yet.
    with reconciled(with_controls()) as (con, _):
        found = con.execute(
            """select period_start::varchar, period_end::varchar, row_count, amount::varchar, vendor_row_count,
                vendor_amount::varchar, row_difference, amount_difference::varchar, within_tolerance
            from mart.reconciliation where stage = 'control total' order by step_order"""
        ).fetchall()
        assert found == [
            ("2024-05-01", "2024-05-01", 2, "140.0000", 2, "140.0000", 0, "0.0000", True),
            # One euro of 141 is less than a hundredth; two of 142 are more, and so is a row of three.
            ("2024-05-01", "2024-05-01", 2, "140.0000", None, "141.0000", None, "-1.0000", True),
            ("2024-05-01", "2024-05-01", 2, "140.0000", 3, "142.0000", -1, "-2.0000", False),
            ("2024-05-01", "2024-05-31", 2, "73.3300", None, "73.3300", None, "0.0000", None),
            ("2024-05-01", "2024-05-01", 2, "140.0000", 1, None, 1, None, False),
            ("2024-04-01", "2024-04-30", 0, "0.0000", None, "0.0000", None, "0.0000", True),
        ]
        assert [str(deviation) for deviation in beyond_tolerance(con)] == [
            "shop, orders, 2024-05-01 to 2024-05-01: -1 rows and -2.0000 EUR against the vendor's total, tolerance 1.00%",
            "shop, orders, 2024-05-01 to 2024-05-01: +1 rows against the vendor's total, tolerance 50.00%",
        ]
        # They are no stages, and leave nothing unexplained.
        assert remainders(con) == []


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        ("month,rows\n2024-05,1\n", "shop.csv:1: has the columns month, rows; expected period, and rows or amount or both."),
        ("period,rows\nMay,1\n", "shop.csv:2: 'May' is no period; write 2026, 2026-Q2, 2026-05 or 2026-05-31."),
        ("period,amount\n2024-05,1\n2024-06,\"1,5\"\n", "shop.csv:3: rows '' or amount '1,5' is no number; write 1234 and 1234.50."),
    ],
)  # fmt: skip
def test_a_bad_file_of_totals_is_told_by_line(with_controls: Callable[..., Path], csv: str, expected: str) -> None:
    with pytest.raises(WorkspaceError) as caught, reconciled(with_controls(csv)):
        pass
    assert str(caught.value).endswith(expected)


def test_a_remainder_stops_the_publication(small_shop: SmallShop, kpi: Kpi) -> None:
    before = small_shop.state()
    with duckdb.connect(str(small_shop.root / ".bellwether" / "warehouse.duckdb")) as con:
        # The third order of 1 February: 10 + 1 + 2 + 0.50
        con.execute("delete from core.fct_orders where order_id = '02012'")
    done = kpi("run", "-w", small_shop.root, "--from", "2026-02-01", "--to", "2026-02-02")
    assert done.returncode == 1, done.stdout
    assert done.stderr.splitlines()[-1] == (
        "kpi: check mart/reconciliation: adds_up failed: shop, orders: fact has -1 rows and -13.5000 EUR that nothing explains"
        " (and 1 more). Nothing was published."
    )
    assert small_shop.state() == before


def test_kpi_reconcile(built_small_shop: SmallShop, kpi: Kpi) -> None:
    done = kpi("reconcile", "shop", "-w", built_small_shop.root)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["entity", "source", "step", "currency", "rows", "amount", "unexplained"]
    assert ["orders", "shop", "raw", "177", "0"] in lines
    assert [line[-1] for line in lines if line[1:3] == ["shop", "fact"]] == ["0"]
    wrong = kpi("reconcile", "shpo", "-w", built_small_shop.root)
    assert wrong.returncode == 1
    assert wrong.stderr == "kpi: no source 'shpo' is reconciled. Did you mean 'shop'? There are: all sources, shop\n"
    as_csv = kpi("reconcile", "-w", built_small_shop.root, "-f", "csv").stdout.splitlines()
    assert as_csv[0].startswith(
        "source,entity,currency,step_order,stage,difference,row_count,amount,amount_currency,unexplained_rows,"
    )
