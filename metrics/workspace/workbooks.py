"""What DuckDB's reader of Excel files does not see: at the first bytes of a zip alone it never ends, and it takes every
date to be counted from 1900."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

_SINCE_1904 = re.compile(rb'<(?:\w+:)?workbookPr\b[^>]*\bdate1904="(?:1|true)"')


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
