"""Every format gives the same rows; what text means is decided by the mapping, the read options and the values."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from metrics.errors import SourceError, WorkspaceError
from tests.unit.connectors.conftest import SmallWorkspace, at, csv_text

ROWS = [
    ("1", at("2024-03-01 10:30"), Decimal("12.50")),
    ("2", at("2024-03-02 23:59:59"), Decimal("0.10")),
]
CSV = csv_text("1,2024-03-01 10:30:00,12.50", "2,2024-03-02T23:59:59,0.1")


def parquet(path: Path, select: str) -> None:
    duckdb.sql(select).write_parquet(str(path))


def zipped(name: str, content: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def excel(path: Path, rows: list[list[object]], sheet: str | None = None) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    if sheet:
        page["A1"] = "not this sheet"
        page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    book.save(path)


def test_all_formats_give_the_same_rows(small: SmallWorkspace) -> None:
    lines = [json.dumps({"id": int(i), "created_at": at.isoformat(), "price": float(p)}) for i, at, p in ROWS]
    contents: dict[str, str | bytes] = {
        "a.csv": CSV,
        "b.tsv": CSV.replace(",", "\t"),
        "c.csv.gz": gzip.compress(CSV.encode()),
        "d.zip": zipped("inner/orders.csv", CSV),
        "e.jsonl": "\n".join(lines) + "\n",
        "f.json": "[" + ",".join(lines) + "]",
        "g.jsonl.gz": gzip.compress("\n".join(lines).encode()),
        "h.csv": b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(),
        "i.csv": CSV.replace(",", ";"),
    }
    for name, content in contents.items():
        small.file(name, content)
    parquet(small.folder / "files/j.parquet", """
        select * from (values (1, timestamp '2024-03-01 10:30', 12.5::double), (2, timestamp '2024-03-02 23:59:59', 0.1))
        as t (id, created_at, price)""")  # fmt: skip
    excel(
        small.folder / "files/k.xlsx",
        [["id", "created_at", "price"], [1, ROWS[0][1], 12.5], [2, ROWS[1][1], 0.1], [None] * 3],
    )
    small.source["tables"] = {"orders": {"files": "*"}}
    (load,) = small.load()
    assert load.rows == 22
    assert load.columns == {"id": "VARCHAR", "created_at": "TIMESTAMP", "price": "DECIMAL(18,6)"}
    for name in [*contents, "j.parquet", "k.xlsx"]:
        found = small.query(f"select id, created_at, price from raw.raw_shop.orders where _file = '{name}' order by id")
        assert found == ROWS, name


def test_meta_columns(small: SmallWorkspace) -> None:
    small.file("orders.csv", CSV)
    small.load(run_id="first")
    assert small.query("select distinct _file, _run_id, _loaded_at is not null from raw.raw_shop.orders") == [
        ("orders.csv", "first", True)
    ]


def test_files_are_joined_by_column_name(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", CSV)
    small.file("orders_2.csv", "Price,note,ID,created_at\n7,hello,3,2024-03-03\n")
    (load,) = small.load()
    assert load.rows == 3
    assert small.rows("id, price, note")[2] == ("3", Decimal(7), "hello")


def test_inferred_types(small: SmallWorkspace) -> None:
    header = "id,created_at,price,n,long,x,wide,sci,flag,day,at,zoned,zip,code,mixed,empty"
    first = "1,2024-03-01,1,1,123456789012345,1.5,0.00003712,1e5,true,"
    first += "2024-01-31,2024-01-31 10:00,2024-01-31T10:00:00+02:00,01067,1_000,1,"
    second = "2,2024-03-01,1,-20,2,3,1,2,FALSE,2024-02-29,2024-02-29,2024-01-31T10:00:00Z,99999,0x1f,x,"
    small.file("orders.csv", csv_text(first, second, header=header))
    (load,) = small.load()
    found = {name: kind for name, kind in load.columns.items() if name not in {"id", "created_at", "price"}}
    assert found == {
        "n": "BIGINT",
        "long": "BIGINT",
        "x": "DECIMAL(18,6)",
        "wide": "DECIMAL(38,10)",
        "sci": "DOUBLE",
        "flag": "BOOLEAN",
        "day": "DATE",
        "at": "TIMESTAMP",
        "zoned": "TIMESTAMP WITH TIME ZONE",
        "zip": "VARCHAR",
        "code": "VARCHAR",
        "mixed": "VARCHAR",
        "empty": "VARCHAR",
    }
    assert small.rows("wide, zip")[0] == (Decimal("0.0000371200"), "01067")


def test_mapped_text_stays_as_it_is(small: SmallWorkspace) -> None:
    small.file("orders.csv", csv_text("007,2024-03-01,1", "1.50,2024-03-01,1"))
    small.load()
    assert [row[0] for row in small.rows("id")] == ["007", "1.50"]


def test_read_types_decide(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"]["read"] = {"types": {"code": "text", "share": "double"}}
    small.file("orders.csv", csv_text("1,2024-03-01,1,5,1", header="id,created_at,price,code,share"))
    (load,) = small.load()
    assert (load.columns["code"], load.columns["share"]) == ("VARCHAR", "DOUBLE")


def test_german_file(small: SmallWorkspace) -> None:
    read = {"decimal_separator": ",", "thousands_separator": ".", "date_format": "%d.%m.%Y", "encoding": "cp1252",
            "timestamp_format": "%d.%m.%Y %H:%M", "null_values": ["k.A."], "skip": 2}  # fmt: skip
    small.source["tables"]["orders"]["read"] = read
    text = "Bericht\n\nid;created_at;price;tag;straße\n"
    text += "ä1;31.12.2024 18:30;1.234,50;01.02.2024;k.A.\n2;01.01.2025 00:00;7;02.02.2024;x\n"
    small.file("orders.csv", text.encode("cp1252"))
    (load,) = small.load()
    assert load.columns["tag"] == "DATE"
    assert small.rows('id, created_at, price, tag, "straße"') == [
        ("2", at("2025-01-01 00:00"), Decimal(7), dt.date(2024, 2, 2), "x"),
        ("ä1", at("2024-12-31 18:30"), Decimal("1234.50"), dt.date(2024, 2, 1), None),
    ]


def test_without_the_options_a_german_number_is_no_number(small: SmallWorkspace) -> None:
    small.file("orders.csv", csv_text("1;2024-03-01;1.234,50", header="id;created_at;price"))
    with pytest.raises(SourceError, match=r"'1.234,50' is no number; 1 of 1 rows cannot be read.*read\.decimal_separator"):
        small.load()


def test_offsets_decide_the_moment(small: SmallWorkspace) -> None:
    small.source["timezone"] = "America/New_York"
    small.file("orders_1.csv", csv_text("1,2024-07-01T23:30:00-04:00,1", "2,2024-07-01 12:00,1"))
    (load,) = small.load()
    assert load.columns["created_at"] == "TIMESTAMP WITH TIME ZONE"
    assert small.rows("id, created_at at time zone 'UTC'") == [
        ("1", at("2024-07-02 03:30")),
        ("2", at("2024-07-01 16:00")),
    ]


def test_nested_json_is_kept_as_text(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"]["files"] = "o.jsonl"
    small.file("o.jsonl", '{"id": 1, "created_at": "2024-03-01", "price": 1, "items": [{"sku": "a"}], "n": null}\n')
    small.load()
    assert small.rows("id, items") == [("1", '[{"sku":"a"}]')]


def test_excel_sheet_rows_above_the_header_and_dates(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"] = {"files": "o.xlsx", "read": {"sheet": "Data", "skip": 2}}
    rows: list[list[object]] = [
        ["Report"], [], ["id", "created_at", "price", "day"],
        [1, None, 5, dt.date(2024, 1, 31)],
        [2, at("2024-03-01 10:30:15"), "7.25", None],
        [None, None, None, None],
        [3, "2024-03-02", 0.30000000000000004, "2024-02-29"],
    ]  # fmt: skip
    excel(small.folder / "files/o.xlsx", rows, "Data")
    (load,) = small.load()
    assert load.columns["day"] == "DATE"
    assert small.rows("id, created_at, price, day") == [
        ("1", None, Decimal(5), dt.date(2024, 1, 31)),
        ("2", at("2024-03-01 10:30:15"), Decimal("7.25"), None),
        ("3", at("2024-03-02 00:00"), Decimal("0.3"), dt.date(2024, 2, 29)),
    ]


def test_parquet_keeps_its_types_and_exact_decimals(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"]["files"] = "o.parquet"
    parquet(small.folder / "files/o.parquet", """select 1::int as id, timestamptz '2024-07-01 00:30:00+02' as created_at,
        12345678.9::double as price, 3::tinyint as small, [1, 2] as list, 1.25::decimal(9, 2) as money""")  # fmt: skip
    (load,) = small.load()
    assert load.columns == {
        "id": "VARCHAR",
        "created_at": "TIMESTAMP WITH TIME ZONE",
        "price": "DECIMAL(18,6)",
        "small": "TINYINT",
        "list": "INTEGER[]",
        "money": "DECIMAL(9,2)",
    }
    assert small.rows("price") == [(Decimal("12345678.900000"),)]


def test_byte_order_mark_is_not_part_of_a_name(small: SmallWorkspace) -> None:
    small.source["tables"] = {"orders": {"files": "o.csv"}}
    small.source["entities"] = {}
    small.file("o.csv", b"\xef\xbb\xbfTable,Field\norders,id\n")
    (load,) = small.load()
    assert list(load.columns) == ["Table", "Field"]


def test_a_date_format_holds_for_moments_too(small: SmallWorkspace) -> None:
    small.source["tables"]["orders"]["read"] = {"date_format": "%d.%m.%Y"}
    small.file("orders.csv", csv_text("1,1.3.2024,1", "2,2024-03-02 10:30:00,2", "3,31.2.2024,3"))
    (load,) = small.load()
    assert small.rows("created_at") == [(at("2024-03-01 00:00"),), (at("2024-03-02 10:30"),)]
    assert load.rejected == 1


class TestDatesWithoutYear:
    def test_get_the_year_of_the_table(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["read"] = {
            "timestamp_format": "%d.%m. %H:%M",
            "date_format": "%d.%m.",
            "year": 2024,
        }
        small.file("orders.csv", csv_text("1,29.02. 10:00,1,5.3.", "2,1.3. 0:05,2,", header="id,created_at,price,due"))
        (load,) = small.load()
        assert load.columns["due"] == "DATE"
        assert small.rows("created_at, due") == [
            (at("2024-02-29 10:00"), dt.date(2024, 3, 5)),
            (at("2024-03-01 00:05"), None),
        ]

    def test_a_day_that_the_year_does_not_have_goes_to_quarantine(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["read"] = {"timestamp_format": "%d.%m.", "year": 2023}
        small.file("orders.csv", csv_text("1,28.02.,1", "2,29.02.,2", "3,1.3.,3"))
        (load,) = small.load()
        assert (load.rows, load.rejected) == (2, 1)

    def test_need_a_format_without_year(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["read"] = {"date_format": "%d.%m.%Y", "year": 2023}
        with pytest.raises(WorkspaceError, match="has `year:`, which needs a `date_format:` or `timestamp_format:` without"):
            small.load()


class TestOneFileOfAZip:
    @pytest.fixture(autouse=True)
    def _archive(self, small: SmallWorkspace) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("2024/orders.csv", CSV)
            archive.writestr("2024/read_me.txt", "hello")
            archive.writestr("__MACOSX/2024/orders.csv", "x")
        small.file("all.zip", stream.getvalue())
        small.source["tables"]["orders"] = {"files": "all.zip", "read": {"member": "*/orders.csv"}}

    def test_is_chosen_by_its_name(self, small: SmallWorkspace) -> None:
        assert small.load()[0].rows == 2

    def test_has_to_be_one(self, small: SmallWorkspace) -> None:
        small.source["tables"]["orders"]["read"] = {"member": "2024/*"}
        with pytest.raises(SourceError, match=r"of which 2 fit `read.member: 2024/\*`, expected one"):
            small.load()
