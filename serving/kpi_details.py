"""What stands around a KPI: the goals it serves, what warns of it early, what must not get worse for it, the numbers of its
formula, where it is heading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from serving.alignment import NODES
from serving.snapshot import Row, has_table, rows

if TYPE_CHECKING:
    import duckdb

_LEADING = """select leading_metric as metric, lag_days from mart.kpi_leading_indicators
where metric = ? order by leading_metric"""

_PROJECTION = """
select p.*, case when p.known_through >= p.period_start or d.matures_after_days = 0 then v.value end as so_far
from mart.kpi_projection as p join mart.dim_kpi as d on d.metric = p.metric
left join mart.kpi_current as v
    on v.metric = p.metric and v.grain = p.grain and v.period_start = p.period_start and v.segment_dimension = ''
where p.metric = ? order by p.grain <> ?, p.period_end
"""
_PARTS = """
select d.metric, d.title_en, d.title_zh, d.unit, v.value
from mart.dim_kpi as d
left join mart.kpi_current as v
    on v.metric = d.metric and v.grain = ? and v.period_start = ? and v.segment_dimension = ''
where list_contains(?, d.metric)
"""


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


def formula_values(con: duckdb.DuckDBPyConnection, definition: Row, grain: str, start: Any) -> list[Row]:
    """The metrics that the formula names, with title, unit and value of the period that is judged (None without one)."""
    names = sorted(set(re.findall(r"[a-z_]\w*", definition["formula"] or "")))
    return rows(con, _PARTS, [grain, start, names])


def projection(con: duckdb.DuckDBPyConnection, name: str, first: str) -> list[Row]:
    """Where the open periods of a KPI are heading, and their values ``so_far``; those of grain ``first`` before others.

    A cohort that still grows has no value so far. None from an older version.
    """
    return rows(con, _PROJECTION, [name, first]) if has_table(con, "kpi_projection") else []


def as_of(con: duckdb.DuckDBPyConnection) -> Row:
    """When what is read was published (UTC), and the workspace's day of then."""
    found = rows(con, "select published_at, as_of as today from mart.publish_log order by published_at desc limit 1")
    return found[0] if found else {"published_at": None, "today": None}
