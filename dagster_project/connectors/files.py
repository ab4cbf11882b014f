"""The connector for files: local CSV, TSV, Parquet, JSON, JSON lines and Excel, each also as .gz or in a .zip.

A ledger of files makes loads incremental: only new and changed files are read, rows of removed files go away, and any
sequence of such loads leaves the table that a fresh load would give. A table is switched in one transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

import duckdb

from dagster_project.connectors.base import Say, TableLoad
from dagster_project.connectors.column_types import ColumnFacts, Kind
from dagster_project.connectors.file_ledger import (
    FilePlan,
    found_files,
    matching_files,
    note_times,
    plan_files,
    read_ledger,
    write_ledger,
)
from dagster_project.connectors.quarantine import write_quarantine
from dagster_project.connectors.raw_tables import RawTable
from dagster_project.connectors.readers import readable_files
from dagster_project.connectors.staging import FileFacts, Staged, stage_files, table_types, type_rows
from metrics.warehouse import append_rows
from metrics.workspace import Source, Workspace

# Raise it when files have to be read again because this connector reads them in another way.
READER_VERSION = 1


def fingerprint(ws: Workspace, source: Source) -> str | None:
    """Return a hash over path, size and time of all files; it opens none of them."""
    found = [
        (table, file.name, file.size, file.path.stat().st_mtime_ns)
        for table in source.tables
        for file in matching_files(ws, source, table)
    ]
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def load_tables(
    con: duckdb.DuckDBPyConnection, ws: Workspace, source: Source, tables: Sequence[str], run_id: str, say: Say
) -> Iterator[TableLoad]:
    """Bring raw tables up to date with their files, each all or nothing. Raises SourceError."""
    for table in tables:
        yield _load_table(RawTable(con, ws, source, table, run_id), say)


def _load_table(raw: RawTable, say: Say) -> TableLoad:
    read_hash = _read_hash(raw)
    ledger = read_ledger(raw.con, raw.source, raw.name) if raw.exists else {}
    files = plan_files(found_files(raw.ws, raw.source, raw.name), ledger, read_hash)
    if raw.exists and not files.to_read and not files.removed:
        note_times(raw.con, raw.source, raw.name, files, raw.at)
        return raw.result(0)
    staged, types = _stage(raw, files, say)
    raw.con.execute("create or replace temp table replaced_files as select unnest($1::varchar[]) as name", [files.replaced])

    def note() -> None:
        args = (raw.con, raw.source, raw.name)
        write_ledger(*args, files, staged.counts, read_hash, raw.run_id, raw.at)
        _write_facts(raw, files, staged.facts)
        write_quarantine(*args, files.touched, staged.rejects, raw.run_id, raw.at)

    return raw.result(raw.switch(types, "_file not in (select name from temp.replaced_files)", note))


def _stage(raw: RawTable, files: FilePlan, say: Say) -> tuple[Staged, dict[str, str]]:
    """Read what has to be read: everything, when the types of kept rows would change."""
    files.hash_files()
    kept = _kept_facts(raw, files)
    with readable_files(files.to_read, raw.plan.read) as readables:
        kept_columns = {file: list(columns) for file, columns in kept.items()}
        staged = stage_files(raw.con, readables, raw.plan, kept_columns)
        # In the order of the files, so that the spelling of columns does not depend on the order of loads.
        facts = kept | staged.facts
        types = table_types((facts[name] for name in sorted(facts)), raw.plan)
        if files.kept and raw.is_retyped(types):
            files.read_everything()
            return _stage(raw, files, say)
        if readables:
            say(f"{raw.source.name}.{raw.name}: reading {len(readables)} file(s)")
        type_rows(raw.con, staged, types, raw.plan, raw.run_id, raw.at)
    return staged, types


def _kept_facts(raw: RawTable, files: FilePlan) -> FileFacts:
    rows = raw.con.execute(
        """select path, column_name, value_kinds, native_type from raw.ops.file_columns
        where source = ? and table_name = ? and list_contains(?, path) order by path, position""",
        [raw.source.name, raw.name, [file.name for file in files.kept]],
    ).fetchall()
    facts: FileFacts = {}
    for path, column, kinds, native in rows:
        facts.setdefault(path, {})[column] = ColumnFacts(Kind(kinds), native)
    return facts


def _write_facts(raw: RawTable, files: FilePlan, facts: FileFacts) -> None:
    raw.con.execute(
        "delete from raw.ops.file_columns where source = ? and table_name = ? and list_contains(?, path)",
        [raw.source.name, raw.name, files.touched],
    )
    rows = [
        [raw.source.name, raw.name, file, name, position, int(fact.kinds), fact.native_type]
        for file, columns in facts.items()
        for position, (name, fact) in enumerate(columns.items())
    ]
    append_rows(raw.con, "raw.ops.file_columns", rows)


def _read_hash(raw: RawTable) -> str:
    """Return a hash of everything but the files that decides what the rows are."""
    decisive = [READER_VERSION, raw.plan.read.model_dump(mode="json"), raw.plan.wanted, raw.plan.mapped, raw.plan.zone]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
