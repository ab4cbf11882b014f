"""Reads the files of one table with DuckDB's own readers: text formats as text, Parquet with its types.

Decides no types. A malformed row becomes a ``Reject``; a file that cannot be read at all is a SourceError.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from dagster_project.connectors.readers import csv_files, excel_files, json_files, parquet_files
from dagster_project.connectors.readers.batches import Batch, Prepared, Reject
from dagster_project.connectors.readers.unpacking import TEXT_FORMATS, Readable, readable_files
from metrics.errors import SourceError
from metrics.warehouse import quoted
from metrics.workspace import ReadOptions

__all__ = [
    "OPTION_FORMATS",
    "Batch",
    "Prepared",
    "Readable",
    "Reject",
    "header_lines",
    "prepare_file",
    "read_batch",
    "readable_files",
    "same_columns",
]

# Formats whose columns are named by a line of the file; the others name them themselves.
_WITH_HEADER = {"csv", "tsv", "xlsx"}
# The formats for which an option of ``read:`` does anything; for an option that is not here: all.
OPTION_FORMATS = {
    "delimiter": {"csv", "tsv"},
    "quote": {"csv", "tsv"},
    "encoding": TEXT_FORMATS,
    "skip": _WITH_HEADER,
    "sheet": {"xlsx"},
    "member": {"zip"},
}

_PREPARE = {
    "csv": csv_files.prepare,
    "tsv": csv_files.prepare,
    "json": json_files.prepare,
    "jsonl": json_files.prepare,
    "xlsx": excel_files.prepare,
    "parquet": parquet_files.prepare,
}
_FILL = {
    "csv": csv_files.fill,
    "tsv": csv_files.fill,
    "json": json_files.fill,
    "jsonl": json_files.fill,
    "xlsx": excel_files.fill,
}


def prepare_file(con: duckdb.DuckDBPyConnection, readable: Readable, read: ReadOptions) -> Prepared:
    """Find out the columns of a file without loading it. Raises SourceError."""
    try:
        return _PREPARE[readable.format](con, readable, read)
    except OSError as error:
        raise SourceError(f"{readable.file.path}: cannot be read: {(error.strerror or str(error)).lower()}.") from error


def header_lines(files: list[Prepared], read: ReadOptions) -> dict[str, int]:
    """The line that was taken for the header, by path, of the files that have one."""
    return {str(file.readable.file.path): read.skip + 1 for file in files if file.readable.format in _WITH_HEADER}


def same_columns(files: list[Prepared]) -> Iterator[list[Prepared]]:
    """Group prepared files into those that can be read together."""
    groups: dict[tuple[object, ...], list[Prepared]] = {}
    for file in files:
        groups.setdefault(file.batch_key, []).append(file)
    yield from groups.values()


def read_batch(con: duckdb.DuckDBPyConnection, files: list[Prepared], read: ReadOptions, table: str) -> Batch:
    """Read files with the same columns, text formats into the temporary table ``table``. Raises SourceError."""
    if files[0].readable.format == "parquet":
        return Batch(files, parquet_files.relation(files))
    if not files[0].columns:
        con.execute(f"create or replace temp table {quoted(table)} (_path varchar)")
        return Batch(files, f"(select *, 0 as _record from temp.{quoted(table)})", [*files[0].rejects], table)
    rejects = _FILL[files[0].readable.format](con, files, read, table)
    # A fresh table numbers its rows in the order in which the reader gave them.
    return Batch(files, f"(select *, rowid + 1 as _record from temp.{quoted(table)})", rejects, table)
