"""Rows that could not be loaded, as the newest load of each file left them: for the command line, and any other reader.

Read from raw.duckdb, not from what is published: the rows may hold personal data.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from metrics.errors import QueryError, did_you_mean
from metrics.warehouse import open_raw, table_exists
from metrics.withheld import without_value

if TYPE_CHECKING:
    from metrics.workspace import Workspace

_ROWS = """
select source || '.' || table_name as "table", file, line, column_name as "column", reason, value,
       quarantined_at as "when"{more}
from ops.quarantine where ? is null or source = ?
order by quarantined_at desc, source, table_name, file, line
"""


def quarantined_rows(ws: Workspace, source: str | None, *, with_rows: bool = False) -> list[dict[str, Any]]:
    """Every row in quarantine, newest load first. ``when`` is in the workspace's zone.

    ``with_rows`` adds the row itself; without, a reason does not quote a value that may be personal.

    Raises QueryError for a source that workspace.yml does not have, RunError when nothing is loaded yet.
    """
    if source is not None and source not in ws.sources:
        hint = did_you_mean(source, ws.sources)
        raise QueryError(f"workspace.yml has no source '{source}'.{hint} It has: {', '.join(ws.sources)}.")
    with open_raw(ws) as con:
        # A load that failed at once leaves a file without tables.
        if not table_exists(con, ws.raw_path.stem, "ops", "quarantine"):
            return []
        answer = con.execute(_ROWS.format(more=', row_text as "row"' if with_rows else ""), [source, source])
        names = [column[0] for column in answer.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    for row in rows:
        value = row.pop("value")
        if not with_rows:
            row["reason"] = without_value(row["reason"], value)
        row["when"] = row["when"].replace(tzinfo=dt.UTC, microsecond=0).astimezone(ws.zone)
    return rows


def in_words(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as a person reads them: file with line, the column before the reason."""
    return [
        {
            "table": row["table"],
            "file": _place(row["file"], row["line"]),
            "reason": f"{row['column']}: {row['reason']}" if row["column"] else row["reason"],
            "when": f"{row['when']:%Y-%m-%d %H:%M}",
            **({"row": row["row"]} if "row" in row else {}),
        }
        for row in rows
    ]


def _place(file: str | None, line: int | None) -> str:
    return f"{file or 'database'}:{line}" if line else file or "database"
