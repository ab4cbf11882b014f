"""Which files a table has, and which of them are new, changed or gone since they were loaded (raw.ops.file_ledger)."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from metrics.errors import SourceError, did_you_mean
from metrics.warehouse import append_rows
from metrics.workspace import Source, Workspace

FORMATS = ("csv", "tsv", "parquet", "jsonl", "json", "xlsx")
# A file written this shortly before it was looked at may have been written again with the same size and time.
RACY = dt.timedelta(seconds=2)


@dataclass(frozen=True)
class FoundFile:
    """A file of a table; ``name`` is its path below the source's folder."""

    path: Path
    name: str
    size: int
    modified_at: dt.datetime

    @property
    def format(self) -> str:
        """One of FORMATS; "zip" where only a look inside can tell, "" when it is none of them."""
        suffixes = [suffix.lower().lstrip(".") for suffix in self.path.suffixes]
        if suffixes and suffixes[-1] == "gz":
            suffixes.pop()
        last = suffixes[-1] if suffixes else ""
        return last if last in {*FORMATS, "zip"} else ""


@dataclass(frozen=True)
class LedgerEntry:
    name: str
    size: int
    modified_at: dt.datetime
    sha256: str
    rows: int
    rejected: int
    read_hash: str
    checked_at: dt.datetime


@dataclass
class FilePlan:
    """What to do with the files of a table; ``same`` are kept files with a new time, but the content that is loaded."""

    new: list[FoundFile] = field(default_factory=list)
    changed: list[FoundFile] = field(default_factory=list)
    kept: list[FoundFile] = field(default_factory=list)
    same: list[FoundFile] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    @property
    def to_read(self) -> list[FoundFile]:
        return sorted(self.new + self.changed, key=lambda file: file.name)

    @property
    def replaced(self) -> list[str]:
        """Names of the loaded files whose rows go away."""
        return [file.name for file in self.changed] + self.removed

    @property
    def touched(self) -> list[str]:
        """Names of all files whose rows come or go."""
        return self.replaced + [file.name for file in self.new]

    def read_everything(self) -> None:
        """Load the kept files again too."""
        self.changed += self.kept
        self.kept = []

    def hash_files(self) -> None:
        """Hash what will be read, before it is read: a file written meanwhile then counts as changed the next time."""
        for file in self.to_read:
            _hash(self, file)


def source_folder(ws: Workspace, source: Source) -> Path:
    return (ws.root / source.path).resolve()


def matching_files(ws: Workspace, source: Source, table: str) -> list[FoundFile]:
    """Return the files of a table by name; empty when there is none."""
    folder = source_folder(ws, source)
    found = []
    for path in sorted(folder.glob(source.tables[table].files or "")):
        # Hidden files, and those that Excel keeps beside a workbook while it is open.
        if path.is_file() and not path.name.startswith((".", "~$")):
            stat = path.stat()
            modified_at = dt.datetime.fromtimestamp(stat.st_mtime_ns // 1000 / 1e6, dt.UTC).replace(tzinfo=None)
            found.append(FoundFile(path, path.relative_to(folder).as_posix(), stat.st_size, modified_at))
    return found


def found_files(ws: Workspace, source: Source, table: str) -> list[FoundFile]:
    """Return the files of a table. Raises SourceError when there is none, or one of an unknown format."""
    pattern = source.tables[table].files or ""
    where = ws.where("sources", source.name, "tables", table, "files")
    files = matching_files(ws, source, table)
    if not files:
        folder = source_folder(ws, source)
        if not folder.is_dir():
            raise SourceError(f"{where}: {source.name}.{table}: the folder {folder} does not exist.")
        beside = [path.name for path in sorted((folder / pattern).parent.glob("*")) if path.is_file()]
        hint = did_you_mean(Path(pattern).name, beside) or (f" It holds: {', '.join(beside[:5])}" if beside else "")
        raise SourceError(f"{where}: {source.name}.{table}: no file '{pattern}' in {folder}.{hint}")
    for file in files:
        if not file.format:
            known = ", ".join(f".{name}" for name in FORMATS)
            raise SourceError(f"{where}: {file.name}: is of no known format. Known are {known}, each also as .gz or .zip.")
    return files


def read_ledger(con: duckdb.DuckDBPyConnection, source: Source, table: str) -> dict[str, LedgerEntry]:
    rows = con.execute(
        "select path, size, modified_at, sha256, rows, rejected, read_hash, checked_at "
        "from raw.ops.file_ledger where source = ? and table_name = ?",
        [source.name, table],
    ).fetchall()
    return {row[0]: LedgerEntry(*row) for row in rows}


def distrust_times(con: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Have the next load of a source compare the contents of its files: size and time may be those of before."""
    con.execute("update raw.ops.file_ledger set checked_at = modified_at where source = ?", [source.name])


def plan_files(files: list[FoundFile], ledger: dict[str, LedgerEntry], read_hash: str) -> FilePlan:
    """Compare files with the ledger; only a file whose size or time differs (or is too fresh to tell) is hashed."""
    plan = FilePlan(removed=sorted(set(ledger) - {file.name for file in files}))
    for file in files:
        entry = ledger.get(file.name)
        if entry is None:
            plan.new.append(file)
        elif entry.read_hash != read_hash:
            plan.changed.append(file)
        elif (entry.size, entry.modified_at) == (file.size, file.modified_at) and (
            entry.checked_at - entry.modified_at > RACY
        ):
            plan.kept.append(file)
        elif _hash(plan, file) == entry.sha256:
            plan.kept.append(file)
            plan.same.append(file)
        else:
            plan.changed.append(file)
    return plan


def _hash(plan: FilePlan, file: FoundFile) -> str:
    if file.name not in plan.hashes:
        try:
            with file.path.open("rb") as stream:
                plan.hashes[file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"{file.path}: cannot be read: {(error.strerror or str(error)).lower()}.") from error
    return plan.hashes[file.name]


def write_ledger(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    table: str,
    plan: FilePlan,
    counts: dict[str, tuple[int, int]],
    read_hash: str,
    run_id: str,
    loaded_at: dt.datetime,
) -> None:
    """Note the files as they are now; ``counts`` gives (rows, rejected) of every file that was read."""
    con.execute(
        "delete from raw.ops.file_ledger where source = ? and table_name = ? and list_contains(?, path)",
        [source.name, table, plan.touched],
    )
    rows = []
    for file in plan.to_read:
        row_count, rejected = counts.get(file.name, (0, 0))
        rows.append(
            [source.name, table, file.name, file.size, file.modified_at, _hash(plan, file), row_count, rejected,
             read_hash, run_id, loaded_at, loaded_at]
        )  # fmt: skip
    append_rows(con, "raw.ops.file_ledger", rows)
    note_times(con, source, table, plan, loaded_at)


def note_times(con: duckdb.DuckDBPyConnection, source: Source, table: str, plan: FilePlan, checked_at: dt.datetime) -> None:
    """Note time and size of files that were written again with the same content, so that they are not hashed again."""
    for file in plan.same:
        con.execute(
            "update raw.ops.file_ledger set size = ?, modified_at = ?, checked_at = ? "
            "where source = ? and table_name = ? and path = ?",
            [file.size, file.modified_at, checked_at, source.name, table, file.name],
        )
