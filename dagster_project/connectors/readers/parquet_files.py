"""Parquet: read in place, with its own types."""

from __future__ import annotations

import duckdb

from dagster_project.connectors.readers.batches import Prepared, checked_names, first_line
from dagster_project.connectors.readers.unpacking import Readable
from metrics.errors import SourceError
from metrics.warehouse import literal, quoted
from metrics.workspace import ReadOptions


def prepare(con: duckdb.DuckDBPyConnection, readable: Readable, _read: ReadOptions) -> Prepared:
    """Read names and types. Raises SourceError."""
    try:
        rows = con.execute(f"describe select * from read_parquet({literal(str(readable.path))})").fetchall()
    except duckdb.Error as error:
        raise SourceError(f"{readable.file.path}: cannot be read: {first_line(error)}.") from error
    checked_names(readable, [str(row[0]) for row in rows])
    return Prepared(readable, {str(row[0]): str(row[1]) for row in rows})


def relation(files: list[Prepared]) -> str:
    """SQL for the rows of files with the same columns and types."""
    paths = ", ".join(literal(str(file.readable.path)) for file in files)
    columns = ", ".join(quoted(name) for name in files[0].columns)
    return (
        f"(select {columns}, _path, file_row_number + 1 as _record "
        f"from read_parquet([{paths}], filename = '_path', file_row_number = true))"
    )
