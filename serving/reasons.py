"""Why a KPI of the scorecard has no value or no verdict: derived from what its row says."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

Reason = Literal["nothing_closed", "no_whole_period", "not_mature", "no_rows", "too_few"]


def reason(row: dict[str, Any], history_start: date) -> Reason | None:
    """Return why a row of the scorecard is not judged; None when it is, or has no target by choice."""
    if row["status"] == "too_few":
        return "too_few"
    if row["status"] != "no_data":
        return None
    if row["period_start"] is None:
        return "nothing_closed"
    if row["period_start"] >= history_start:
        return "no_rows"
    return "not_mature" if row["matures_after_days"] else "no_whole_period"


def missing_entities(not_connected: list[dict[str, Any]]) -> dict[str, int]:
    """How many KPIs that are not connected need each entity, the most wanted first."""
    counts: dict[str, int] = {}
    for row in not_connected:
        for entity in row["missing_entities"].split(","):
            counts[entity] = counts.get(entity, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
