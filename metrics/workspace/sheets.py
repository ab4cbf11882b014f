"""Small tables that people keep in CSV or Excel beside workspace.yml: targets, promotions, channel rules.

Every row comes with its place, so that an error can name file and line. An empty cell counts as not given.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from metrics.errors import WorkspaceError, did_you_mean
from metrics.workspace.workbooks import uncomputed_cell, workbook_problem

SUFFIXES = (".csv", ".xlsx")
# Excel stores a date as the number of days since this one.
EXCEL_EPOCH = dt.date(1899, 12, 30)
EXCEL_DATE = re.compile(r"[0-9]{5}(\.0+)?")
# One dot before three digits: the thousands of many languages, and the decimal point of others.
GROUPED = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
# A longer one is text behind a quotation mark that was never closed.
LONGEST_CELL = 131_072
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class SheetRow:
    """One row: ``where`` is file:line, ``values`` the texts of its filled cells by column."""

    where: str
    values: dict[str, str]


def is_sheet(path: Path) -> bool:
    """Whether a file can be such a table; not what Excel leaves beside a workbook that is open."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$"))


def read_sheet(
    path: Path, columns: Sequence[str], required: Collection[str], dates: Collection[str] = (), shown: str | None = None
) -> list[SheetRow]:
    """Read the rows of a table with the given ``columns``; of Excel the first sheet, with ``dates`` as ISO text.

    ``shown``: how to name the file. Raises WorkspaceError with file and line.
    """
    name = shown or path.name
    if path.suffix.lower() not in SUFFIXES:
        raise WorkspaceError(f"{name}: is of no known format. Known are {' and '.join(SUFFIXES)}.")
    if not path.is_file():
        raise WorkspaceError(f"{name}: there is no such file in {path.parent}.")
    records = _excel_records(path, name) if path.suffix.lower() == ".xlsx" else _csv_records(path, name)
    line, names = next(records, (1, []))
    names = [text.strip() for text in names]
    _check_header(f"{name}:{line}", names, columns, required)
    rows = []
    for line, cells in records:
        values = {column: cell.strip() for column, cell in zip(names, cells, strict=False) if cell.strip()}
        if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
            raise WorkspaceError(f"{name}:{line}: has {len(cells)} cells, the header names {len(names)} columns.")
        for column in (column for column in required if values and column not in values):
            raise WorkspaceError(f"{name}:{line}: the cell of '{column}' is empty. Fill it in.")
        if path.suffix.lower() == ".xlsx":
            values |= {key: _excel_date(value) for key, value in values.items() if key in dates}
        if values:
            rows.append(SheetRow(f"{name}:{line}", values))
    return rows


def parsed_row(row: SheetRow, model: type[Model]) -> Model:
    """Make a model of a row. Raises WorkspaceError with file and line."""
    try:
        return model.model_validate(row.values)
    except ValidationError as error:
        raise WorkspaceError(f"{row.where}: {row_problem(row, error)}") from error


def row_problem(row: SheetRow, error: ValidationError) -> str:
    """The first complaint of pydantic about a row, in one sentence."""
    first = error.errors(include_url=False)[0]
    column = str(first["loc"][0]) if first["loc"] else ""
    message = str(first["ctx"]["error"]) if first["type"] == "value_error" else str(first["msg"])
    message = message.replace("Input should be", "should be").rstrip(".")
    found = f"'{column}' is '{row.values[column]}', " if column in row.values else f"'{column}': " if column else ""
    message = "should be a date such as 2024-12-31" if first["type"].startswith("date_") else message
    return f"{found}{message[:1].lower()}{message[1:]}."


def _check_header(where: str, names: list[str], columns: Sequence[str], required: Collection[str]) -> None:
    known = ", ".join(columns)
    for name in names:
        if name not in columns:
            hint = did_you_mean(name, columns)
            raise WorkspaceError(f"{where}: unknown column '{name}'.{hint} Known are {known}.")
        if names.count(name) > 1:
            raise WorkspaceError(f"{where}: names the column '{name}' twice. Keep one of them.")
    missing = [column for column in required if column not in names]
    if missing:
        raise WorkspaceError(f"{where}: has no column '{missing[0]}'. The first line has to name the columns: {known}.")


def _csv_records(path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every record; the delimiter is the likeliest one of the first line."""
    from metrics.workspace.headers import likeliest_delimiter

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WorkspaceError(
            f"{name}: is not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
        ) from error
    lines = text.splitlines(keepends=True)
    delimiter = likeliest_delimiter(lines[0], '"', path.name) if lines else ","
    records, line = csv.reader(lines, delimiter=delimiter), 1
    try:
        for record in records:
            # The reader's own limit is the whole process's, and libraries lift it.
            if any(len(cell) > LONGEST_CELL for cell in record):
                raise csv.Error(f"field larger than field limit ({LONGEST_CELL})")
            _check_thousands(f"{name}:{line}", record, delimiter)
            yield line, record
            line = records.line_num + 1
    except csv.Error as error:
        raise WorkspaceError(f"{name}:{line}: cannot be read ({error}). Is a quotation mark open?") from error


def _check_thousands(where: str, cells: list[str], delimiter: str) -> None:
    """Where cells end at semicolons the comma is the decimal sign, and 45.000 is most likely 45 thousand and not 45."""
    for cell in cells if delimiter == ";" else ():
        if GROUPED.fullmatch(cell.strip()):
            plain = cell.strip().replace(".", "")
            raise WorkspaceError(f"{where}: '{cell.strip()}' may be {plain} or {float(cell):g}, if its dots part thousands. "
                                 f"Write it without dots, or with another number of decimals.")  # fmt: skip


def _excel_records(path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row, cells) of the first sheet. DuckDB is imported only here: most workspaces have no Excel file."""
    import duckdb

    from metrics.warehouse.connection import load_excel

    problem = workbook_problem(path)
    if problem:
        raise WorkspaceError(f"{name}: {problem}.")
    with duckdb.connect() as con:
        load_excel(con)
        try:
            answer = con.execute(
                "select * from read_xlsx(?, header = false, all_varchar = true, stop_at_empty = false)", [str(path)]
            )
            # named by their cell, such as B1
            columns = {str(column[0]).rstrip("0123456789") for column in answer.description or ()}
            found = answer.fetchall()
        except duckdb.Error as error:
            raise WorkspaceError(f"{name}: cannot be read: {str(error).splitlines()[0].rstrip('.')}.") from error
    uncomputed = uncomputed_cell(path, None, columns)
    if uncomputed:
        raise WorkspaceError(f"{name}:{uncomputed.row}: {uncomputed.problem}.")
    for number, cells in enumerate(found, start=1):
        filled = ["" if cell is None else str(cell) for cell in cells]
        while filled and not filled[-1]:
            filled.pop()
        yield number, filled


def _excel_date(text: str) -> str:
    if not EXCEL_DATE.fullmatch(text):
        return text
    return (EXCEL_EPOCH + dt.timedelta(days=int(float(text)))).isoformat()
