"""JSON and JSON lines: every key as text (nested values as JSON text), broken lines as rejects."""

from __future__ import annotations

import json

import duckdb

from dagster_project.connectors.readers.batches import Prepared, Reject, checked_names, first_line
from dagster_project.connectors.readers.unpacking import Readable
from metrics.errors import SourceError
from metrics.warehouse import literal, quoted
from metrics.workspace import ReadOptions


def prepare(con: duckdb.DuckDBPyConnection, readable: Readable, read: ReadOptions) -> Prepared:
    """Find the keys of all records. Raises SourceError for a .json file that is broken or holds no objects."""
    if readable.file.size == 0 and read.allow_empty:
        return Prepared(readable, {})
    try:
        return Prepared(readable, dict.fromkeys(checked_names(readable, _keys(con, readable))))
    except duckdb.Error as error:
        if readable.format == "json":
            raise SourceError(f"{readable.file.path}: is not a JSON list of objects: {first_line(error)}.") from error
    cleaned, rejects, lines = _without_broken_lines(readable)
    keys = _keys(con, cleaned) if lines else []
    return Prepared(cleaned, dict.fromkeys(checked_names(cleaned, keys)), "", tuple(rejects), tuple(lines))


def _keys(con: duckdb.DuckDBPyConnection, readable: Readable) -> list[str]:
    rows = con.execute(
        f"describe select * from read_json({literal(str(readable.path))}, format = {literal(_format(readable))}, "
        "records = true, sample_size = -1, maximum_depth = 1)"
    ).fetchall()
    return [str(row[0]) for row in rows]


def _format(readable: Readable) -> str:
    return "newline_delimited" if readable.format == "jsonl" else "auto"


def _without_broken_lines(readable: Readable) -> tuple[Readable, list[Reject], list[int]]:
    """Copy the good lines; return the copy, a reject per broken line, and the line numbers of the good ones."""
    rejects, lines = [], []
    target = readable.scratch / f"valid-{readable.path.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        readable.path.open(encoding="utf-8-sig", errors="replace") as given,
        target.open("w", encoding="utf-8") as good,
    ):
        for line, text in enumerate(given, start=1):
            if not text.strip():
                continue
            reason = _problem(text)
            if reason is None:
                lines.append(line)
                good.write(text if text.endswith("\n") else text + "\n")
            else:
                rejects.append(Reject(readable.name, line, None, None, reason, text.rstrip("\n")))
    return Readable(readable.file, target, readable.format, readable.scratch), rejects, lines


def _problem(text: str) -> str | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return f"is not valid JSON: {error.msg} at character {error.pos + 1}"
    return None if isinstance(value, dict) else "is not a JSON object"


def fill(con: duckdb.DuckDBPyConnection, files: list[Prepared], _read: ReadOptions, table: str) -> list[Reject]:
    """Read files with the same keys into a temporary table with ``_path``; return the broken lines."""
    rejects = [reject for file in files for reject in file.rejects]
    readable = files[0].readable
    paths = ", ".join(literal(str(file.readable.path)) for file in files)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in files[0].columns)
    try:
        con.execute(
            f"""create or replace temp table {quoted(table)} as
            select * from read_json([{paths}], format = {literal(_format(readable))}, records = true,
              columns = {{{columns}}}, filename = '_path')"""
        )
    except duckdb.Error as error:
        raise SourceError(f"{readable.file.path}: cannot be read: {first_line(error)}.") from error
    return rejects


def lines_of(prepared: Prepared) -> list[tuple[int, str]]:
    """Return (line, text) of every record of a JSON lines file, in order; a .json file has records, no lines."""
    if prepared.readable.format != "jsonl":
        return []
    with prepared.readable.path.open(encoding="utf-8-sig") as stream:
        found = [(number, text.rstrip("\n")) for number, text in enumerate(stream, start=1) if text.strip()]
    if prepared.line_numbers is None:
        return found
    return [(line, text) for line, (_, text) in zip(prepared.line_numbers, found, strict=True)]
