"""Formulas that nobody has computed are found in the columns that are read; what is no workbook is left to its reader."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from metrics.errors import WorkspaceError
from metrics.workspace.sheets import read_sheet
from metrics.workspace.workbooks import Uncomputed, uncomputed_cell

Change = Callable[[str, bytes], bytes]


def workbook(path: Path, formula: str = "B2", change: Change = lambda _, text: text) -> Path:
    """Columns k and v with one row; a formula somewhere; each file within goes through ``change``."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["k", "v"])
    page.append(["x", 1])
    page[formula] = "=1+1"
    book.save(path.with_suffix(".raw"))
    with zipfile.ZipFile(path.with_suffix(".raw")) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return path


def _result(stored: bytes, later: bytes) -> Change:
    """The formula's stored result, and whether Excel is asked to compute all of them again as it opens the file."""

    def changed(name: str, text: bytes) -> bytes:
        if name == "xl/workbook.xml":
            return text.replace(b'fullCalcOnLoad="1"', b'fullCalcOnLoad="' + later + b'"')
        return text.replace(b"</f><v/>", b"</f><v>" + stored + b"</v>").replace(b"</f><v />", b"</f><v>" + stored + b"</v>")

    return changed


def test_only_columns_that_are_read_count(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", "Z2")
    assert uncomputed_cell(path, None, {"A", "B"}) is None
    assert uncomputed_cell(path, None, {"Z"}) == Uncomputed("Z", 2)


def test_an_uncomputed_formula_of_a_small_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"a\.xlsx:2: the cell B2 holds a formula without a stored result"):
        read_sheet(workbook(tmp_path / "a.xlsx"), ["k", "v"], [])


@pytest.mark.parametrize(("stored", "later", "is_told"), [
    # as XlsxWriter stores every formula
    (b"0", b"1", True), (b"2", b"1", False), (b"0", b"0", False), (b"", b"0", True),
])  # fmt: skip
def test_a_zero_that_is_to_be_computed_later_is_no_result(
    tmp_path: Path, stored: bytes, later: bytes, is_told: bool
) -> None:
    path = workbook(tmp_path / "a.xlsx", "B2", _result(stored, later))
    assert uncomputed_cell(path, None, {"A", "B"}) == (Uncomputed("B", 2) if is_told else None)


@pytest.mark.parametrize("change", [
    lambda name, text: b"\xff\xfe" + "x".encode("utf-16-le") if name == "xl/workbook.xml" else text,
    lambda name, text: b"" if name.endswith(".rels") else text,
])  # fmt: skip
def test_what_is_no_workbook_is_told_by_its_reader(tmp_path: Path, change: Change) -> None:
    path = workbook(tmp_path / "a.xlsx", "B2", change)
    assert uncomputed_cell(path, None, {"A", "B"}) is None
    with pytest.raises(WorkspaceError, match=r"a\.xlsx: cannot be read"):
        read_sheet(path, ["k", "v"], [])


def test_damaged_bytes_are_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    workbook(path)
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as new, zipfile.ZipFile(path) as old:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        place = new.getinfo("xl/worksheets/sheet1.xml").header_offset
    whole = bytearray((tmp_path / "b.xlsx").read_bytes())
    whole[place + 60 : place + 90] = b"\xff" * 30
    (tmp_path / "b.xlsx").write_bytes(whole)
    assert uncomputed_cell(tmp_path / "b.xlsx", None, {"A", "B"}) is None
    with pytest.raises(WorkspaceError, match=r"b\.xlsx: cannot be read"):
        read_sheet(tmp_path / "b.xlsx", ["k", "v"], [])
