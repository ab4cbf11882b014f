"""What DuckDB's reader of Excel files does not see: at the first bytes of a zip alone it never ends, and it takes every
date to be counted from 1900, and a formula that nobody has computed for an empty cell."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

_SINCE_1904 = re.compile(rb'<(?:\w+:)?workbookPr\b[^>]*\bdate1904="(?:1|true)"')
_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_LINK = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
# A cell with a formula, or with the members of one, and with no value behind it, or with 0: (its attributes, the 0).
_UNCOMPUTED = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>\s*|<(?:\w+:)?v>\s*(0?)\s*</(?:\w+:)?v>\s*)?</(?:\w+:)?c>"
)
# What programs write that leave computing to Excel; XlsxWriter stores 0 for every result then.
_COMPUTED_LATER = re.compile(rb'<(?:\w+:)?calcPr\b[^>]*\bfullCalcOnLoad="(?:1|true)"')
_CELL = re.compile(rb'\br="([A-Z]+)([0-9]+)"')
_CHUNK = 4_000_000
# No cell is longer: a formula has at most 8,192 characters.
_OVERLAP = 100_000


@dataclass(frozen=True)
class Uncomputed:
    """A cell, such as D3, that holds a formula without a result."""

    column: str
    row: int

    @property
    def problem(self) -> str:
        return (
            f"the cell {self.column}{self.row} holds a formula without a stored result, and would count as empty or 0. "
            "Open the file in Excel or LibreOffice, which compute it, and save it again"
        )


def uncomputed_cell(path: Path, sheet: str | None, columns: Collection[str], above: int = 0) -> Uncomputed | None:
    """The first cell of a sheet (default: the first) whose formula nobody has computed; None if there is none.

    Only cells of ``columns`` (A, B, ...) below ``above`` rows count: nobody reads the others. A formula that gave an empty
    text is computed. None, too, for what is no workbook: its reader says what is wrong.
    """
    try:
        with zipfile.ZipFile(path) as book:
            part = _part_of(book, sheet)
            if part is None or part not in book.namelist():
                return None
            is_later = bool(_COMPUTED_LATER.search(book.read("xl/workbook.xml")))
            for attributes, zero in _uncomputed(book, part):
                place = _CELL.search(attributes)
                if not place or int(place[2]) <= above or place[1].decode() not in columns:
                    continue
                if b't="str"' not in attributes and (is_later or not zero):
                    return Uncomputed(place[1].decode(), int(place[2]))
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error):
        return None
    return None


def _part_of(book: zipfile.ZipFile, sheet: str | None) -> str | None:
    """The file within the workbook that holds a sheet."""
    for element in _SHEET.findall(book.read("xl/workbook.xml").decode()):
        if sheet is None or html.unescape(_attribute(element, "name")).lower() == sheet.lower():
            wanted = re.search(r'\w+:id="([^"]*)"', element)
            break
    else:
        return None
    for link in _LINK.findall(book.read("xl/_rels/workbook.xml.rels").decode()):
        if wanted and _attribute(link, "Id") == wanted[1]:
            return posixpath.normpath(posixpath.join("/xl", html.unescape(_attribute(link, "Target")))).lstrip("/")
    return None


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', element)
    return found[1] if found else ""


def _uncomputed(book: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, bytes]]:
    """Attributes and stored 0 of the cells that may be uncomputed, piece by piece: sheets of a million rows are large."""
    with book.open(part) as stream:
        text = b""
        while piece := stream.read(_CHUNK):
            text += piece
            if b"<f" in text or b":f" in text:
                for match in _UNCOMPUTED.finditer(text):
                    yield match[1], match[2] or b""
            text = text[-_OVERLAP:]


def workbook_problem(path: Path) -> str:
    """Why a file must not be read as an Excel workbook, without its name; "" where nothing speaks against it."""
    try:
        with zipfile.ZipFile(path) as book:
            settings = book.read("xl/workbook.xml")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        return f"cannot be read as an Excel workbook ({str(error).strip(chr(34)).rstrip('.')}). Save it as .xlsx again"
    if _SINCE_1904.search(settings):
        return (
            "counts days from 1904, so that every date would be read four years too early. In Excel take off "
            "'Use 1904 date system' (File, Options, Advanced), check the dates, and save it again"
        )
    return ""
