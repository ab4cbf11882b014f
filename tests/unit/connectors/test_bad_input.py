"""Bad input gives one clear line, or a row in quarantine, and loses nothing."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

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

    def test_the_first_bytes_of_a_workbook_do_not_hang_the_reader(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "orders_*"
        small.file("orders_2.xlsx", b"PK\x03\x04garbage")
        self.check(small, "orders_2.xlsx: cannot be read as an Excel workbook (File is not a zip file). Save it as .xlsx")

    def test_a_workbook_that_counts_days_from_1904(self, small: SmallWorkspace) -> None:
        book = openpyxl.Workbook()
        book.epoch = CALENDAR_MAC_1904
        book.active.append(["id", "created_at"])
        book.save(small.folder / "files/orders_2.xlsx")
        small.source["tables"]["orders"]["files"] = "orders_*"
        self.check(small, "orders_2.xlsx: counts days from 1904, so that every date would be read four years too early.")

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

    def test_numbers_beyond_their_type(self, small: SmallWorkspace) -> None:
        """decimal(18, 4) holds 14 digits before the point, bigint 2^63 - 1; the largest that fit are loaded."""
        small.source["entities"] = {"opportunities": {"table": "orders", "columns": {
            "opportunity_id": "id", "created_at": "created_at", "amount": "price"}}, "leads": {"table": "orders", "columns": {
            "lead_id": "id", "created_at": "created_at", "sales_rating": "rating"}}}  # fmt: skip
        rows = ["1,2024-03-01,123456789012345678.9,1", "2,2024-03-01,99999999999999.9999,1", "3,2024-03-01,1e30,1",
                "4,2024-03-01,-99999999999999.99996,1", "5,2024-03-01,5,9223372036854775807",
                "6,2024-03-01,5,9223372036854775808", "7,2024-03-01,5,1e30", "8,2024-03-01,5,"]  # fmt: skip
        small.file(
            "orders.csv",
            csv_text(*rows, *(f"{i},2024-03-01,5,5" for i in range(9, 20)), header="id,created_at,price,rating"),
        )
        (load,) = small.load()
        assert (load.rows, load.rejected) == (14, 5)
        digits = "is out of range: at most 14 digits before the point"
        assert [row[:5] for row in quarantine(small)] == [
            ("orders.csv", 2, "price", "123456789012345678.9", f"'123456789012345678.9' {digits}"),
            ("orders.csv", 4, "price", "1e30", f"'1e30' {digits}"),
            ("orders.csv", 5, "price", "-99999999999999.99996", f"'-99999999999999.99996' {digits}"),
            ("orders.csv", 7, "rating", "9223372036854775808",
             "'9223372036854775808' is out of range: whole numbers reach 9223372036854775807"),
            ("orders.csv", 8, "rating", "1e30", "'1e30' is no whole number"),
        ]  # fmt: skip
        assert quarantine(small)[0][5] == rows[0]

    def test_times_out_of_range(self, small: SmallWorkspace) -> None:
        """Python and PostgreSQL know no year after 9999; 9999-12-31 is how many systems write "never"."""
        small.source["entities"]["orders"]["columns"] |= {"delivered_at": "delivered"}
        rows = ["1,2024-03-01,1,99999-01-01 10:00:00", "2,2024-03-01,1,9999-12-31 23:59:59", "3,0000-03-01,1,",
                "4,2024-03-01,1,2024-03-02"]  # fmt: skip
        small.file("orders.csv", csv_text(*rows, header="id,created_at,price,delivered"))
        (load,) = small.load()
        assert (load.rows, load.rejected) == (2, 2)
        assert [row[1:5] for row in quarantine(small)] == [
            (2, "delivered", "99999-01-01 10:00:00", "'99999-01-01 10:00:00' is out of range: years from 1 to 9999"),
            (4, "created_at", "0000-03-01", "'0000-03-01' is out of range: years from 1 to 9999"),
        ]

    def test_typed_files_out_of_range(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "o.parquet"
        small.source["entities"]["orders"]["columns"] |= {"cogs_amount": "cost", "shipping_cost": "shipping"}
        small.source["entities"]["leads"] = {"table": "orders", "columns": {
            "lead_id": "id", "created_at": "created_at", "sales_rating": "rating"}}  # fmt: skip
        duckdb.sql("""
            select id, created_at::timestamp as created_at, price::decimal(38, 10) as price, cost::double as cost,
              shipping::bigint as shipping, rating::hugeint as rating
            from (values (1, '2024-03-01', '1', '1', '1', '5'), (2, '99999-03-01', '1', '1', '1', '5'),
              (3, '2024-03-01', '123456789012345678.9', '1', '1', '5'), (4, '2024-03-01', '1', '1e20', '1', '5'),
              (5, '2024-03-01', '1', '1', '100000000000000', '5'), (6, '2024-03-01', '1', 'inf', '1', '5'),
              (7, '2024-03-01', '1', '1', '1', '9223372036854775808'), (8, '2024-03-01', '1', 'nan', '1', null),
              (9, '2024-03-01', '1', '1', '1', '5'), (10, 'infinity', '1', '1', '1', '5'), (11, '2024-03-01', '1', '1', '1', '5'),
              (12, '2024-03-01', '1', '1', '1', '5'), (13, '2024-03-01', '1', '1', '1', '5'), (14, '2024-03-01', '1', '1', '1', '5')
            ) as t (id, created_at, price, cost, shipping, rating)
        """).write_parquet(str(small.folder / "files/o.parquet"))  # fmt: skip
        small.load()
        assert [row[1:3] for row in quarantine(small)] == [
            (2, "created_at"), (3, "price"), (4, "cost"), (5, "shipping"), (6, "cost"), (7, "rating"), (10, "created_at")]  # fmt: skip
        assert {row[0] for row in small.rows("id")} == {"1", "8", "9", "11", "12", "13", "14"}

    def test_one_column_for_two_types(self, small: SmallWorkspace) -> None:
        """As text it is loaded as text; for the amount it has to be a number all the same, or staging could not cast it."""
        small.source["entities"]["orders"]["columns"]["gross_amount"] = "id"
        small.file("orders.csv", csv_text("1,2024-03-01,1", "two,2024-03-01,1", "3,2024-03-01,1"))
        small.load()
        assert [row[2:5] for row in quarantine(small)] == [("id", "two", "'two' is no number")]

    def test_a_column_that_is_not_mapped_is_not_judged(self, small: SmallWorkspace) -> None:
        small.file("orders.csv", csv_text("1,2024-03-01,1,123456789012345678.9", header="id,created_at,price,weight"))
        (load,) = small.load()
        assert load.rejected == 0

    def test_a_new_mapping_judges_the_files_again(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["read"] = {"types": {"cost": "double"}}
        small.file(
            "orders.csv",
            csv_text("1,2024-03-01,1,1e20", "2,2024-03-01,1,1", "3,2024-03-01,1,1", header="id,created_at,price,cost"),
        )
        assert small.load()[0].rejected == 0
        small.source["entities"]["orders"]["columns"]["cogs_amount"] = "cost"
        assert small.load()[0].rejected == 1

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

    @pytest.mark.parametrize(("sheet", "skip"), [(None, 0), ("Data & more", 2)])
    def test_a_formula_that_nobody_has_computed_is_told_wherever_it_stands(
        self, small: SmallWorkspace, sheet: str | None, skip: int
    ) -> None:
        read = {"sheet": sheet, "skip": skip} if sheet else {}
        small.source["tables"]["orders"] = {"files": "o.xlsx", **({"read": read} if read else {})}
        book = openpyxl.Workbook()
        page = book.create_sheet(sheet) if sheet else book.active
        assert page is not None
        for row in [["=1+1"]] * skip:
            page.append(row)
        for row in (
            ["id", "created_at", "price", "note"],
            [1, dt.date(2024, 3, 1), 1, "a"],
            [2, dt.date(2024, 3, 1), 2, "=1+1"],
        ):
            page.append(row)
        book.save(small.folder / "files/o.xlsx")
        with pytest.raises(SourceError) as caught:
            small.load()
        assert f"o.xlsx: the cell D{3 + skip} holds a formula without a stored result, and would count as empty or 0." in str(
            caught.value
        )

    def test_a_formula_that_gives_an_empty_text_has_a_result(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["files"] = "o.xlsx"
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        for row in (
            ["id", "created_at", "price", "note"],
            [1, dt.date(2024, 3, 1), 1, "=A2"],
            [2, dt.date(2024, 3, 1), 2, "=A3"],
        ):
            page.append(row)
        book.save(small.folder / "raw.xlsx")
        # as Excel stores =IF(A2>9,"x","") and a number
        results = iter([b't="str"><f>IF(A2&gt;9,"x","")</f><v></v>', b"><f>A3</f><v>2</v>"])
        with zipfile.ZipFile(small.folder / "raw.xlsx") as old, zipfile.ZipFile(small.folder / "files/o.xlsx", "w") as new:
            for name in old.namelist():
                text = old.read(name)
                if name.endswith("sheet1.xml"):
                    text = re.sub(rb"(?<=<c r=\"D[23]\")\s*><f>.*?</f><v ?/>", lambda _: b" " + next(results), text)
                new.writestr(name, text)
        assert next(results, None) is None
        (load,) = small.load()
        assert (load.rows, load.rejected) == (2, 0)
        assert small.rows("note") == [(2,), (None,)]

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
