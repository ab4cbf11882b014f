"""What `kpi validate` says of the files of a workspace before any of them is loaded."""

from __future__ import annotations

import gzip
import zipfile

import duckdb
import pytest

from dagster_project.connectors.looking import look_at_files
from metrics.warehouse import load_excel
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

GOOD = csv_text("1,2024-03-01,10")


def test_a_misspelt_column_is_an_error_with_its_line_and_the_closest_header(small: SmallWorkspace) -> None:
    path = small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv", GOOD)
    small.source["entities"]["orders"]["columns"] |= {"gross_amount": "prize", "shipping_cost": "shiping_fee * 1"}
    said = look_at_files(small.workspace)
    assert [(str(seen), seen.severity) for seen in said] == [
        (f"workspace.yml:{small.line_of('gross_amount')}: shop.orders.gross_amount reads the column 'prize', "
         f"which is not in {path}. Did you mean 'price'?", "error"),
        (f"workspace.yml:{small.line_of('shipping_cost')}: shop.orders.shipping_cost reads the column 'shiping_fee', "
         f"which is not in {path}. It has: id, created_at, price", "error"),
    ]  # fmt: skip


def test_an_optional_column_may_be_missing_in_some_files_a_required_one_in_none(small: SmallWorkspace) -> None:
    with_fee = csv_text("1,2024-03-01,10,1", header="id,created_at,price,fee")
    small.source["tables"]["orders"]["files"] = "orders*"
    small.source["entities"]["orders"]["columns"]["shipping_cost"] = "fee"
    small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv.gz", gzip.compress(with_fee.encode()))
    assert look_at_files(small.workspace) == []
    small.file("orders_3.csv", "id,created_at\n")
    (said,) = look_at_files(small.workspace)
    assert "shop.orders.gross_amount reads the column 'price', which is not in" in str(said)
    assert "orders_3.csv" in str(said)


def test_a_file_that_is_missing_or_cannot_be_read_is_a_warning(small: SmallWorkspace) -> None:
    (missing,) = look_at_files(small.workspace)
    assert missing.severity == "warning"
    assert "shop.orders: no file 'orders*.csv' in" in str(missing)
    path = small.file("orders_1.csv", "")
    assert [str(seen) for seen in look_at_files(small.workspace)] == [
        f"warning: {path}: is empty (0 bytes). Put the complete file there, or set `read.allow_empty: true`."
    ]


def workbook(small: SmallWorkspace, name: str, sheet: str) -> None:
    with duckdb.connect() as con:
        load_excel(con)
        con.execute(
            f"copy (select 1 as id, '2024-03-01' as created_at, 10 as price) "
            f"to '{small.folder}/files/{name}' (format xlsx, header true, sheet '{sheet}')"
        )


def test_a_sheet_that_no_workbook_has_is_an_error_of_workspace_yml(small: SmallWorkspace) -> None:
    workbook(small, "orders_1.xlsx", "Deals")
    small.source["tables"]["orders"] = {"files": "orders*.xlsx", "read": {"sheet": "Dealz"}}
    (said,) = look_at_files(small.workspace)
    assert said.severity == "error"
    assert str(said).startswith(f"workspace.yml:{small.line_of('sheet: Dealz')}: shop.orders: ")
    assert "orders_1.xlsx: cannot be read: " in str(said)
    # Where it fits another workbook, it is this one that differs.
    workbook(small, "orders_2.xlsx", "Dealz")
    assert [seen.severity for seen in look_at_files(small.workspace)] == ["warning"]


def test_a_broken_workbook_is_a_warning_though_a_sheet_is_named(small: SmallWorkspace) -> None:
    small.file("orders_1.xlsx", "no workbook")
    small.source["tables"]["orders"] = {"files": "orders*.xlsx", "read": {"sheet": "Deals"}}
    assert [seen.severity for seen in look_at_files(small.workspace)] == ["warning"]


@pytest.mark.parametrize(("option", "value"), [("encoding", "utf-16"), ("skip", 7)])
def test_an_option_that_no_file_fits_is_an_error(small: SmallWorkspace, option: str, value: object) -> None:
    path = small.file("orders_1.csv", GOOD)
    small.source["tables"]["orders"]["read"] = {option: value}
    (said,) = look_at_files(small.workspace)
    assert said.severity == "error"
    assert str(said).startswith(f"workspace.yml:{small.line_of(f'{option}: {value}')}: shop.orders: {path}")
    assert str(said).partition("shop.orders: ")[2] in small.refusal()


@pytest.mark.parametrize(
    ("files", "option", "value", "meant", "found"),
    [
        ("orders*.csv", "sheet", "Deals", "xlsx", "csv"),
        ("orders*.csv", "member", "orders.csv", "zip", "csv"),
        ("orders*.zip", "sheet", "Deals", "xlsx", "csv, zip"),
        ("orders*.xlsx", "delimiter", ";", "csv and tsv", "xlsx"),
        ("orders*.xlsx", "encoding", "cp1252", "csv and json and jsonl and tsv", "xlsx"),
        ("orders*.jsonl", "skip", 1, "csv and tsv and xlsx", "jsonl"),
    ],
)
def test_an_option_for_another_format_is_an_error(
    small: SmallWorkspace, files: str, option: str, value: object, meant: str, found: str
) -> None:
    small.file("orders_1.csv", GOOD)
    small.file("orders_1.jsonl", '{"id": 1, "created_at": "2024-03-01", "price": 10}\n')
    workbook(small, "orders_1.xlsx", "Deals")
    with zipfile.ZipFile(small.folder / "files" / "orders_1.zip", "w") as archive:
        archive.writestr("orders.csv", GOOD)
    small.source["tables"]["orders"] = {"files": files, "read": {option: value}}
    (said,) = look_at_files(small.workspace)
    assert (str(said), said.severity) == (
        f"workspace.yml:{small.line_of(f'{option}:')}: shop.orders: `read.{option}` is for {meant} files, and '{files}' finds "
        f"none (it finds {found}). Remove it, or correct `files:`.", "error",
    )  # fmt: skip


def test_an_option_for_one_format_of_several_is_right(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", GOOD)
    workbook(small, "orders_2.xlsx", "Deals")
    small.source["tables"]["orders"] = {"files": "orders*", "read": {"sheet": "Deals", "quote": "'"}}
    assert look_at_files(small.workspace) == []
    # What a broken archive holds is not known; its default is no option.
    small.file("orders_3.zip", "no archive")
    small.source["tables"]["orders"] = {"files": "orders_3.zip", "read": {"sheet": "Deals", "skip": 0}}
    assert [seen.severity for seen in look_at_files(small.workspace)] == ["warning"]


@pytest.mark.parametrize(
    ("option", "value", "row", "reason"),
    [
        ("timestamp_format", "%d.%m.%Y", "1,2024-03-01 09:00:00,10",
         "column 'created_at': '2024-03-01 09:00:00' is no time in the form %d.%m.%Y"),
        ("decimal_separator", ",", "1,2024-03-01,10.50", "column 'price': '10.50' is no number"),
    ],
)  # fmt: skip
def test_a_format_that_the_first_rows_do_not_have_is_an_error_as_in_a_run(
    small: SmallWorkspace, option: str, value: str, row: str, reason: str
) -> None:
    path = small.file("orders_1.csv", csv_text(row, row))
    small.source["tables"]["orders"]["read"] = {option: value}
    (said,) = look_at_files(small.workspace)
    line = small.line_of("orders:")
    assert (str(said), said.severity) == (
        f"workspace.yml:{small.line_of(option)}: shop.orders: {path}:2: {reason}; 2 of 2 rows cannot be read. "
        f"Mend the file, or set `read.{option}` at workspace.yml:{line}.", "error",
    )  # fmt: skip
    assert str(said).partition("shop.orders: ")[2] == small.refusal()
    # Where it fits another file, this one differs.
    small.file("orders_2.csv", csv_text("3,01.03.2024,10" if option == "timestamp_format" else '3,2024-03-01,"10,5"'))
    assert [seen.severity for seen in look_at_files(small.workspace)] == ["warning"]


def test_only_the_first_lines_of_a_long_file_are_judged(small: SmallWorkspace) -> None:
    """A thousand lines: the header, 998 records, and one that may go on beyond them and is left out. The rest is the run's."""
    bad = ["1,soon,10"] * 2000
    small.file("orders_1.csv", csv_text(*[f"{number},2024-03-01,10" for number in range(998)], *bad))
    assert look_at_files(small.workspace) == []
    path = small.file("orders_1.csv", csv_text(*bad))
    (said,) = look_at_files(small.workspace)
    assert f"shop.orders: in the first lines of {path}:2: column 'created_at': 'soon' is no time" in str(said)
    assert "998 of 998 rows cannot be read" in str(said)
    # The last of the thousand lines is within a record: it is not taken for a broken one.
    text = csv_text(*[f'{number},2024-03-01,10,"a\nb"' for number in range(2000)], header="id,created_at,price,note")
    small.file("orders_1.csv", text)
    assert look_at_files(small.workspace) == []


def test_an_optional_column_of_another_file_is_not_missing_in_the_first_rows(small: SmallWorkspace) -> None:
    small.source["entities"]["orders"]["columns"]["shipping_cost"] = "fee"
    small.file("orders_1.csv", GOOD)
    small.file("orders_2.csv", csv_text("1,2024-03-01,10,1", header="id,created_at,price,fee"))
    small.file("orders_3.csv", GOOD)
    assert look_at_files(small.workspace) == []


@pytest.mark.parametrize("value", [3, 2])
def test_a_row_that_was_taken_for_the_header_is_told_once_and_not_shown(small: SmallWorkspace, value: int) -> None:
    """The second row has no number and no date in it, the third has; neither is a name of a column."""
    path = small.file("orders_1.csv", csv_text("1,2024-03-01,10", "Jane,unknown,none", "3,Schmidt,2024-03-02"))
    small.source["tables"]["orders"]["read"] = {"skip": value}
    (said,) = look_at_files(small.workspace)
    assert (str(said), said.severity) == (
        f"workspace.yml:{small.line_of('skip:')}: shop.orders: {path}:{value + 1}: this line, which `read.skip: {value}` makes "
        "the header, has none of the mapped columns (id, created_at, price): it may be a row. "
        "Set `read.skip` to the number of lines before the header.", "error",
    )  # fmt: skip
    assert str(said).partition("shop.orders: ")[2] == small.refusal()


def test_a_file_without_a_header_does_not_have_its_first_row_shown(small: SmallWorkspace) -> None:
    path = small.file("orders_1.csv", "1,2024-03-01,Schmidt\n")
    (said,) = look_at_files(small.workspace)
    assert f"{path}:1: this line, which has to name the columns, has none of the mapped columns" in str(said)
    assert "Schmidt" not in str(said)


def test_columns_with_other_names_below_skipped_lines_are_named(small: SmallWorkspace) -> None:
    """`skip` is right here: the header has a name that is nearly the mapped one."""
    small.file("orders_1.csv", "Report\n" + csv_text("1,2024-03-01,10", header="number,created,prices"))
    small.source["tables"]["orders"]["read"] = {"skip": 1}
    said = [str(seen) for seen in look_at_files(small.workspace)]
    assert len(said) == 3
    assert "Did you mean 'prices'?" in said[2]


def test_a_file_in_another_encoding_than_the_default_is_an_error_of_its_table(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", csv_text("1,2024-03-01,10,x", header="id,created_at,price,größe").encode("latin-1"))
    (said,) = look_at_files(small.workspace)
    assert (said.severity, "Set `read.encoding`." in str(said)) == ("error", True)
    assert str(said).startswith(f"workspace.yml:{small.line_of('orders:')}: shop.orders: ")


def test_an_archive_member_that_does_not_exist_is_an_error_an_empty_archive_a_warning(small: SmallWorkspace) -> None:
    path = small.folder / "files" / "orders_1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", GOOD)
    small.source["tables"]["orders"] = {"files": "orders*.zip", "read": {"member": "odrers.csv"}}
    assert [seen.severity for seen in look_at_files(small.workspace)] == ["error"]
    with zipfile.ZipFile(path, "w"):
        pass
    # No name of a member would help.
    assert [str(seen) for seen in look_at_files(small.workspace)] == [
        f"warning: {path}: is an archive without a file. Put the complete one there."
    ]


def test_an_optional_column_that_only_an_unreadable_file_may_have_is_not_called_missing(small: SmallWorkspace) -> None:
    small.source["entities"]["orders"]["columns"]["shipping_cost"] = "fee"
    small.file("orders_1.csv", GOOD)
    path = small.file("orders_2.csv", csv_text("1,2024-03-01,10,1,1", header="id,created_at,price,fee,fee"))
    assert [str(seen) for seen in look_at_files(small.workspace)] == [
        f"warning: {path}: names the column 'fee' twice. Rename one of them."
    ]
    # One that every file has to have is missing all the same.
    small.file("orders_1.csv", "id,created_at\n1,2024-03-01\n")
    assert [seen.severity for seen in look_at_files(small.workspace)] == ["warning", "error"]


def test_nothing_is_written(small: SmallWorkspace) -> None:
    small.file("orders_1.csv", GOOD)
    look_at_files(small.workspace)
    assert sorted(path.name for path in small.folder.rglob("*")) == ["files", "orders_1.csv", "workspace.yml"]
