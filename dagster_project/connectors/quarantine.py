"""Rows that could not be loaded: where they stand in their file, and raw.ops.quarantine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.connectors.canonical_types import WORDS, canonical_type, out_of_range
from dagster_project.connectors.readers import Batch, Prepared, Reject, csv_files, json_files
from metrics.warehouse import append_rows, literal, quoted
from metrics.withheld import cut_short
from metrics.workspace import ReadOptions, Source
from metrics.workspace.entities import ColumnType


@dataclass(frozen=True)
class Conversion:
    """A column whose values are converted: SQL for the value as it is, and SQL that is NULL where it does not fit."""

    column: str
    type_name: str
    value: str
    converted: str
    can_fail: bool = True
    mapped: tuple[ColumnType, ...] = ()
    """Canonical types that the value has to fit, besides its own."""
    is_typed: bool = False
    """Every value is of the type already; it may still lie outside of a canonical type's range."""

    @property
    def is_bad(self) -> str:
        return f"({self.value} is not null and {self.converted} is null)"

    def reason(self, value: str, read: ReadOptions) -> str:
        shown = cut_short(value)
        own = [kind for kind in (canonical_type(self.type_name),) if kind]
        kinds = [*self.mapped, *(kind for kind in own if kind not in self.mapped)]
        beyond = [words for kind in kinds if (words := out_of_range(value, kind, read))]
        return f"'{shown}' {beyond[0]}" if beyond else f"'{shown}' is no {self._expected(read)}"

    def _expected(self, read: ReadOptions) -> str:
        if self.type_name.startswith("TIMESTAMP"):
            return f"time in the form {read.timestamp_format or 'YYYY-MM-DD HH:MM:SS'}"
        if self.type_name == "DATE":
            return f"date in the form {read.date_format or 'YYYY-MM-DD'}"
        kind = canonical_type(self.type_name)
        # Loaded as text because it fills columns of several types: one of the others did not fit.
        others = [WORDS[wanted] for wanted in self.mapped if wanted != "text"] if kind == "text" else []
        return " or ".join(others) or (WORDS[kind] if kind else self.type_name)

    @property
    def option(self) -> str:
        """The option of ``read:`` that most likely mends it."""
        if self.type_name.startswith("TIMESTAMP"):
            return "timestamp_format"
        return {"DATE": "date_format", "BOOLEAN": "types"}.get(self.type_name, "decimal_separator")


def bad_values(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: list[str],
    conversions: list[Conversion],
    place: str = "",
) -> list[tuple[Any, ...]]:
    """Return (column, value, JSON of the row) of every row with a value that does not fit, after the columns ``place``.

    Of several such values in a row the first counts.
    """
    checked = [item for item in conversions if item.can_fail]
    column = "case " + " ".join(f"when {item.is_bad} then {literal(item.column)}" for item in checked) + " end"
    value = "case " + " ".join(f"when {item.is_bad} then cast({item.value} as varchar)" for item in checked) + " end"
    fields = ", ".join(quoted(name) for name in columns)
    return con.execute(
        f"""select * from (
            select {place} {column} as bad_column, {value} as bad_value,
              cast(to_json(struct_pack({fields})) as varchar) as row_text
            from {relation})
        where bad_column is not null{" order by 1, 2" if place else ""}"""
    ).fetchall()


def bad_rows(con: duckdb.DuckDBPyConnection, batch: Batch, conversions: list[Conversion], read: ReadOptions) -> list[Reject]:
    """Return a reject for every row of files with a value that does not fit, in the order of the file."""
    record = "_record"
    if batch.format not in {"parquet", "xlsx"}:
        record = "_record - min(_record) over (partition by _path) + 1"
    rows = bad_values(con, batch.relation, list(batch.columns), conversions, f"_path, {record} as record,")
    by_path: dict[str, list[tuple[int, str, str, str]]] = {}
    for path, *rest in rows:
        by_path.setdefault(path, []).append((rest[0], rest[1], rest[2], rest[3]))
    named = {item.column: item for item in conversions}
    rejects = []
    for prepared in batch.files:
        found = by_path.get(str(prepared.readable.path), [])
        for line, column_name, text, row_text in _with_lines(prepared, found, read) if found else ():
            reason = named[column_name].reason(text, read)
            rejects.append(Reject(prepared.readable.name, line, column_name, text, reason, row_text))
    return rejects


def _with_lines(
    prepared: Prepared, found: list[tuple[int, str, str, str]], read: ReadOptions
) -> Iterator[tuple[int | None, str, str, str]]:
    """Yield (line, column, value, text of the row) for rows given as (record, column, value, JSON of the row)."""
    form = prepared.readable.format
    if form in {"csv", "tsv"}:
        places: dict[tuple[str, str], list[tuple[int, str]]] = {}
        wanted = {(column, value) for _, column, value, _ in found}
        for column, value, line, text in csv_files.locate(prepared, read, wanted):
            places.setdefault((column, value), []).append((line, text))
        for _, column, value, row_text in found:
            # Both lists are in the order of the file.
            here = places.get((column, value))
            yield (here[0][0], column, value, here.pop(0)[1]) if here else (None, column, value, row_text)
    elif form == "jsonl":
        lines = json_files.lines_of(prepared)
        for record, column, value, _ in found:
            line, text = lines[record - 1]
            yield line, column, value, text
    else:
        # Excel counts its header as row 1; Parquet and .json have records.
        offset = 1 + read.skip if form == "xlsx" else 0
        for record, column, value, row_text in found:
            yield record + offset, column, value, row_text


def write_quarantine(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    table: str,
    gone: list[str] | None,
    rejects: list[Reject],
    run_id: str,
    quarantined_at: dt.datetime,
) -> None:
    """Replace the quarantined rows of the files ``gone`` (None: of a table without files, as a whole) by ``rejects``."""
    condition = "file is null" if gone is None else "list_contains($gone, file)"
    con.execute(
        f"delete from raw.ops.quarantine where source = $source and table_name = $table and {condition}",
        {"source": source.name, "table": table} | ({} if gone is None else {"gone": gone}),
    )
    rows = [
        [source.name, table, item.file or None, item.line, item.column, item.value, item.reason, item.row_text, run_id,
         quarantined_at]
        for item in rejects
    ]  # fmt: skip
    append_rows(con, "raw.ops.quarantine", rows)
