"""Tables of somebody else's DuckDB file, read in place: what they hold now is what is read, and a change names its days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.connectors import connector_for, finish_extraction
from metrics.errors import SourceError
from metrics.warehouse import open_warehouse
from tests.unit.connectors.conftest import SmallWorkspace, at


class Mart(SmallWorkspace):
    """The orders and customers of a dbt project's file; Berlin time, one order a day."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        columns = {"order_id": "id", "ordered_at": "created_at", "gross_amount": "price"}
        self.source |= {
            "connector": "warehouse_table",
            "path": "shop.duckdb",
            "timezone": "Europe/Berlin",
            "tables": {"orders": {"table": "marts.fct_orders"}, "customers": {"table": "marts.dim_customers"}},
            "entities": {
                "orders": {"table": "orders", "columns": columns},
                "customers": {"table": "customers", "columns": {"customer_id": "id", "country": "country"}},
            },
        }
        self.dbt(
            "create schema marts",
            "create table marts.fct_orders (id varchar, created_at timestamp, price decimal(10, 2), note varchar)",
            "insert into marts.fct_orders values ('1', '2024-03-01 10:00', 10, 'a'), ('2', '2024-03-02 10:00', 20, 'b'),"
            " ('3', '2024-03-03 10:00', 30, 'c')",
            "create view marts.dim_customers as select 'x' as id, 'DE' as country",
        )

    def dbt(self, *statements: str) -> None:
        """What the other project does, while nobody else has its file open."""
        self.close()
        with duckdb.connect(str(self.folder / "shop.duckdb")) as con:
            for statement in statements:
                con.execute(statement)


@pytest.fixture
def mart(tmp_path: Path) -> Iterator[Mart]:
    workspace = Mart(tmp_path)
    yield workspace
    workspace.close()


def test_nothing_is_copied(mart: Mart) -> None:
    orders, customers = mart.load()
    assert (orders.rows, orders.rows_changed, customers.rows) == (3, 3, 1)
    assert mart.rows() == [
        ("1", at("2024-03-01 10:00"), 10),
        ("2", at("2024-03-02 10:00"), 20),
        ("3", at("2024-03-03 10:00"), 30),
    ]
    held = mart.query("select table_name from duckdb_tables() where database_name = 'raw' and schema_name = 'raw_shop'")
    assert held == []
    mart.dbt("update marts.fct_orders set price = 11 where id = '1'")
    assert mart.rows("price")[0] == (11,)


def test_nothing_new(mart: Mart) -> None:
    mart.load()
    assert mart.dates() == ["2024-03-01", "2024-03-02", "2024-03-03"]
    assert [load.rows_changed for load in mart.load()] == [0, 0]
    assert mart.dates() == []


@pytest.mark.parametrize(
    ("statement", "dates"),
    [
        ("update marts.fct_orders set price = 21 where id = '2'", ["2024-03-02"]),
        ("delete from marts.fct_orders where id = '3'", ["2024-03-03"]),
        ("insert into marts.fct_orders values ('4', '2024-03-09 23:30', 1, 'd')", ["2024-03-09"]),
        ("update marts.fct_orders set created_at = '2024-03-05' where id = '1'", ["2024-03-01", "2024-03-05"]),
        # Two values that swap their places are a change, though no sum tells it.
        ("update marts.fct_orders set price = 50 - price where id in ('2', '3')", ["2024-03-02", "2024-03-03"]),
        # The mapping does not read the note.
        ("update marts.fct_orders set note = 'z'", []),
        # Which row of a repeated key is kept can change on any day.
        (
            "insert into marts.fct_orders values ('1', '2024-03-03 11:00', 5, 'd')",
            [None, "2024-03-01", "2024-03-02", "2024-03-03"],
        ),
        # A column of another type has to be bound anew everywhere.
        ("alter table marts.fct_orders alter price type double", [None]),
    ],
)
def test_a_change_touches_its_days(mart: Mart, statement: str, dates: list[str | None]) -> None:
    mart.load()
    mart.dates()
    mart.dbt(statement)
    mart.load()
    found = mart.dates()
    if None in dates:
        assert None in found
    else:
        assert found == dates


def test_a_reference_touches_the_whole_history(mart: Mart) -> None:
    mart.load()
    mart.dates("customers")
    mart.dbt("create or replace view marts.dim_customers as select 'x' as id, 'FR' as country")
    mart.load()
    assert mart.dates("customers") == [None]


def test_closing_follows_the_mapped_date(mart: Mart) -> None:
    mart.load()
    finish_extraction(mart.con, mart.workspace, "run")
    rows = mart.query("select entity, last_event_on, closed_through from warehouse.mart.source_watermarks order by 1")
    closed = dt.date(2024, 3, 2)
    assert rows == [("customers", None, closed), ("orders", dt.date(2024, 3, 3), closed)]


def test_a_query_over_two_tables(mart: Mart) -> None:
    mart.source["entities"] = {
        "orders": {
            "query": "select o.id as order_id, o.created_at as ordered_at, o.price as gross_amount, c.country as country "
            "from orders as o cross join customers as c"
        }
    }
    mart.load()
    mart.dates()
    mart.dbt("update marts.fct_orders set price = 1 where id = '2'")
    mart.load()
    assert mart.dates() == ["2024-03-02"]


def test_the_fingerprint_follows_the_file(mart: Mart) -> None:
    ws = mart.workspace
    source = ws.sources["shop"]
    before = connector_for(source).fingerprint(ws, source)
    assert connector_for(source).fingerprint(ws, source) == before
    mart.dbt("insert into marts.fct_orders values ('4', '2024-03-09', 1, 'd')")
    assert connector_for(source).fingerprint(ws, source) != before


class TestErrors:
    def check(self, mart: Mart, expected: str) -> None:
        with pytest.raises(SourceError) as caught:
            mart.load()
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_no_file(self, mart: Mart) -> None:
        (mart.folder / "shop.duckdb").unlink()
        self.check(mart, "workspace.yml:10: shop: there is no DuckDB file")

    def test_no_duckdb_file(self, mart: Mart) -> None:
        (mart.folder / "shop.duckdb").write_text("no database" * 1000)
        self.check(mart, "shop.duckdb cannot be opened")

    def test_unknown_table(self, mart: Mart) -> None:
        mart.source["tables"]["orders"] = {"table": "marts.fct_order"}
        self.check(mart, "shop.orders: the file has no table 'marts.fct_order'. Did you mean 'marts.fct_orders'")

    def test_unknown_column(self, mart: Mart) -> None:
        mart.source["entities"]["orders"]["columns"]["gross_amount"] = "prize"
        self.check(mart, "reads the column 'prize', which is not in the table marts.fct_orders. Did you mean 'price'?")

    def test_a_failed_load_changes_nothing(self, mart: Mart) -> None:
        mart.load()
        mart.dates()
        mart.dbt("update marts.fct_orders set price = 1 where id = '2'")
        mart.source["entities"]["customers"]["columns"]["country"] = "land"
        with pytest.raises(SourceError):
            mart.load()
        mart.source["entities"]["customers"]["columns"]["country"] = "country"
        mart.load()
        assert mart.dates() == ["2024-03-02"]

    def test_a_writer_keeps_it_locked(self, mart: Mart) -> None:
        import subprocess
        import sys

        ws = mart.workspace
        script = (
            f"import duckdb; con = duckdb.connect({str(mart.folder / 'shop.duckdb')!r}); print('open', flush=True); input()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "open\n"
            with pytest.raises(SourceError, match="another process is writing it"), open_warehouse(ws):
                pass
            other.communicate("\n")
