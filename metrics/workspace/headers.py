"""Looks up the column names of a text file, to name the closest one in an error. Reads one line, changes nothing."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from metrics.workspace.model import ReadOptions, Source, Workspace

DELIMITERS = (",", ";", "\t", "|")


def raw_columns_of(ws: Workspace, source: Source, table: str) -> list[str]:
    """Return the header of a table's first CSV or TSV file, or nothing where there is none to look at."""
    entry = source.tables[table]
    if source.connector != "files" or not entry.files:
        return []
    for file in sorted((ws.root / source.path).glob(entry.files)):
        if file.name.removesuffix(".gz").endswith((".csv", ".tsv")):
            try:
                return read_header(file, entry.read)[1]
            except (OSError, UnicodeError, csv.Error):
                return []
    return []


def read_header(file: Path, read: ReadOptions) -> tuple[str, list[str]]:
    """Return (delimiter, column names) of a text file; no names when it is empty."""
    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as stream:
        encoding = "utf-8-sig" if read.encoding.lower() in {"utf-8", "utf8"} else read.encoding
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        for _ in range(read.skip):
            text.readline()
        first = text.readline()
        delimiter = read.delimiter or likeliest_delimiter(first, read.quote, file.name)
        # A quoted name may hold a line break: the reader takes as many lines as the first record needs.
        records = csv.reader(_lines(first, text), delimiter=delimiter, quotechar=read.quote)
        return delimiter, next(records, [])


def likeliest_delimiter(line: str, quote: str, file_name: str) -> str:
    """Return the delimiter that occurs most often outside quotes; a tab for .tsv, a comma when none occurs."""
    if ".tsv" in file_name.lower():
        return "\t"
    outside = "".join(line.split(quote)[::2])
    best = max(DELIMITERS, key=outside.count)
    return best if best in outside else ","


def _lines(first: str, rest: io.TextIOWrapper) -> Iterator[str]:
    if first:
        yield first
    yield from rest
