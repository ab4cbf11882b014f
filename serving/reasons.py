"""Why a KPI of the scorecard has no value or no verdict: derived from its row, and from the values it is computed from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from metrics.values.periods import period_start
from metrics.warehouse import open_published
from serving.published import semantic_layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from metrics.semantic.manifest import Metric, MetricInput, Window
    from metrics.workspace import Workspace

Reason = Literal[
    "nothing_closed", "no_whole_period", "not_mature", "no_rows", "too_few", "first_period", "no_earlier", "no_divisor"
]
_VALUE = """
select value, numerator, denominator from mart.kpi_current
where metric = ? and grain = ? and period_start = ? and segment_dimension = ''
"""


def reasons(ws: Workspace, rows: list[dict[str, Any]]) -> list[Reason | None]:
    """The reason of each row of the scorecard; for one without a value by what its formula found missing."""
    found = [reason(row, ws.history_start) for row in rows]
    if "no_rows" not in found:
        return found
    metrics = semantic_layer(ws).metrics
    with open_published(ws) as con:
        return [
            missing_part(con, metrics, row, ws.history_start) if why == "no_rows" else why
            for row, why in zip(rows, found, strict=True)
        ]


def reason(row: dict[str, Any], history_start: date) -> Reason | None:
    """Return why a row of the scorecard is not judged; None when it is, or has no target by choice."""
    if row["status"] == "too_few":
        return "too_few"
    if row["status"] == "too_early":
        return "not_mature"
    if row["status"] != "no_data":
        return None
    if row["period_start"] is None:
        return "nothing_closed"
    if row["period_start"] >= history_start:
        return "no_rows"
    return "not_mature" if row["matures_after_days"] else "no_whole_period"


def missing_part(
    con: duckdb.DuckDBPyConnection, metrics: Mapping[str, Metric], row: dict[str, Any], history_start: date
) -> Reason:
    """What the formula of a KPI without a value lacks in its period: the earlier period, the divisor, or any row."""
    metric, grain, start = metrics[row["metric"]], row["grain"], row["period_start"]
    parts = [part for part in (metric.numerator, metric.denominator, *metric.input_metrics) if part]
    offset = next((part.offset_window for part in parts if part.offset_window), None)
    if offset and all(_has_value(con, part, grain, start) for part in parts if not part.offset_window):
        return "first_period" if _before(start, offset) < period_start(history_start, grain) else "no_earlier"
    if metric.type == "ratio":
        stored = con.execute(_VALUE, [metric.name, grain, start]).fetchone()
        # Without a row for either part nothing is stored at all.
        if stored is not None and not stored[2]:
            return "no_divisor"
    return "no_rows"


def _has_value(con: duckdb.DuckDBPyConnection, part: MetricInput, grain: str, start: date) -> bool:
    stored = con.execute(_VALUE, [part.name, grain, start]).fetchone()
    return stored is not None and stored[0] is not None


def _before(start: date, offset: Window) -> date:
    """The day that lies the offset before the first day of a period."""
    if offset.grain in ("day", "week"):
        return start - timedelta(days=offset.count * (7 if offset.grain == "week" else 1))
    months = start.year * 12 + start.month - 1 - offset.count * {"month": 1, "quarter": 3, "year": 12}[offset.grain]
    return date(months // 12, months % 12 + 1, 1)


def missing_entities(not_connected: list[dict[str, Any]]) -> dict[str, int]:
    """How many KPIs that are not connected need each entity, the most wanted first."""
    counts: dict[str, int] = {}
    for row in not_connected:
        for entity in row["missing_entities"].split(","):
            counts[entity] = counts.get(entity, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
