"""Publish a finished run: a copy of the warehouse and Parquet files under names of their own, then one atomic switch.

Readers open `published/current.duckdb`, a symbolic link. A published file is never changed or replaced: DuckDB caches
files by path, and a leftover .wal beside a replaced file makes it unreadable. Whoever has the old file open keeps it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from metrics.catalogue.model_files import sql_checksums
from metrics.errors import RunError
from metrics.workspace.clock import machine_now
from metrics.workspace.storage import storage_problem

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace
    from metrics.workspace.small_cells import SmallCells

SEMANTIC_MANIFEST = "semantic_manifest.json"
MANIFEST = "manifest.json"
SQL_FILES = "sql_files.json"
# published as Parquet beside the tables: what most readers want; the other views follow from kpi_values
_VIEWS = ("kpi_current", "kpi_targets_current", "kpi_status_periods", "kpi_milestones_current")


@dataclass(frozen=True)
class PublishedFile:
    """Where a run was published. ``rows``: rows of kpi_values in it."""

    path: Path
    parquet_dir: Path
    rows: int


def log_publish(con: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Note the publication in the working file, so that the copy holds its own row. Call it just before closing."""
    con.execute(
        """insert into mart.publish_log
        select $run_id, $published_at::timestamp, count(*), (select max(today) from mart.clock)
        from mart.kpi_values""",
        {"run_id": run_id, "published_at": machine_now()},
    )


def publish(ws: Workspace, run_id: str, problems: Sequence[str] = (), catalogue: Catalogue | None = None) -> PublishedFile:
    """Copy the closed warehouse to `published/`, write Parquet, switch the links, keep the last `keep_published`.

    ``problems``: failed blocking checks; with any of them nothing is published. ``catalogue``: needed where the workspace
    has small_cells. Raises RunError.
    """
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RunError(f"not published: {problems[0]}{more}. Readers keep the previous version.")
    source = ws.warehouse_path
    if not source.exists():
        raise RunError("not published: there is no warehouse yet. Run `kpi run`.")
    wal = source.with_name(source.name + ".wal")
    if wal.exists():
        raise RunError(
            f"not published: {wal.name} shows that the warehouse is still open or was not closed well. Run again."
        )
    folder = ws.published_dir
    try:
        published = _write_and_switch(ws, folder, run_id, catalogue)
    except (OSError, duckdb.IOException) as error:
        _remove_leftovers(folder)
        _remove_leftovers(ws.facts_dir)
        said = storage_problem(error) if isinstance(error, OSError) else None
        reason = said or f"{folder}: {str(error).splitlines()[0].rstrip('.')}. Mend it, then try again."
        raise RunError(f"not published: {reason} Readers keep the previous version.") from error
    _retire(folder, ws.keep_published)
    _retire_unguarded(ws)
    return published


def _write_and_switch(ws: Workspace, folder: Path, run_id: str, catalogue: Catalogue | None) -> PublishedFile:
    (folder / "parquet").mkdir(parents=True, exist_ok=True)
    name = _free_name(folder, run_id)
    target = folder / f"kpi-{name}.duckdb"
    if ws.small_cells:
        if catalogue is None:
            raise ValueError("a workspace with small_cells is published with its catalogue")
        _write_durably(ws, ws.small_cells, catalogue, target)
    else:
        _copy_durably(ws.warehouse_path, target)
    parquet_dir, rows = _write_parquet(target, folder / "parquet" / name, ws.dbt_target_dir)
    _switch(folder / "current.duckdb", target.name)
    _switch(folder / "parquet" / "current", name)
    return PublishedFile(target, parquet_dir, rows)


def _free_name(folder: Path, run_id: str) -> str:
    """The run's id, or with a number behind it when the same run was published before."""
    name, number = run_id, 1
    while (folder / f"kpi-{name}.duckdb").exists() or (folder / "parquet" / name).exists():
        number += 1
        name = f"{run_id}-{number}"
    return name


def _copy_durably(source: Path, target: Path) -> None:
    """Copy under a temporary name, flush to disk, rename: a crash leaves no half file with a real name."""
    waiting = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, waiting)
    with duckdb.connect(str(waiting)) as con:
        # views over the raw data, which is not published: in the copy they would only be errors to stumble over
        con.execute("drop schema if exists intermediate cascade")
    with waiting.open("rb+") as file:
        os.fsync(file.fileno())
    waiting.rename(target)
    _flush_folder(target.parent)


def _write_durably(ws: Workspace, rules: SmallCells, catalogue: Catalogue, target: Path) -> None:
    """The readers' file, without the values of few persons; the whole copy stays in the workspace's own folder."""
    from serving.reader_copy import write_reader_copy

    ws.facts_dir.mkdir(parents=True, exist_ok=True)
    whole = ws.facts_dir / target.name
    _copy_durably(ws.warehouse_path, whole)
    waiting = target.with_name(f".{target.name}.part")
    write_reader_copy(ws.dbt_target_dir / SEMANTIC_MANIFEST, rules, catalogue, whole, waiting)
    with waiting.open("rb+") as file:
        os.fsync(file.fileno())
    waiting.rename(target)
    _flush_folder(target.parent)
    _switch(ws.facts_dir / "current.duckdb", whole.name)


def _write_parquet(database: Path, folder: Path, definitions: Path) -> tuple[Path, int]:
    waiting = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(parents=True)
    if (definitions / SEMANTIC_MANIFEST).is_file():
        # Readers of this version ask with the definitions that its values were computed with.
        shutil.copyfile(definitions / SEMANTIC_MANIFEST, waiting / SEMANTIC_MANIFEST)
    if (definitions / MANIFEST).is_file():
        # And `kpi diff` tells which SQL its tables were built with.
        built = sql_checksums(json.loads((definitions / MANIFEST).read_text(encoding="utf-8")))
        (waiting / SQL_FILES).write_text(json.dumps(built, indent=1), encoding="utf-8")
    with duckdb.connect(str(database), read_only=True) as con:
        for table in _exported(con):
            path = (waiting / f"{table}.parquet").as_posix().replace("'", "''")
            con.execute(f"copy (select * from mart.\"{table}\") to '{path}' (format parquet, compression zstd)")
        counted = con.execute("select count(*) from mart.kpi_values").fetchone()
    waiting.rename(folder)
    _flush_folder(folder.parent)
    return folder, counted[0] if counted else 0


def _exported(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("select table_name, table_type from information_schema.tables where table_schema = 'mart'").fetchall()
    return sorted(name for name, kind in rows if kind == "BASE TABLE" or name in _VIEWS)


def _switch(link: Path, target: str) -> None:
    """Point ``link`` at ``target`` (a name in the same folder) in one step."""
    waiting = link.with_name(f".{link.name}.link")
    waiting.unlink(missing_ok=True)
    os.symlink(target, waiting)
    os.replace(waiting, link)
    _flush_folder(link.parent)


def _retire(folder: Path, keep: int) -> None:
    """Remove all but the ``keep`` newest versions, and what a crash has left half written."""
    current = (folder / "current.duckdb").resolve()
    for path in _newest_first(folder.glob("kpi-*.duckdb"))[keep:]:
        if path.resolve() != current:
            path.unlink()
            shutil.rmtree(folder / "parquet" / path.stem.removeprefix("kpi-"), ignore_errors=True)
    _remove_leftovers(folder)


def _retire_unguarded(ws: Workspace) -> None:
    """Remove what other rules of small_cells have published, and rows that nobody reads: an old version would tell all."""
    from serving.reader_copy import holds_rules

    if ws.small_cells is None:
        shutil.rmtree(ws.facts_dir, ignore_errors=True)
        return
    for path in ws.published_dir.glob("kpi-*.duckdb"):
        if not holds_rules(path, ws.small_cells):
            path.unlink()
            shutil.rmtree(ws.published_dir / "parquet" / path.stem.removeprefix("kpi-"), ignore_errors=True)
    _retire(ws.facts_dir, 1)


def _remove_leftovers(folder: Path) -> None:
    """What a crash or a full disk has left half written; what cannot be removed now is removed the next time."""
    for leftover in folder.glob(".kpi-*.part*"):
        with suppress(OSError):
            leftover.unlink()
    for leftover in (folder / "parquet").glob(".*.part"):
        shutil.rmtree(leftover, ignore_errors=True)


def _newest_first(paths: Iterator[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
