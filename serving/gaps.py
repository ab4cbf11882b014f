"""Closed days that lack the rows that were to be expected, said beside the answer of a query that covers them."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from metrics.catalogue.definitions import read_definitions
from metrics.errors import QueryError
from metrics.semantic.days import add_days, add_months, period_start
from metrics.warehouse import open_published
from serving.publish import SEMANTIC_MANIFEST
from serving.snapshot import has_table

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue.spans import Span
    from metrics.semantic import Query
    from metrics.workspace import Workspace

_MOST_DAYS = 5


def gap_days(con: duckdb.DuckDBPyConnection, metric: str) -> list[date]:
    """The days on which a fact of the metric lacks its rows; none from a version that did not look for them."""
    if not has_table(con, "kpi_gaps"):
        return []
    return [
        day for (day,) in con.execute("select day from mart.kpi_gaps where metric = ? order by day", [metric]).fetchall()
    ]


def gap_notes(ws: Workspace, query: Query) -> list[str]:
    """One line per metric of the query whose days, with those of its windows and offsets, have a hole."""
    path = ws.published_dir / "parquet" / "current" / SEMANTIC_MANIFEST
    definitions = read_definitions(json.loads(path.read_text(encoding="utf-8")))
    with open_published(ws) as con:
        found = {metric: gap_days(con, metric) for metric in query.metrics if metric in definitions}
    notes = []
    for metric, days in found.items():
        first = min((first_day(span, query.start) for span in definitions[metric].spans), default=date.min)
        covered = [day for day in days if day >= first and (query.end is None or day <= query.end)]
        if covered:
            notes.append(_note(metric, covered))
    return notes


def first_day(span: Span, start: date | None) -> date:
    """The first day that a value of ``start`` covers, or the first of the calendar."""
    if start is None or span.since == "beginning":
        return date.min
    if span.since:
        return period_start(start, span.since)
    days = (1 if span.window_months else 0) - max(0, span.window_days - 1) - span.shift_days
    try:
        first = add_months(start, -span.window_months) if span.window_months else start
        return add_days(add_months(first, -span.shift_months), days)
    except QueryError:
        return date.min


def _note(metric: str, days: list[date]) -> str:
    listed = ", ".join(day.isoformat() for day in days[:_MOST_DAYS])
    more = f" and {len(days) - _MOST_DAYS} more" if len(days) > _MOST_DAYS else ""
    counted = "1 closed day that it covers lacks" if len(days) == 1 else f"{len(days)} closed days that it covers lack"
    return f"{metric}: {counted} the rows that were to be expected: {listed}{more}. Is a file missing?"
