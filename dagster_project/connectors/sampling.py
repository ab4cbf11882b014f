"""Reads the first rows of a file as a run would, and leaves nothing behind: do they fit what ``read:`` says of them?"""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import islice

import duckdb

from dagster_project.connectors.file_ledger import FoundFile
from dagster_project.connectors.readers import Readable, readable_files
from dagster_project.connectors.staging import ReadPlan, stage_files, table_types, type_rows
from metrics.errors import ReadOptionError
from metrics.workspace import ReadOptions, machine_now

SAMPLED_LINES = 1000
# Files of formats that cannot be cut are read as a whole, up to this size.
MOST_BYTES = 2_000_000
_OF_LINES = {"csv", "tsv", "jsonl"}


def check_first_rows(con: duckdb.DuckDBPyConnection, file: FoundFile, plan: ReadPlan) -> None:
    """Raise the SourceError with which a run would refuse the first rows of a file; fills temporary tables only.

    Which columns it has to have is not looked at: that depends on the other files of its table.
    """
    plan = replace(plan, asked=[])
    with readable_files([file], plan.read) as readables:
        whole = readables[0]
        if whole.format not in _OF_LINES and file.size > MOST_BYTES:
            return
        sample = _first_rows(whole, plan.read) if whole.format in _OF_LINES else whole
        try:
            staged = stage_files(con, [sample], plan, {})
            type_rows(con, staged, table_types(staged.facts.values(), plan), plan, "look", machine_now())
        except ReadOptionError as error:
            if sample is whole:
                raise
            raise ReadOptionError(f"in the first lines of {error}", error.option) from error


def _first_rows(whole: Readable, read: ReadOptions) -> Readable:
    """A copy of the first lines, down to the end of a record; the file itself where it has no more."""
    with whole.path.open(encoding="utf-8-sig", newline="", errors="replace") as given:
        lines = list(islice(given, read.skip + SAMPLED_LINES))
        if next(given, None) is None:
            return whole
    if whole.format != "jsonl":
        lines = lines[: read.skip + _end_of_records(lines[read.skip :], read.quote)]
    target = whole.scratch / f"first-{whole.path.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(lines), encoding="utf-8", newline="")
    return Readable(whole.file, target, whole.format, whole.scratch)


def _end_of_records(lines: list[str], quote: str) -> int:
    """How many lines the records before the last one take, which may go on beyond them."""
    records, ends = csv.reader(lines, quotechar=quote), [0]
    for _ in records:
        ends.append(records.line_num)
    # A quote that is never closed leaves nothing to cut at.
    return ends[-2] if len(ends) > 2 else len(lines)
