"""Looks at the files of a workspace without loading them: which are missing, lack a mapped column, or do not fit ``read:``.

What ``kpi validate`` says of them. It reads headers, and the first rows of the first and the last file of a table, with the
readers of a run and judges them in the run's own words. Databases are not connected to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import duckdb

from dagster_project.connectors.file_ledger import FORMATS, FoundFile, found_files
from dagster_project.connectors.mapped_columns import asked_columns, missing_columns
from dagster_project.connectors.readers import OPTION_FORMATS, Prepared, header_lines, prepare_file, readable_files
from dagster_project.connectors.sampling import check_first_rows
from dagster_project.connectors.staging import read_plan
from metrics.errors import ReadOptionError, SourceError
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
    source = ws.sources[source_name]
    try:
        files = found_files(ws, source, table)
    except SourceError as error:
        yield Seen(str(error), "warning")
        return
    read = source.tables[table].read
    prepared: dict[str, Prepared] = {}
    unread: list[SourceError] = []
    for file in files:
        try:
            prepared[str(file.path)] = _prepared(con, file, read)
        except SourceError as error:
            unread.append(error)
    # An option that fits other files of the table is right: it is the file that differs.
    yield from (_seen(ws, source_name, table, error, is_of_all=not prepared) for error in unread)
    yield from _options_of_other_formats(ws, source_name, table, files, prepared)
    named = {path: list(file.columns) for path, file in prepared.items() if file.columns}
    # A column that only some files need to have may be in one that could not be read.
    asked = [column for column in asked_columns(ws, source, table) if column.always or not unread]
    missing = list(missing_columns(asked, named, {}, header_lines(list(prepared.values()), read))) if named else []
    for error in missing:
        if isinstance(error, ReadOptionError):
            yield _wrong_option(ws, source_name, table, error)
        else:
            yield Seen(str(error), "error")
    if not missing:
        yield from _misread(con, ws, source_name, table, [file for file in files if str(file.path) in named])


def _misread(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: str, table: str, files: list[FoundFile]
) -> Iterator[Seen]:
    """What a run would say of the first rows of the first file and of the last, by name."""
    plan = read_plan(ws, ws.sources[source], table)
    looked_at = list(dict.fromkeys([*files[:1], *files[-1:]]))
    refused: list[SourceError] = []
    for file in looked_at:
        try:
            check_first_rows(con, file, plan)
        except SourceError as error:
            refused.append(error)
    yield from (_seen(ws, source, table, error, is_of_all=len(refused) == len(looked_at)) for error in refused)


def _options_of_other_formats(
    ws: Workspace, source: str, table: str, files: list[FoundFile], prepared: dict[str, Prepared]
) -> Iterator[Seen]:
    """Options of ``read:`` that no file of the table can fit, whatever is in it."""
    entry = ws.sources[source].tables[table]
    formats = {file.format for file in files} | {file.readable.format for file in prepared.values()}
    if "zip" in formats and len(prepared) < len(files):
        # What an archive holds that cannot be opened is not known.
        formats |= set(FORMATS)
    for option, meant in OPTION_FORMATS.items():
        if getattr(entry.read, option) != ReadOptions.model_fields[option].default and not formats & meant:
            message = (
                f"`read.{option}` is for {' and '.join(sorted(meant))} files, and '{entry.files}' finds none "
                f"(it finds {', '.join(sorted(formats))}). Remove it, or correct `files:`."
            )
            yield _wrong_option(ws, source, table, ReadOptionError(message, option))


def _seen(ws: Workspace, source: str, table: str, error: SourceError, *, is_of_all: bool) -> Seen:
    if isinstance(error, ReadOptionError) and is_of_all:
        return _wrong_option(ws, source, table, error)
    return Seen(str(error), "warning")


def _wrong_option(ws: Workspace, source: str, table: str, error: ReadOptionError) -> Seen:
    where = ws.where("sources", source, "tables", table, "read", error.option)
    return Seen(f"{where}: {source}.{table}: {error}", "error")


def _prepared(con: duckdb.DuckDBPyConnection, file: FoundFile, read: ReadOptions) -> Prepared:
    # One at a time: files that have to be unpacked for a look do not fill the disk together.
    with readable_files([file], read) as readables:
        return prepare_file(con, readables[0], read)
