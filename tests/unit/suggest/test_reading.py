"""How files are written: encoding, delimiter, lines before the header, numbers, dates, which files make one table."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import Path

import duckdb
import pytest

from dagster_project.suggest.sniff import sniff_csv
from dagster_project.suggest.value_kinds import sample_kind
from tests.unit.suggest.conftest import Suggest, entity, expressions

ORDERS = "order_id,ordered_at,customer,total\n"


def orders(rows: int = 30) -> str:
    return ORDERS + "".join(f"{n},2024-01-{n % 28 + 1:02} 10:00:00,{n % 7},{n}.50\n" for n in range(rows))


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        ("a,b\n1,2\n", "utf-8", ("utf-8", 0, None)),
        ("a,b\n1,2\n", "utf-8-sig", ("utf-8", 0, None)),
        ("Käufer;Preis\nMüller;2\n", "cp1252", ("cp1252", 0, None)),
        ("订单号,下单时间\n一,二\n", "gb18030", ("gb18030", 0, None)),
        ("a\tb\n1\t2\n", "utf-16", ("utf-16", 0, None)),
        ("Report\n2024, January\n\na,b,c\n1,2,3\n4,5,6\n7,8,9\n", "utf-8", ("utf-8", 3, None)),
        # The header itself holds more commas than semicolons.
        ("a, b, c;d\n1;2\n3;4\n5;6\n", "utf-8", ("utf-8", 0, ";")),
    ],
)
def test_style_of_a_text_file(tmp_path: Path, content: str, encoding: str, expected: tuple[object, ...]) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content.encode(encoding))
    style = sniff_csv(file, file.name)
    assert (style.encoding, style.skip, style.delimiter) == expected


@pytest.mark.parametrize(
    ("values", "form", "pattern"),
    [
        (["1", "22"], "integer", None),
        (["1.5", "2"], "decimal", None),
        (["1.234,50", "2,00"], "decimal", None),
        (["007", "008"], "text", None),
        (["yes", "no"], "boolean", None),
        (["2024-01-31"], "date", None),
        (["2024-01-31T10:00:00Z"], "timestamp", None),
        (["31.1.2024", "1.02.2024"], "date", "d.m.y"),
        (["1/31/2024 9:05 PM"], "timestamp", "d/m/y"),
        (["2024年1月3日"], "date", "y年m月d日"),
        (["20240131", "20240201"], "date", "yyyymmdd"),
        (["a", "2024-01-31"], "text", None),
        ([], "empty", None),
    ],
)
def test_kind_of_a_sample(values: list[str], form: str, pattern: str | None) -> None:
    kind = sample_kind(values)
    assert (kind.form, kind.date_pattern) == (form, pattern)


@pytest.mark.parametrize(
    ("dates", "form", "is_sure"),
    [
        (["31/12/2024", "01/02/2024"], "%d/%m/%Y", True),
        (["12/31/2024", "01/02/2024"], "%m/%d/%Y", True),
        (["01/02/2024", "03/04/2024"], "%d/%m/%Y", False),
        (["1.2.2024", "3.4.2024"], "%d.%m.%Y", True),
    ],
)
def test_day_or_month_first_is_decided_by_all_rows(
    folder: Path, suggest: Suggest, dates: list[str], form: str, is_sure: bool
) -> None:
    lines = [f"{n},{dates[n % 2]},{n}.5" for n in range(20)]
    (folder / "orders.csv").write_text("\n".join(["order_id,order_date,total", *lines, ""]))
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.timestamp_format == form
    assert ("CHECK" not in entity(proposal, "orders").columns["ordered_at"].reason) == is_sure


def test_german_numbers_and_old_encoding(folder: Path, suggest: Suggest) -> None:
    lines = [f'{n};{n % 28 + 1}.01.2024 08:15;Müller {n % 3};"1.2{n:02},50"' for n in range(30)]
    text = "\n".join(["Order-Nr;Order Date;Customer;Order Total", *lines, ""])
    (folder / "Bestellungen.csv").write_bytes(text.encode("cp1252"))
    proposal = suggest()
    read = proposal.sources[0].tables[0].read
    assert (read.encoding, read.decimal_separator, read.thousands_separator) == ("cp1252", ",", ".")
    assert read.timestamp_format == "%d.%m.%Y %H:%M"
    assert expressions(proposal, "orders") == {
        "order_id": '"Order-Nr"', "ordered_at": '"Order Date"', "customer_id": "Customer", "gross_amount": '"Order Total"',
    }  # fmt: skip


def test_texts_that_mean_nothing_are_nulls_but_namibia_is_a_country(folder: Path, suggest: Suggest) -> None:
    rows = [f"{n},2024-01-0{n % 9 + 1},{'N/A' if n % 5 == 0 else n},{['NA', 'DE', 'FR'][n % 3]}" for n in range(40)]
    (folder / "orders.csv").write_text("\n".join(["order_id,order_date,total,country", *rows, ""]))
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.null_values == ("N/A",)
    assert expressions(proposal, "orders")["country"] == "country"


@pytest.mark.parametrize("nothing", ["-", "--"])
def test_dashes_mean_nothing(folder: Path, suggest: Suggest, nothing: str) -> None:
    rows = [f"{n},2024-01-0{n % 9 + 1},{nothing if n % 5 == 0 else 'high'},-{n}.5" for n in range(40)]
    (folder / "tickets.csv").write_text("\n".join(["ticket_id,created_at,priority,balance", *rows, ""]))
    assert suggest().sources[0].tables[0].read.null_values == (nothing,)


def test_monthly_files_are_one_table(folder: Path, suggest: Suggest) -> None:
    for month in (1, 2, 3):
        text = ORDERS + "".join(f"{month}{n:02},2024-{month:02}-{n:02} 10:00:00,{n},{n}.50\n" for n in range(1, 20))
        (folder / f"orders_2024-{month:02}.csv").write_text(text)
    (folder / "notes.txt").write_text("hello")
    (folder / "broken.csv").write_bytes(b"\x00\x01")
    (folder / "empty.csv").write_text("")
    proposal = suggest()
    table = proposal.sources[0].tables[0]
    assert (table.name, table.rows) == ("orders", 57)
    assert sorted(path.name for path in folder.glob(table.files)) == [f"orders_2024-0{month}.csv" for month in (1, 2, 3)]
    # What could not be read is said, and does not stop the rest.
    assert [reason.partition(":")[0].rpartition("/")[2] for reason in proposal.left_out] == [
        "notes.txt",
        "broken.csv",
        "empty.csv",
    ]


def test_every_format_gives_the_same_mapping(folder: Path, suggest: Suggest) -> None:
    expected = {"order_id": "order_id", "ordered_at": "ordered_at", "customer_id": "customer", "gross_amount": "total"}
    (folder / "orders.csv").write_text(orders())
    with duckdb.connect() as con:
        con.execute(f"create table orders as select * from read_csv('{folder}/orders.csv')")
        con.execute(f"copy orders to '{folder}/orders.parquet'")
        rows = con.execute("select * from orders").fetchall()
    names = ORDERS.strip().split(",")
    lines = [json.dumps(dict(zip(names, map(str, row), strict=True))) for row in rows]
    import openpyxl

    book = openpyxl.Workbook()
    for row in [names, *map(list, rows)]:
        book.active.append(row)  # type: ignore[union-attr]
    assert expressions(suggest(), "orders") == expected
    (folder / "orders.parquet").rename(folder.parent / "orders.parquet")
    with zipfile.ZipFile(folder / "orders.zip", "w") as archive:
        archive.write(folder / "orders.csv", "orders.csv")
    (folder / "orders.csv").unlink()
    assert expressions(suggest(), "orders") == expected
    (folder / "orders.zip").unlink()
    (folder.parent / "orders.parquet").rename(folder / "orders.parquet")
    assert expressions(suggest(), "orders") == expected
    (folder / "orders.parquet").unlink()
    (folder / "orders.jsonl").write_text("\n".join(lines) + "\n")
    assert expressions(suggest(), "orders") == expected
    (folder / "orders.jsonl").unlink()
    book.save(folder / "orders.xlsx")
    assert expressions(suggest(), "orders") == expected


def _book(file: Path, sheets: dict[str, list[list[object]]]) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(file)


def test_every_sheet_of_a_book_is_looked_at(folder: Path, suggest: Suggest) -> None:
    """German headers, a title and a blank row above the first one, dates and numbers as Excel keeps them."""
    sold = [[f"B{n}", dt.date(2024, 1, n % 28 + 1), f"K{n % 9}", 12.5 + n] for n in range(40)]
    back = [[f"R{n}", f"B{n}", dt.date(2024, 2, n + 1), 5.25] for n in range(20)]
    _book(
        folder / "Auswertung.xlsx",
        {
            "Bestellungen": [["Bestellungen 2024"], [], ["Bestell-Nr", "Bestelldatum", "Kunden-Nr", "Gesamtbetrag"], *sold],
            "Retouren & mehr": [["Retouren-Nr", "Bestell-Nr", "Erstattet am", "Erstattungsbetrag"], *back],
            "Hinweise": [["Stand"], ["April"]],
        },
    )
    proposal = suggest()
    tables = {table.name: table for table in proposal.sources[0].tables}
    assert {name: (table.rows, table.read.skip, table.read.sheet) for name, table in tables.items()} == {
        "bestellungen": (40, 2, None), "retouren_mehr": (20, 0, "Retouren & mehr"),
    }  # fmt: skip
    assert expressions(proposal, "orders") == {
        "order_id": '"Bestell-Nr"', "ordered_at": "Bestelldatum", "customer_id": '"Kunden-Nr"', "gross_amount": "Gesamtbetrag",
    }  # fmt: skip
    assert expressions(proposal, "refunds")["refund_id"] == '"Retouren-Nr"'
    assert proposal.unused_tables == {"Auswertung.xlsx, sheet Hinweise": "like no entity"}


def test_what_is_not_looked_at_is_said(folder: Path, suggest: Suggest, monkeypatch: pytest.MonkeyPatch) -> None:
    _book(folder / "book.xlsx", {"orders": [line.split(",") for line in orders().splitlines()], "Refunds & more": []})
    with zipfile.ZipFile(folder / "orders.zip", "w") as archive:
        archive.write(folder / "book.xlsx", "orders.xlsx")
    (folder / "book.xlsx").unlink()
    (folder / "older").mkdir()
    proposal = suggest()
    assert proposal.sources[0].tables[0].notes == ["only the first sheet is read; others: Refunds & more (read.sheet)"]
    assert proposal.left_out[0].startswith("older: is a folder")
    (folder / "orders.zip").unlink()
    (folder / "orders.csv").write_text(orders(1000))
    monkeypatch.setattr("dagster_project.suggest.profile.MOST_BYTES", 10_000)
    table = suggest().sources[0].tables[0]
    assert table.rows < 1000
    assert "judged by its first" in table.notes[0]


def test_an_offset_after_a_blank(folder: Path, suggest: Suggest) -> None:
    """As Shopify writes it; a plain cast gives nothing for it."""
    rows = [f"A{n},2024-01-{n % 28 + 1:02} 10:00:00 +0100,{n}.5" for n in range(40)]
    (folder / "orders.csv").write_text("\n".join(["order_id,created at,total", *rows, ""]))
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.timestamp_format == "%Y-%m-%d %H:%M:%S %z"
    assert proposal.sources[0].notes["timezone"] == "times carry their own offset; this is not used"


def test_further_lines_of_an_order_are_left_out(folder: Path, suggest: Suggest) -> None:
    """An export with a row per item that writes what belongs to the order into its first row only."""
    rows = [
        f"A{n // 2},2024-01-{n // 2 % 28 + 1:02},{n}.5,x" if n % 2 == 0 else f",2024-01-{n // 2 % 28 + 1:02},,y"
        for n in range(80)
    ]
    (folder / "orders.csv").write_text("\n".join(["order_id,created at,total,item", *rows, ""]))
    found = entity(suggest(), "orders")
    assert found.where == "order_id is not null and total is not null"
    assert found.notes[0].startswith(
        "CHECK 40 of 80 rows have nothing in order_id, total, which is required: they are left out"
    )


def test_rows_that_a_run_would_stop_at_are_left_out_or_said(folder: Path, suggest: Suggest) -> None:
    """The report of an advertising system whose first row is the total, without a campaign."""
    rows = [f"C{n % 2},2024-01-{n // 2 % 28 + 1:02},{n}.5,{n}00,{n}" for n in range(50)]
    head = "campaign name,day,amount spent,impressions,link clicks"
    (folder / "meta ads.csv").write_text("\n".join([head, ",2024-01-01,1250,122500,1225", *rows, ""]))
    found = entity(suggest(), "ad_performance")
    assert found.where == '"campaign name" is not null'
    assert found.notes[0].startswith(
        "CHECK 1 of 51 rows have nothing in campaign name, which is required: they are left out"
    )


def test_an_event_log_with_empty_times_says_that_a_run_stops(folder: Path, suggest: Suggest) -> None:
    rows = [f"{n // 2},{'2024-01-01 10:00:00' if n else ''},2024-01-02 10:00:{n:02}" for n in range(40)]
    (folder / "tickets.csv").write_text("\n".join(["ticket_id,created_at,updated_at", *rows, ""]))
    found = entity(suggest(), "tickets")
    assert (found.latest_by, found.where) == ("updated_at", None)
    assert any(note.startswith("CHECK 1 of 40 rows have nothing in created_at") for note in found.notes)


def test_a_line_of_totals_is_said(folder: Path, suggest: Suggest) -> None:
    rows = [f"{n % 28 + 1:02}.01.2024;K{n};{n},50;1.{n:03};{n}" for n in range(60)]
    head = ["Bericht", "Januar 2024", "Tag;Kampagne;Kosten;Impr.;Klicks"]
    (folder / "report.csv").write_text("\n".join([*head, *rows, "Gesamt;--;1.770,00;61.770;1.770", ""]))
    proposal = suggest()
    assert proposal.sources[0].tables[0].read.skip == 2
    assert "CHECK: 1 are none, as in a line of totals" in entity(proposal, "ad_performance").columns["performance_on"].reason
