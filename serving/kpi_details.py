"""What stands around a KPI: the goals it serves, what warns of it early, and what must not get worse for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.alignment import NODES
from serving.snapshot import Row, has_table, rows

if TYPE_CHECKING:
    import duckdb

_LEADING = """select leading_metric as metric, lag_days from mart.kpi_leading_indicators
where metric = ? order by leading_metric"""


def goal_titles(con: duckdb.DuckDBPyConnection, goals: str | None, language: str) -> list[str]:
    """Titles of goals that are listed with commas; a goal that is not published stands by its id."""
    ids = [goal for goal in (goals or "").split(",") if goal]
    if not ids or not has_table(con, "dim_goal"):
        return ids
    known = {row["goal"]: row["title"] for row in rows(con, f"select goal, title_{language} as title from mart.dim_goal")}
    return [known.get(goal, goal) for goal in ids]


def around(con: duckdb.DuckDBPyConnection, definition: Row, language: str) -> dict[str, list[Row]]:
    """Leading indicators (with ``lag_days``), guardrails and siblings, each with its own latest value and
    status."""
    nodes = {row["metric"]: row for row in rows(con, NODES.format(language=language))}
    leading = rows(con, _LEADING, [definition["metric"]])
    return {
        "leading_indicators": [{**nodes[one["metric"]], **one} for one in leading if one["metric"] in nodes],
        **{kind: [nodes[name] for name in _names(definition, kind) if name in nodes] for kind in ("guardrails", "siblings")},
    }


def _names(definition: Row, column: str) -> list[str]:
    return [name for name in (definition.get(column) or "").split(",") if name]
