"""What a table holds, column by column: kind, share filled, distinct values, date format. No value leaves here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import duckdb

from dagster_project.connectors.file_ledger import FoundFile
from dagster_project.connectors.readers import Prepared, Readable, prepare_file, read_batch, readable_files
from dagster_project.suggest.books import lines_before_header, sheets_of
from dagster_project.suggest.dates import DateStyle, date_style
from dagster_project.suggest.sniff import sniff_csv
from dagster_project.suggest.tables import GivenTable
from dagster_project.suggest.value_kinds import NULL_TEXTS, Form, SampleKind, sample_kind
from metrics.errors import SourceError
from metrics.warehouse import literal, quoted
from metrics.workspace import ReadOptions

SAMPLE_ROWS = 2000
MOST_BYTES = 128 * 2**20
MOST_ROWS = 3_000_000
HEAD_PREFIX = "bellwether-head-"
EPOCH_SPAN = (946_684_800, 4_102_444_800)


@dataclass(frozen=True)
class ColumnProfile:
    """One raw column. Counts are of the table's rows; ``filled`` leaves out empty texts and texts that mean nothing."""

    name: str
    kind: SampleKind
    rows: int
    filled: int
    distinct: int
    native: str | None = None
    dates: DateStyle | None = None
    span: tuple[float, float] | None = None
    """Least and greatest value of a numeric column."""
    digits_note: str = ""
    """What the dots or commas of a numeric column could mean as well, empty where that is plain."""
    is_odd: bool = False
    """Its numbers are written in another way than the table's read options say: an expression has to read them."""

    @property
    def form(self) -> Form:
        return self.kind.form

    @property
    def is_temporal(self) -> bool:
        return self.form in {"date", "timestamp"}

    @property
    def is_unique(self) -> bool:
        return self.rows > 0 and self.filled == self.rows == self.distinct

    @property
    def epoch_unit(self) -> Literal["s", "ms"] | None:
        """Whether whole numbers may be seconds or milliseconds since 1970 (of the years 2000 to 2100)."""
        if self.form != "integer" or self.span is None:
            return None
        low, high = self.span
        if EPOCH_SPAN[0] <= low and high <= EPOCH_SPAN[1]:
            return "s"
        return "ms" if EPOCH_SPAN[0] * 1000 <= low and high <= EPOCH_SPAN[1] * 1000 else None

    @property
    def filled_share(self) -> float:
        return self.filled / self.rows if self.rows else 0.0


@dataclass
class TableProfile:
    """One given table, read into ``relation`` of the sniffing connection as text (Parquet: with its own types)."""

    given: GivenTable
    name: str
    read: ReadOptions
    relation: str
    rows: int
    columns: dict[str, ColumnProfile] = field(default_factory=dict)
    delimiter: str = ""
    """Empty where the format has none."""
    decimal_sign: str | None = None
    """What stands before the decimals wherever that is certain, None where nothing shows it or columns differ."""
    notes: list[str] = field(default_factory=list)
    """What was not looked at."""


def read_header_of(con: duckdb.DuckDBPyConnection, file: FoundFile) -> tuple[str, ...]:
    """Return the column names of one file. Raises SourceError."""
    with opened(con, [file]) as (prepared, _read):
        return tuple(prepared[0].columns)


@contextmanager
def opened(
    con: duckdb.DuckDBPyConnection, files: list[FoundFile], sheet: str | None = None
) -> Iterator[tuple[list[Prepared], ReadOptions]]:
    """Unpack files and find their columns; the read options are those of the first file. Raises SourceError."""
    with readable_files(files, ReadOptions()) as unpacked:
        read = ReadOptions()
        if unpacked[0].format in {"csv", "tsv"}:
            style = sniff_csv(unpacked[0].path, files[0].name)
            read = ReadOptions(encoding=style.encoding, skip=style.skip, delimiter=style.delimiter)
        elif unpacked[0].format == "xlsx":
            read = ReadOptions(skip=lines_before_header(con, unpacked[0].path, sheet), sheet=sheet)
        elif unpacked[0].format == "":
            raise SourceError(f"{files[0].path}: is of no known format.")
    with readable_files(files, read) as readables:
        yield [prepare_file(con, _head(readable), read) for readable in readables], read


def _not_seen(readable: Readable) -> list[str]:
    """Say what of a file was not read: the end of a large one, all sheets but the first of a packed one."""
    if readable.path.name.startswith(HEAD_PREFIX):
        return [f"{readable.name}: judged by its first {MOST_BYTES // 2**20} MB"]
    if readable.format != "xlsx" or readable.file.path == readable.path:
        return []
    others = sheets_of(readable.path)[1:]
    return [f"only the first sheet is read; others: {', '.join(others)} (read.sheet)"] if others else []


def _head(readable: Readable) -> Readable:
    """A large text file is judged by its first part."""
    if readable.format not in {"csv", "tsv", "jsonl"} or readable.path.stat().st_size <= MOST_BYTES:
        return readable
    target = readable.scratch / f"{HEAD_PREFIX}{readable.path.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with readable.path.open("rb") as whole:
        head = whole.read(MOST_BYTES)
    target.write_bytes(head[: head.rfind(b"\n") + 1])
    return replace(readable, path=target)


def profile_table(con: duckdb.DuckDBPyConnection, given: GivenTable, name: str) -> TableProfile:
    """Read all files of a table and describe its columns. Raises SourceError."""
    with opened(con, list(given.files), given.sheet) as (prepared, read):
        relation = _load(con, prepared, read, name)
        notes = [note for file in prepared for note in _not_seen(file.readable)]
    columns = prepared[0].columns
    rows = _one(con, f"select count(*) from {relation}")[0]
    if rows >= MOST_ROWS:
        notes.append(f"judged by the first {MOST_ROWS:,} rows of each file")
    if not rows:
        raise SourceError(f"{given.label}: holds a header and no rows, so nothing can be said about its columns.")
    nulls = _null_texts(con, relation, list(columns))
    read = read.model_copy(update={"null_values": tuple(nulls)})
    table = TableProfile(given, name, read, relation, rows, delimiter=prepared[0].delimiter, notes=notes)
    samples = _samples(con, table, list(columns))
    kinds = {column: _kind(samples[column], native) for column, native in columns.items()}
    counts = _counts(con, table, list(columns))
    for column, native in columns.items():
        filled, distinct = counts[column]
        kind = kinds[column] if filled else SampleKind("empty")
        table.columns[column] = ColumnProfile(column, kind, rows, filled, distinct, native)
    for column, profile in list(table.columns.items()):
        if profile.is_temporal:
            style = date_style(con, relation, text_of(table, column), profile.kind)
            table.columns[column] = replace(profile, dates=style)
        elif profile.form == "integer":
            number = f"try_cast({text_of(table, column)} as double)"
            low, high = _one(con, f"select min({number}), max({number}) from {relation}")
            table.columns[column] = replace(profile, span=None if low is None else (low, high))
    return table


def text_of(table: TableProfile, column: str) -> str:
    """SQL for the trimmed text of a column, NULL where nothing is meant."""
    text = f"nullif(trim(cast({quoted(column)} as varchar)), '')"
    if not table.read.null_values:
        return text
    return f"(case when {text} in ({', '.join(map(literal, table.read.null_values))}) then null else {text} end)"


def _load(con: duckdb.DuckDBPyConnection, prepared: list[Prepared], read: ReadOptions, name: str) -> str:
    """Copy the rows into a table of the connection; the unpacked files are gone afterwards."""
    parts = []
    for number, file in enumerate(prepared):
        batch = read_batch(con, [file], read, f"part_{name}_{number}")
        names = ", ".join(quoted(column) for column in batch.columns)
        rows = quoted(f"rows_{name}_{number}")
        part = f"temp.{rows}"
        # A sheet goes on below its last row, where the connector drops what is blank.
        filled = f"where coalesce({', '.join(map(_as_text, batch.columns))}) is not null" if batch.format == "xlsx" else ""
        con.execute(
            f"create or replace temp table {rows} as select {names} from {batch.relation} {filled} limit {MOST_ROWS}"
        )
        parts.append(part)
    if len(parts) == 1:
        return parts[0]
    union = " union all by name ".join(f"select * from {part}" for part in parts)
    con.execute(f"create or replace temp table {quoted(f'rows_{name}')} as {union}")
    return f"temp.{quoted(f'rows_{name}')}"


def _as_text(column: str) -> str:
    return f"cast({quoted(column)} as varchar)"


def _null_texts(con: duckdb.DuckDBPyConnection, relation: str, columns: list[str]) -> list[str]:
    """Return the texts of NULL_TEXTS that occur. NA in a column of two-letter codes is Namibia."""
    listed = ", ".join(map(literal, NULL_TEXTS))
    found: set[str] = set()
    for column in columns:
        text = f"trim(cast({quoted(column)} as varchar))"
        row = _one(
            con,
            f"""select list(distinct {text}) filter (where {text} in ({listed})),
            count(*) filter (where regexp_full_match({text}, '[A-Z]{{2}}')), count({text}) from {relation}""",
        )
        codes = row[1] > 0.5 * max(row[2], 1)
        found |= {value for value in row[0] or [] if not (codes and value == "NA")}
    return sorted(found)


def _samples(con: duckdb.DuckDBPyConnection, table: TableProfile, columns: list[str]) -> dict[str, list[str]]:
    texts = ", ".join(text_of(table, column) for column in columns)
    sampled = f"(select * from {table.relation} using sample reservoir({SAMPLE_ROWS} rows) repeatable (7))"
    rows = con.execute(f"select {texts} from {sampled}").fetchall()
    samples = {column: [row[place] for row in rows if row[place] is not None] for place, column in enumerate(columns)}
    for place, column in enumerate(columns):
        if not samples[column]:
            text = text_of(table, columns[place])
            few = con.execute(f"select {text} as v from {table.relation} where {text} is not null limit 200").fetchall()
            samples[column] = [value for (value,) in few]
    return samples


def _kind(sample: list[str], native: str | None) -> SampleKind:
    """Parquet says itself what its columns are; a text column there may still hold anything."""
    if native in {None, "VARCHAR"}:
        return sample_kind(sample)
    forms: dict[str, Form] = {"BOOLEAN": "boolean", "DATE": "date"}
    if native is not None and native.startswith("TIMESTAMP"):
        return SampleKind("timestamp")
    if native in forms:
        return SampleKind(forms[native])
    found = sample_kind(sample)
    return found if found.form in {"integer", "decimal"} else SampleKind("text")


def _counts(con: duckdb.DuckDBPyConnection, table: TableProfile, columns: list[str]) -> dict[str, tuple[int, int]]:
    """Return (filled, distinct) by column."""
    texts = [text_of(table, column) for column in columns]
    row = _one(con, f"select {', '.join(f'count({t}), count(distinct {t})' for t in texts)} from {table.relation}")
    return {column: (row[2 * place], row[2 * place + 1]) for place, column in enumerate(columns)}


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = con.execute(sql).fetchone()
    if row is None:
        raise AssertionError("an aggregate always returns a row")
    return row


def day_range(con: duckdb.DuckDBPyConnection, table: TableProfile, column: str) -> tuple[dt.date, dt.date] | None:
    """Return the first and last day of a temporal column, None where it cannot be parsed."""
    style = table.columns[column].dates
    if style is None:
        return None
    value = style.parsed(text_of(table, column))
    row = con.execute(f"select min({value})::date, max({value})::date from {table.relation}").fetchone()
    return (row[0], row[1]) if row and row[0] else None
