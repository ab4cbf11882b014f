"""Bad input gives one clear line, or a row in quarantine, and loses nothing."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest

from metrics.errors import SourceError
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

GOOD = csv_text("1,2024-03-01,10", "2,2024-03-02,20", "3,2024-03-03,30")


def error_of(small: SmallWorkspace) -> str:
    with pytest.raises(SourceError) as caught:
        small.load(run_id="bad")
    text = str(caught.value)
    assert "\n" not in text
    return text


def quarantine(small: SmallWorkspace) -> list[tuple[object, ...]]:
    return small.query("select file, line, column_name, value, reason, row_text from raw.ops.quarantine order by file, line")


class TestRefused:
    """The load stops; the table is as it was before."""

    @pytest.fixture(autouse=True)
    def loaded(self, small: SmallWorkspace) -> None:
        small.file("orders_1.csv", GOOD)
        small.load()

    def check(self, small: SmallWorkspace, *expected: str) -> None:
        before = small.query("from raw.raw_shop.orders order by all"), small.query("from raw.ops.file_ledger")
        message = error_of(small)
        for text in expected:
            assert text in message
        assert (small.query("from raw.raw_shop.orders order by all"), small.query("from raw.ops.file_ledger")) == before
        assert small.query("select succeeded from raw.ops.loads order by loaded_at") == [(True,), (False,)]

    def test_missing_file(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_2.csv"
        self.check(small, "workspace.yml:", "shop.orders: no file 'orders_2.csv' in", "Did you mean 'orders_1.csv'?")

    def test_missing_folder(self, small: SmallWorkspace) -> None:
        small.source["path"] = "elsewhere"
        self.check(small, "elsewhere does not exist")

    def test_empty_file(self, small: SmallWorkspace) -> None:
        small.file("orders_2.csv", "")
        self.check(small, "orders_2.csv: is empty (0 bytes)")

    def test_header_only(self, small: SmallWorkspace) -> None:
        small.file("orders_2.csv", "id,created_at,price\n")
        self.check(small, "orders_2.csv: holds a header and no rows", "read.allow_empty")

    def test_broken_zip(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        small.file("orders_2.zip", b"PK\x03\x04 but not really")
        self.check(small, "orders_2.zip: cannot be unpacked: File is not a zip file")

    def test_cut_off_zip(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        path = small.folder / "files/orders_2.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("orders.csv", GOOD * 100)
        content = bytearray(path.read_bytes())
        content[60:70] = b"0123456789"
        path.write_bytes(content)
        self.check(small, "orders_2.zip: cannot be unpacked")

    def test_zip_with_two_files(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        with zipfile.ZipFile(small.folder / "files/orders_2.zip", "w") as archive:
            archive.writestr("a.csv", GOOD)
            archive.writestr("b.csv", GOOD)
        self.check(small, "orders_2.zip: holds 2 files (a.csv, b.csv), expected one")

    def test_broken_gz(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        small.file("orders_2.csv.gz", b"not gzip")
        self.check(small, "orders_2.csv.gz: cannot be unpacked")

    @pytest.mark.parametrize("ending", ["parquet", "xlsx", "json"])
    def test_broken_file(self, small: SmallWorkspace, ending: str) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        small.file(f"orders_2.{ending}", b"[this is no such file")
        self.check(small, f"orders_2.{ending}: ")

    def test_unknown_format(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        small.file("orders_2.xls", b"x")
        self.check(small, "orders_2.xls: is of no known format. Known are .csv")

    def test_wrong_column_name(self, small: SmallWorkspace) -> None:
        small.source["entities"]["orders"]["columns"]["order_id"] = "idd"
        self.check(small, "workspace.yml:", "shop.orders.order_id reads the column 'idd', which is not in",
                   "orders_1.csv", "Did you mean 'id'?")  # fmt: skip

    def test_wrong_column_in_an_expression(self, small: SmallWorkspace) -> None:
        small.source["entities"]["orders"]["columns"]["gross_amount"] = "price - discont"
        small.file("orders_1.csv", csv_text("1,2024-03-01,10,0", header="id,created_at,price,discount"))
        self.check(small, "shop.orders.gross_amount reads the column 'discont'", "Did you mean 'discount'?")

    def test_wrong_column_in_a_query(self, small: SmallWorkspace) -> None:
        query = "select o.id as order_id, o.created_at as ordered_at, o.prize as gross_amount from orders o"
        small.source["entities"]["orders"] = {"query": query}
        small.file("orders_2.csv", GOOD)
        self.check(small, "the query of shop.orders reads the column 'prize'", "Did you mean 'price'?")

    def test_wrong_column_in_a_join(self, small: SmallWorkspace) -> None:
        small.source["tables"]["lines"] = {"files": "orders_1.csv"}
        small.load("lines")
        small.source["entities"]["orders"] = {
            "query": "select o.id as order_id, o.created_at as ordered_at, prize as gross_amount "
            "from orders o join lines l on l.id = o.id"
        }
        small.file("orders_1.csv", GOOD + "5,2024-03-05,50\n")
        message = error_of(small)
        assert re.match(r'workspace.yml:\d+: shop.orders: Binder Error: Referenced column "prize" not found', message)
        assert len(small.rows()) == 3

    def test_text_in_arithmetic(self, small: SmallWorkspace) -> None:
        small.source["entities"]["orders"]["columns"]["gross_amount"] = "price - discount"
        small.file("orders_1.csv", csv_text("1,2024-03-01,10,5 EUR", header="id,created_at,price,discount"))
        self.check(small, "shop.orders.gross_amount: Binder Error: No function matches", "`read.types`")

    def test_required_column_missing_in_a_later_file(self, small: SmallWorkspace) -> None:
        small.file("orders_2.csv", "id,created_at\n4,2024-03-04\n")
        self.check(small, "reads the column 'price', which is not in", "orders_2.csv")

    def test_same_column_twice(self, small: SmallWorkspace) -> None:
        small.file("orders_2.csv", "id,created_at,price,Price\n4,2024-03-04,1,1\n")
        self.check(small, "orders_2.csv: names the column 'Price' twice")

    def test_reserved_column(self, small: SmallWorkspace) -> None:
        small.file("orders_2.csv", "id,created_at,price,_file\n4,2024-03-04,1,1\n")
        self.check(small, "has a column '_file', a name that Bellwether adds itself")

    def test_most_rows_are_bad(self, small: SmallWorkspace) -> None:
        path = small.file("orders_2.csv", csv_text("4,04.03.2024,1", "5,05.03.2024,1", "6,2024-03-06,1"))
        self.check(small, f"{path}:2: column 'created_at': '04.03.2024' is no time in the form YYYY-MM-DD HH:MM:SS",
                   "2 of 3 rows cannot be read", "read.timestamp_format", "workspace.yml:")  # fmt: skip

    def test_wrong_encoding(self, small: SmallWorkspace) -> None:
        small.file("orders_2.csv", "id,created_at,price,größe\n4,2024-03-04,1,1\n".encode("latin-1"))
        self.check(small, "orders_2.csv: is not utf-8 text", "Set `read.encoding`")


def test_allow_empty(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"]["read"] = {"allow_empty": True}
    small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv", "")
    small.file("orders_3.csv", "id,created_at,price\n")
    (load,) = small.load()
    assert load.rows == 3


def test_optional_column_may_be_missing_in_older_files(small: SmallWorkspace) -> None:
    small.source["entities"]["orders"]["columns"]["currency"] = "cur"
    small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv", csv_text("4,2024-03-04,1,USD", header="id,created_at,price,cur"))
    (load,) = small.load()
    assert load.rows == 4


class TestQuarantine:
    """The bad row is kept with its place; the rest of the file is loaded."""

    def test_csv(self, small: SmallWorkspace) -> None:
        rows = ["1,2024-03-01,10", "2,2024-13-01,20", "3,2024-03-03,abc", '4,2024-03-04,"1,5"', "", '5,"2024-03-05",3',
                "6,2024-03-06", "7,2024-03-07,1,extra", "8,2024-03-08,3.7", "9,tomorrow,xyz", "10,2024-03-10,abc",
                '"1\n1",2024-03-11,1', "12,2024-03-12,abc"] + [f"{i},2024-03-20,1" for i in range(20, 40)]  # fmt: skip
        small.file("orders.csv", csv_text(*rows))
        (load,) = small.load()
        assert (load.rows, load.rejected) == (24, 8)
        time = "is no time in the form YYYY-MM-DD HH:MM:SS"
        assert quarantine(small) == [
            ("orders.csv", 3, "created_at", "2024-13-01", f"'2024-13-01' {time}", "2,2024-13-01,20"),
            ("orders.csv", 4, "price", "abc", "'abc' is no number", "3,2024-03-03,abc"),
            ("orders.csv", 5, "price", "1,5", "'1,5' is no number", "4,2024-03-04,1,5"),
            ("orders.csv", 8, "price", None, "Expected Number of Columns: 3 Found: 2", "6,2024-03-06"),
            ("orders.csv", 9, None, None, "Expected Number of Columns: 3 Found: 4", "7,2024-03-07,1,extra"),
            ("orders.csv", 11, "created_at", "tomorrow", f"'tomorrow' {time}", "9,tomorrow,xyz"),
            ("orders.csv", 12, "price", "abc", "'abc' is no number", "10,2024-03-10,abc"),
            ("orders.csv", 15, "price", "abc", "'abc' is no number", "12,2024-03-12,abc"),
        ]  # fmt: skip

    def test_whole_numbers_are_not_rounded(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["read"] = {"types": {"n": "integer"}}
        small.file(
            "orders.csv",
            csv_text("1,2024-03-01,1,3.7", "2,2024-03-01,1,3.0", "3,2024-03-01,1,4", header="id,created_at,price,n"),
        )
        small.load()
        assert small.rows("id, n") == [("2", 3), ("3", 4)]
        assert [row[4] for row in quarantine(small)] == ["'3.7' is no whole number"]

    def test_jsonl(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "*.jsonl"
        good = '{"id":1,"created_at":"2024-03-01","price":1}'
        lines = [good, '{"id":2,', "", "[3]", good.replace("2024-03-01", "soon"), *([good] * 9)]
        small.file("before.jsonl", good + "\n" + good)
        small.file("o.jsonl", "\n".join(lines))
        (load,) = small.load()
        assert (load.rows, load.rejected) == (12, 3)
        found = quarantine(small)
        assert [row[1] for row in found] == [2, 4, 5]
        assert [str(row[4]).split(":")[0] for row in found] == [
            "is not valid JSON", "is not a JSON object", "'soon' is no time in the form YYYY-MM-DD HH"]  # fmt: skip
        assert found[2][5] == lines[4]

    def test_excel(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "o.xlsx"
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for row in (["id", "created_at", "price"], [1, dt.date(2024, 3, 1), 1], [2, dt.date(2024, 3, 1), "n/a"],
                    [3, "unknown", 1], [4, dt.date(2024, 3, 2), 1], [5, dt.date(2024, 3, 2), 1]):  # fmt: skip
            page.append(row)
        book.save(small.folder / "files/o.xlsx")
        small.load()
        assert [row[1:4] for row in quarantine(small)] == [(3, "price", "n/a"), (4, "created_at", "unknown")]
        assert [row[0] for row in small.rows("id")] == ["1", "4", "5"]

    def test_parquet(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "o.parquet"
        duckdb.sql("""select * from (values ('1', '2024-03-01', '1'), ('2', '2024-03-01', 'x'), ('3', '2024-03-01', '2'))
            as t (id, created_at, price)""").write_parquet(str(small.folder / "files/o.parquet"))  # fmt: skip
        small.load()
        assert [row[1:4] for row in quarantine(small)] == [(2, "price", "x")]

    def test_is_replaced_when_the_file_is_mended(self, small: SmallWorkspace) -> None:
        small.file("orders.csv", csv_text("1,2024-03-01,1", "2,2024-03-01,x", "3,2024-03-01,1"))
        small.load()
        assert len(quarantine(small)) == 1
        small.file("orders.csv", csv_text("1,2024-03-01,1", "2,2024-03-01,22", "3,2024-03-01,1"))
        (load,) = small.load()
        assert (load.rows, load.rows_changed, load.rejected, quarantine(small)) == (3, 1, 0, [])

    def test_an_open_quote_counts_all_lines_it_swallows(self, small: SmallWorkspace) -> None:
        rows = [f'{i},2024-03-01,"1' if i == 2 else f"{i},2024-03-01,1" for i in range(1, 9)]
        small.file("orders.csv", csv_text(*rows))
        assert "7 of 8 rows cannot be read" in error_of(small)


def test_errors_come_before_anything_is_changed(small: SmallWorkspace, tmp_path: Path) -> None:
    """The second of two tables is wrong: the first keeps its new rows, the second its old ones."""
    small.source["tables"]["lines"] = {"files": "lines.csv"}
    small.file("orders.csv", GOOD)
    small.file("lines.csv", "a,b\n1,2\n")
    small.load()
    small.file("orders.csv", GOOD + "4,2024-03-04,40\n")
    small.file("lines.csv", "")
    assert "lines.csv: is empty" in error_of(small)
    assert len(small.rows()) == 4
    assert small.rows("a, b", "lines") == [(1, 2)]
    assert small.query("select table_name, succeeded from raw.ops.loads where run_id = 'bad' order by 1") == [
        ("lines", False), ("orders", True)]  # fmt: skip
