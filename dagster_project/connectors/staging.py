"""Turns the files of one table into typed rows in temporary tables. Changes nothing outside the temporary catalog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import duckdb

from dagster_project.connectors.canonical_types import fits
from dagster_project.connectors.column_types import (
    ColumnFacts,
    Kind,
    TextFormat,
    converted_native,
    fitting_type,
    native_decimal_kind,
    native_kind,
)
from dagster_project.connectors.mapped_columns import (
    AskedColumn,
    asked_columns,
    check_columns,
    mapped_types,
    wanted_types,
)
from dagster_project.connectors.quarantine import Conversion, bad_rows
from dagster_project.connectors.readers import (
    Batch,
    Prepared,
    Readable,
    Reject,
    header_lines,
    prepare_file,
    read_batch,
    same_columns,
)
from dagster_project.connectors.readers.excel_files import serial_as_text
from metrics.errors import ReadOptionError, SourceError
from metrics.warehouse import literal, quoted
from metrics.withheld import without_value
from metrics.workspace import ReadOptions, Source, Workspace
from metrics.workspace.entities import ColumnType

NEW_ROWS = "temp.new_rows"
# Beyond this share of bad rows the file is read in a wrong way, rather than a few of its rows being wrong.
MOST_REJECTED_SHARE = 0.5

FileFacts = dict[str, dict[str, ColumnFacts]]
"""What every file holds: file -> column -> facts."""


@dataclass(frozen=True)
class ReadPlan:
    """How the files of a table are to be read."""

    read: ReadOptions
    wanted: dict[str, ColumnType]
    """The type of a raw column, in lower case, where it is not inferred."""
    mapped: dict[str, list[ColumnType]]
    """The canonical types that its values have to fit, because mappings take it as it is."""
    zone: str
    asked: list[AskedColumn]
    where: str

    @property
    def text_format(self) -> TextFormat:
        return TextFormat(self.read)

    def wanted_type(self, column: str) -> ColumnType | None:
        return self.wanted.get(column.lower())


def read_plan(ws: Workspace, source: Source, table: str) -> ReadPlan:
    """How the workspace says that the rows of a table are to be read."""
    return ReadPlan(
        read=source.tables[table].read,
        wanted=wanted_types(source, table),
        mapped=mapped_types(source, table),
        zone=source.timezone,
        asked=asked_columns(ws, source, table),
        where=ws.where("sources", source.name, "tables", table),
    )


@dataclass
class Staged:
    """Files that are read, with what they hold; ``type_rows`` makes typed rows of them."""

    batches: list[Batch]
    facts: FileFacts
    rejects: list[Reject] = field(default_factory=list)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """(rows, rejected) by file."""


def stage_files(
    con: duckdb.DuckDBPyConnection, readables: list[Readable], plan: ReadPlan, kept_columns: dict[str, list[str]]
) -> Staged:
    """Check the columns of all files, then read them. Raises SourceError; ``kept_columns`` are those of other files."""
    prepared = [prepare_file(con, readable, plan.read) for readable in readables]
    found = {str(file.readable.file.path): list(file.columns) for file in prepared if file.columns}
    if found:
        check_columns(plan.asked, found, kept_columns, header_lines(prepared, plan.read))
    batches = []
    for number, files in enumerate(same_columns(prepared)):
        batches.append(_without_blank_rows(read_batch(con, files, plan.read, f"read_{number}"), plan))
    facts: FileFacts = {}
    for batch in batches:
        facts |= _facts(con, batch, plan)
    return Staged(batches, facts)


def _without_blank_rows(batch: Batch, plan: ReadPlan) -> Batch:
    """Excel sheets often end in formatted but empty rows, and hold dates as numbers."""
    if batch.format != "xlsx":
        return batch
    replaced = []
    for name in batch.columns:
        if plan.wanted_type(name) in {"date", "timestamp"}:
            iso = plan.read.date_format or "%Y-%m-%d"
            if plan.wanted_type(name) == "timestamp":
                iso = plan.read.timestamp_format or "%Y-%m-%d %H:%M:%S"
            replaced.append(f"{serial_as_text(quoted(name), iso)} as {quoted(name)}")
    changes = f" replace ({', '.join(replaced)})" if replaced else ""
    filled = f"coalesce({', '.join(quoted(name) for name in batch.columns)}) is not null"
    relation = f"(select *{changes} from {batch.relation} where {filled})"
    return replace(batch, relation=relation)


def _facts(con: duckdb.DuckDBPyConnection, batch: Batch, plan: ReadPlan) -> FileFacts:
    """Look at the values of every column whose type depends on them."""
    looks = _looks(batch.columns, plan)
    kinds = ["_path", *(f"bit_or({sql})" for sql in looks.values())]
    rows = con.execute(f"select {', '.join(kinds)} from {batch.relation} group by _path").fetchall() if looks else []
    by_path = {row[0]: row[1:] for row in rows}
    seen = {file.readable.name: by_path.get(str(file.readable.path), ()) for file in batch.files}
    return {name: _column_facts(batch.columns, dict(zip(looks, found, strict=False))) for name, found in seen.items()}


def kinds_of(
    con: duckdb.DuckDBPyConnection, relation: str, columns: dict[str, str | None], plan: ReadPlan
) -> dict[str, ColumnFacts]:
    """Look at the values of a relation that is no file."""
    looks = _looks(columns, plan)
    kinds = ", ".join(f"bit_or({sql})" for sql in looks.values())
    row = con.execute(f"select {kinds} from {relation}").fetchone() if looks else None
    return _column_facts(columns, dict(zip(looks, row or (), strict=False)))


def _looks(columns: dict[str, str | None], plan: ReadPlan) -> dict[str, str]:
    """SQL for the kind of a value, for the columns whose types are not known already."""
    looks = {}
    for name, native in columns.items():
        wanted = plan.wanted_type(name)
        if native is None or (native == "VARCHAR" and wanted in {"timestamp", "decimal"}):
            looks[name] = plan.text_format.kind(name, wanted)
        elif native in {"FLOAT", "DOUBLE"} and wanted == "decimal":
            looks[name] = native_decimal_kind(name)
    return looks


def _column_facts(columns: dict[str, str | None], seen: dict[str, int | None]) -> dict[str, ColumnFacts]:
    return {
        name: ColumnFacts(Kind(seen[name] or 0) if name in seen else native_kind(native or ""), native)
        for name, native in columns.items()
    }


def table_types(facts: Iterable[dict[str, ColumnFacts]], plan: ReadPlan) -> dict[str, str]:
    """Return the columns of a table and their DuckDB types, from the facts of all of its files."""
    found: dict[str, list[ColumnFacts]] = {}
    spelled: dict[str, str] = {}
    for columns in facts:
        for name, fact in columns.items():
            found.setdefault(name.lower(), []).append(fact)
            spelled.setdefault(name.lower(), name)
    return {spelled[key]: fitting_type(items, plan.wanted.get(key)) for key, items in found.items()}


def type_rows(
    con: duckdb.DuckDBPyConnection, staged: Staged, types: dict[str, str], plan: ReadPlan, run_id: str, at: dt.datetime
) -> None:
    """Fill temp.new_rows with the typed rows of all files, and ``staged`` with what is rejected. Raises SourceError."""
    create_new_rows(con, types)
    for batch in staged.batches:
        conversions = conversions_of(batch.columns, types, plan)
        listed = ", ".join(f"({literal(str(file.readable.path))}, {literal(file.readable.name)})" for file in batch.files)
        relation = f"{batch.relation} join (values {listed}) as file_names (_of_path, _file) on _of_path = _path"
        good, bad = insert_rows(con, relation, list(conversions.values()), run_id, at)
        rejects = list(batch.rejects)
        if bad:
            rejects += bad_rows(con, batch, list(conversions.values()), plan.read)
        for file in batch.files:
            _count_file(staged, file, good.get(file.readable.name, 0), rejects, conversions, plan)
        staged.rejects += rejects
        if batch.table:
            con.execute(f"drop table temp.{quoted(batch.table)}")


def create_new_rows(con: duckdb.DuckDBPyConnection, types: dict[str, str]) -> None:
    """Make an empty temp.new_rows."""
    columns = "".join(f"{quoted(name)} {kind}, " for name, kind in types.items())
    con.execute(f"create or replace temp table new_rows ({columns} _file varchar, _loaded_at timestamp, _run_id varchar)")


def conversions_of(columns: dict[str, str | None], types: dict[str, str], plan: ReadPlan) -> dict[str, Conversion]:
    """Return the conversion of every column by its lower-case name; text columns have no type of their own."""
    by_key = {name.lower(): name for name in types}
    found = {}
    for name, native in columns.items():
        type_name = types[by_key[name.lower()]]
        if native is None or native == "VARCHAR":
            converted = plan.text_format.converted(name, type_name, plan.zone)
            value = converted if type_name == "VARCHAR" else f"nullif(trim({plan.text_format.value(name)}), '')"
        else:
            value = quoted(name)
            if native in {"FLOAT", "DOUBLE"} and type_name != native:
                value = f"(case when isnan({value}) then null else {value} end)"
            converted = converted_native(name, native, type_name, plan.zone)
        # Everything can become text, and a number fits into a wider one.
        safe = type_name in {"VARCHAR", native}
        if native is not None and native != "VARCHAR":
            safe = safe or fitting_type([ColumnFacts(native_kind(native))], None) == type_name
        mapped = tuple(plan.mapped.get(name.lower(), ()))
        if type_name == "VARCHAR" and any(wanted != "text" for wanted in mapped):
            value = converted = f"nullif(trim({converted}), '')"
        limits = [limit for wanted in mapped if (limit := fits(converted, type_name, wanted))]
        if limits:
            converted = f"(case when {' and '.join(limits)} then {converted} end)"
        can_fail = bool(limits) or not safe
        found[name.lower()] = Conversion(name, type_name, value, converted, can_fail, mapped, is_typed=safe)
    return found


def insert_rows(
    con: duckdb.DuckDBPyConnection, relation: str, conversions: list[Conversion], run_id: str, at: dt.datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """Insert the rows of a relation that fit into temp.new_rows; return good and bad rows by ``_file``."""
    checks = [item.is_bad for item in conversions if item.can_fail]
    if checks and all(item.is_typed for item in conversions if item.can_fail):
        # Files with types seldom hold such values: looking costs a scan of few columns, keeping a second copy of all rows.
        found = con.execute(f"select 1 from {relation} where {' or '.join(checks)} limit 1").fetchone()
        checks = checks if found else []
    columns = [quoted(item.column) for item in conversions]
    typed = [f"{item.converted} as {quoted(item.column)}" for item in conversions]
    if checks:
        selected = ", ".join([*typed, f"{' or '.join(checks)} as _bad", "_file"])
        con.execute(f"create or replace temp table typed_rows as select {selected} from {relation}")
        typed, relation = columns, "temp.typed_rows where not _bad"
    con.execute(
        f"""insert into {NEW_ROWS} ({", ".join([*columns, "_file", "_loaded_at", "_run_id"])})
        select {", ".join([*typed, "_file"])}, $at, $run_id from {relation}""",
        {"at": at, "run_id": run_id},
    )
    good = con.execute(f"select _file, count(*) from {NEW_ROWS} group by _file").fetchall()
    bad: list[tuple[str, int]] = []
    if checks:
        bad = con.execute("select _file, count(*) from temp.typed_rows where _bad group by _file").fetchall()
        con.execute("drop table temp.typed_rows")
    return dict(good), dict(bad)


def _count_file(
    staged: Staged, file: Prepared, good: int, rejects: list[Reject], conversions: dict[str, Conversion], plan: ReadPlan
) -> None:
    path, here = file.readable.file.path, [item for item in rejects if item.file == file.readable.name]
    rejected = sum(item.lines for item in here)
    if good + rejected == 0 and not plan.read.allow_empty:
        raise SourceError(
            f"{path}: holds a header and no rows. Put the complete file there; if it is right, set "
            f"`read.allow_empty: true` at {plan.where}."
        )
    if rejected > MOST_REJECTED_SHARE * (good + rejected):
        first = min(here, key=lambda item: item.line or 0)
        place = f"{path}:{first.line}" if first.line else str(path)
        column = f"column '{first.column}': " if first.column and first.value is not None else ""
        option = conversions[first.column.lower()].option if first.column and first.value is not None else "delimiter"
        reason = without_value(first.reason, first.value)
        raise ReadOptionError(
            f"{place}: {column}{reason}; {rejected} of {good + rejected} rows cannot be read. "
            f"Mend the file, or set `read.{option}` at {plan.where}.",
            option,
        )
    staged.counts[file.readable.name] = (good, rejected)
