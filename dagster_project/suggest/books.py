"""Excel books: which sheets they hold, and how many rows stand before the header of one."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from dagster_project.suggest.names import is_nameless
from dagster_project.suggest.tables import GivenTable
from metrics.errors import SourceError
from metrics.warehouse import literal, load_excel

HEAD_ROWS = 40


def sheets_of(path: Path) -> list[str]:
    """Return the names of all sheets in their order. Raises SourceError where the file is no Excel book."""
    try:
        with zipfile.ZipFile(path) as book:
            text = book.read("xl/workbook.xml").decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path}: is not an Excel book (.xlsx): {error}.") from error
    return [html.unescape(name) for name in re.findall(r'<(?:\w+:)?sheet [^>]*?name="([^"]*)"', text)]


def by_sheet(given: GivenTable) -> Iterator[GivenTable]:
    """Give every sheet of a book as a table of its own, called as the sheet is where that says something."""
    file = given.files[0]
    sheets = sheets_of(file.path) if file.name.lower().endswith(".xlsx") else []
    if len(sheets) < 2:
        yield given
        return
    for number, sheet in enumerate(sheets):
        yield replace(given, sheet=sheet if number else None, stem=given.stem if is_nameless(sheet) else sheet)


def lines_before_header(con: duckdb.DuckDBPyConnection, path: Path, sheet: str | None) -> int:
    """Return how many rows stand before the header: titles fill fewer cells than the first row of a table."""
    load_excel(con)
    options = f"header = false, all_varchar = true, stop_at_empty = false, range = 'A1:ZZ{HEAD_ROWS}'"
    named = f", sheet = {literal(sheet)}" if sheet else ""
    try:
        rows = con.execute(f"select * from read_xlsx({literal(str(path))}, {options}{named})").fetchall()
    except duckdb.Error:
        # What is wrong with the file is said where its columns are read.
        return 0
    filled = [sum(cell is not None and cell.strip() != "" for cell in row) for row in rows]
    widest = max(filled, default=0)
    return next((number for number, count in enumerate(filled) if count >= max(1, 0.6 * widest)), 0)
