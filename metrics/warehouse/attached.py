"""DuckDB files of others that a workspace reads in place: attached read-only, under the name of their source."""

from __future__ import annotations

from pathlib import Path

import duckdb

from metrics.errors import SourceError
from metrics.warehouse.names import literal, quoted
from metrics.workspace.model import Source, Workspace


def attached_name(source: Source) -> str:
    """The catalog under which the file of a source is attached."""
    return f"source_{source.name}"


def source_file(ws: Workspace, source: Source) -> Path:
    """The DuckDB file of a source with the connector warehouse_table."""
    return (ws.root / source.path).resolve()


def attachments(ws: Workspace) -> dict[str, Path]:
    """The files to attach, by catalog. One that is not there is left out: loading its source says so."""
    return {
        attached_name(source): path
        for source in ws.sources.values()
        if source.connector == "warehouse_table" and (path := source_file(ws, source)).is_file()
    }


def attach_sources(con: duckdb.DuckDBPyConnection, ws: Workspace) -> None:
    """Attach the files. Raises SourceError when one cannot be opened, for example because it is being written."""
    for name, path in attachments(ws).items():
        try:
            con.execute(f"attach if not exists {literal(str(path))} as {quoted(name)} (read_only)")
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].rstrip(".")
            if "lock" in reason.lower():
                reason = "another process is writing it. Wait until it has finished"
            where = ws.where("sources", name.removeprefix("source_"), "path")
            raise SourceError(f"{where}: {path} cannot be opened: {reason}.") from error
