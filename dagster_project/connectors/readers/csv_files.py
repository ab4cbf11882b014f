"""CSV and TSV: every column as text, malformed rows as rejects with their line."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import duckdb

from dagster_project.connectors.readers.batches import Prepared, Reject, checked_names, first_line
from dagster_project.connectors.readers.unpacking import Readable
from metrics.errors import ReadOptionError, SourceError
from metrics.warehouse import literal, quoted
from metrics.workspace import ReadOptions
from metrics.workspace.headers import read_header

LONGEST_FIELD = 2**27


def prepare(_con: duckdb.DuckDBPyConnection, readable: Readable, read: ReadOptions) -> Prepared:
    """Read the header. Raises SourceError."""
    path = readable.file.path
    try:
        delimiter, names = read_header(readable.path, read.model_copy(update={"encoding": "utf-8"}))
    except UnicodeError as error:
        message = f"{path}: is not {read.encoding} text: {error}. Set `read.encoding`."
        raise ReadOptionError(message, "encoding") from error
    except csv.Error as error:
        raise SourceError(f"{path}:{read.skip + 1}: has no readable header: {error}.") from error
    if not any(name.strip() for name in names) and not (readable.file.size == 0 and read.allow_empty):
        message = f"{path}:{read.skip + 1}: has no header. The first line has to name the columns."
        raise ReadOptionError(message, "skip") if read.skip else SourceError(message)
    # An export with an index has an empty first name.
    names = [name.strip() or f"column{number}" for number, name in enumerate(names)]
    return Prepared(readable, dict.fromkeys(checked_names(readable, names)), delimiter)


def fill(con: duckdb.DuckDBPyConnection, files: list[Prepared], read: ReadOptions, table: str) -> list[Reject]:
    """Read files with the same header into a temporary table with ``_path``; return the malformed rows."""
    paths = ", ".join(literal(str(file.readable.path)) for file in files)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in files[0].columns)
    con.execute("drop table if exists temp.reject_scans; drop table if exists temp.reject_errors")
    try:
        con.execute(
            f"""create or replace temp table {quoted(table)} as
            select * from read_csv([{paths}], auto_detect = false, header = true, skip = {read.skip},
              delim = {literal(files[0].delimiter)}, quote = {literal(read.quote)}, escape = {literal(read.quote)},
              columns = {{{columns}}}, filename = '_path', store_rejects = true, rejects_limit = 0)"""
        )
    except duckdb.Error as error:
        raise SourceError(f"{files[0].readable.file.path}: cannot be read: {first_line(error)}.") from error
    names = {str(file.readable.path): file.readable.name for file in files}
    found: dict[tuple[str, int], Reject] = {}
    for path, line, column, text, message in con.execute(
        """select file_path, line, column_name, csv_line, error_message
        from temp.reject_errors join temp.reject_scans using (scan_id, file_id) order by file_path, line"""
    ).fetchall():
        row_text = (text or "").strip("\r\n")
        # A quote that is never closed swallows the lines after it: all of them are lost, not one.
        lines = row_text.count("\n") + 1
        found.setdefault((path, line), Reject(names[path], line, column, None, first_line(message), row_text, lines))
    return list(found.values())


def locate(prepared: Prepared, read: ReadOptions, wanted: set[tuple[str, str]]) -> Iterator[tuple[str, str, int, str]]:
    """Yield (column, value, line, text) for every row that holds a wanted (column, value) pair: its first one.

    DuckDB does not tell the line of a row that it could read, so the file is read once more, and only when needed.
    """
    names = list(prepared.columns)
    asked = {column for column, _ in wanted}
    places = [(name, place) for place, name in enumerate(names) if name in asked]
    csv.field_size_limit(LONGEST_FIELD)
    with prepared.readable.path.open(encoding="utf-8-sig", newline="", errors="replace") as stream:
        for _ in range(read.skip):
            stream.readline()
        records = csv.reader(stream, delimiter=prepared.delimiter, quotechar=read.quote)
        next(records, None)
        before = read.skip + records.line_num
        for record in records:
            line, before = before + 1, read.skip + records.line_num
            if len(record) != len(names):
                continue
            for name, place in places:
                value = record[place].strip(" ")
                if (name, value) in wanted:
                    yield name, value, line, prepared.delimiter.join(record)
                    break
