"""Excel (.xlsx): one sheet, every cell as text; dates as ISO text, because Excel stores them as numbers."""

from __future__ import annotations

import duckdb

from dagster_project.connectors.readers.batches import Prepared, Reject, checked_names
from dagster_project.connectors.readers.unpacking import Readable
from metrics.errors import ReadOptionError, SourceError
from metrics.warehouse import literal, load_excel, quoted
from metrics.workspace import ReadOptions
from metrics.workspace.workbooks import uncomputed_cell, workbook_problem

LAST_COLUMN = "ZZ"
# The days of this format count from here; the 29th of February 1900, which Excel believes in, is before any real date.
EPOCH = "timestamp '1899-12-30'"


def prepare(con: duckdb.DuckDBPyConnection, readable: Readable, read: ReadOptions) -> Prepared:
    """Read the header. Raises SourceError."""
    problem = workbook_problem(readable.path)
    if problem:
        raise SourceError(f"{readable.file.path}: {problem}.")
    load_excel(con)
    try:
        rows = con.execute(f"describe select * from {_sheet(readable, read, con)}").fetchall()
    except duckdb.Error as error:
        message = f"{readable.file.path}: cannot be read: {_reason(error)}. Check the file and `read.sheet`."
        if read.sheet and _opens(con, readable):
            raise ReadOptionError(message, "sheet") from error
        raise SourceError(message) from error
    uncomputed = uncomputed_cell(readable.path, read.sheet, _columns(con, readable, read), read.skip)
    if uncomputed:
        raise SourceError(f"{readable.file.path}: {uncomputed.problem}.")
    return Prepared(readable, dict.fromkeys(checked_names(readable, [str(row[0]) for row in rows])))


def fill(con: duckdb.DuckDBPyConnection, files: list[Prepared], read: ReadOptions, table: str) -> list[Reject]:
    """Read one file into a temporary table of texts with ``_path``."""
    readable = files[0].readable
    try:
        # The reader types a column by its first cell: where that is a date, dates come from there, the rest as text.
        con.execute(f"create or replace temp table _typed as select * from {_sheet(readable, read, con, 'typed')}")
        con.execute(f"create or replace temp table _texts as select * from {_sheet(readable, read, con, 'text')}")
        types = {str(row[0]): str(row[1]) for row in con.execute("describe temp._typed").fetchall()}
        columns = ", ".join(_column(name, types[name], read) for name in files[0].columns)
        con.execute(
            f"""create or replace temp table {quoted(table)} as
            select {columns}, {literal(str(readable.path))} as _path
            from temp._texts left join temp._typed on _texts.rowid = _typed.rowid order by _texts.rowid"""
        )
        con.execute("drop table temp._typed; drop table temp._texts")
    except duckdb.Error as error:
        raise SourceError(f"{readable.file.path}: cannot be read: {_reason(error)}.") from error
    return []


def _column(name: str, type_name: str, read: ReadOptions) -> str:
    text = f"_texts.{quoted(name)}"
    typed = f"_typed.{quoted(name)}"
    if type_name == "DATE":
        shown = f"strftime({typed}, {literal(read.date_format or '%Y-%m-%d')})"
        return f"coalesce({shown}, {text}) as {quoted(name)}"
    if type_name == "TIMESTAMP":
        moment = f"date_trunc('second', {typed} + interval 500 milliseconds)"
        shown = f"strftime({moment}, {literal(read.timestamp_format or '%Y-%m-%d %H:%M:%S')})"
        return f"coalesce({shown}, {text}) as {quoted(name)}"
    if type_name == "BOOLEAN":
        return f"coalesce(cast({typed} as varchar), {text}) as {quoted(name)}"
    return f"{text} as {quoted(name)}"


def serial_as_text(text: str, form: str) -> str:
    """SQL for the ISO text of a date that came as Excel's number of days, for columns that should hold dates."""
    moment = f"{EPOCH} + to_microseconds(cast(round(cast({text} as double) * 86400) * 1000000 as bigint))"
    number = "[0-9]{1,7}(\\.[0-9]+)?"
    return f"case when regexp_full_match({text}, '{number}') then strftime({moment}, {literal(form)}) else {text} end"


def _sheet(
    readable: Readable, read: ReadOptions, con: duckdb.DuckDBPyConnection, mode: str = "text", *, header: bool = True
) -> str:
    sheet = f", sheet = {literal(read.sheet)}" if read.sheet else ""
    cells = f", range = {literal(_range(con, readable, read, sheet))}" if read.skip else ""
    typing = "all_varchar = true" if mode == "text" else "ignore_errors = true, empty_as_varchar = true"
    path = literal(str(readable.path))
    return f"read_xlsx({path}, header = {str(header).lower()}, stop_at_empty = false, {typing}{sheet}{cells})"


def _columns(con: duckdb.DuckDBPyConnection, readable: Readable, read: ReadOptions) -> set[str]:
    """The letters of the columns that are read: without a header the reader names each by its first cell, such as B1."""
    cells = con.execute(f"describe select * from {_sheet(readable, read, con, header=False)}")
    return {str(row[0]).rstrip("0123456789") for row in cells.fetchall()}


def _range(con: duckdb.DuckDBPyConnection, readable: Readable, read: ReadOptions, sheet: str) -> str:
    """Return the range from the header on: after skipped rows the reader does not find the last column itself."""
    row = read.skip + 1
    options = f"header = false, all_varchar = true, range = 'A{row}:{LAST_COLUMN}{row}'{sheet}"
    cells = con.execute(f"select * from read_xlsx({literal(str(readable.path))}, {options})").fetchone()
    width = max((number for number, cell in enumerate(cells or (), start=1) if cell is not None), default=0)
    if width == 0:
        raise ReadOptionError(f"{readable.file.path}:{row}: has no header. The row has to name the columns.", "skip")
    letters = (chr(64 + (width - 1) // 26) if width > 26 else "") + chr(65 + (width - 1) % 26)
    return f"A{row}:{letters}"


def _opens(con: duckdb.DuckDBPyConnection, readable: Readable) -> bool:
    """Whether the workbook itself is whole: its first sheet can be read."""
    try:
        con.execute(f"describe select * from read_xlsx({literal(str(readable.path))}, header = true, all_varchar = true)")
    except duckdb.Error:
        return False
    return True


def _reason(error: duckdb.Error) -> str:
    lines = [line.strip().rstrip(".") for line in str(error).splitlines()[:2] if line.strip()]
    return ". ".join(line for line in lines if not line.startswith("LINE"))
