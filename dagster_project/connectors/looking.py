"""Looks at the files of a workspace without loading them: which are missing, which lack a column that is mapped.

What ``kpi validate`` says of them. It reads headers with the readers of a run and compares them in the run's own words.
Databases are not connected to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import duckdb

from dagster_project.connectors.file_ledger import FoundFile, found_files
from dagster_project.connectors.mapped_columns import asked_columns, missing_columns
from dagster_project.connectors.readers import prepare_file, readable_files
from metrics.errors import SourceError
from metrics.workspace import ReadOptions, Workspace


@dataclass(frozen=True)
class Seen:
    """What a run would refuse. An error has to be mended in workspace.yml; a warning lies with the files of today."""

    message: str
    severity: Literal["error", "warning"]

    def __str__(self) -> str:
        return f"warning: {self.message}" if self.severity == "warning" else self.message


def look_at_files(ws: Workspace) -> list[Seen]:
    """Return everything that the next run would refuse of the files that are there, table by table."""
    with duckdb.connect() as con:
        return [seen for source, table in _file_tables(ws) for seen in _look_at_table(con, ws, source, table)]


def _file_tables(ws: Workspace) -> list[tuple[str, str]]:
    return [(name, table) for name, source in ws.sources.items() if source.connector == "files" for table in source.tables]


def _look_at_table(con: duckdb.DuckDBPyConnection, ws: Workspace, source_name: str, table: str) -> Iterator[Seen]:
    source, headers = ws.sources[source_name], {}
    try:
        files = found_files(ws, source, table)
    except SourceError as error:
        yield Seen(str(error), "warning")
        return
    for file in files:
        try:
            names = _header(con, file, source.tables[table].read)
        except SourceError as error:
            yield Seen(str(error), "warning")
            continue
        if names:
            headers[str(file.path)] = names
    if headers:
        for message in missing_columns(asked_columns(ws, source, table), headers, {}):
            yield Seen(message, "error")


def _header(con: duckdb.DuckDBPyConnection, file: FoundFile, read: ReadOptions) -> list[str]:
    # One at a time: files that have to be unpacked for a look do not fill the disk together.
    with readable_files([file], read) as readables:
        return list(prepare_file(con, readables[0], read).columns)
