"""The tables of schema `mart` that alignment writes. All but the values of pairs are totals of the company."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_TABLES = {
    # what serves what: an edge points from the child to the parent, which is a goal or a metric
    "kpi_tree": """
        parent_kind text not null,
        parent text not null,
        child text not null,
        relation text not null,
        formula text,
        parent_team text,
        child_team text,
        is_connected boolean not null""",
    # one row per formula and grain: closed periods compared, how many do not add up, and the worst of them
    "kpi_tree_checks": """
        metric text not null,
        grain text not null,
        formula text not null,
        periods_checked integer not null,
        periods_incomplete integer not null,
        periods_failed integer not null,
        worst_period_start date,
        worst_value double,
        worst_computed double,
        worst_residual double""",
    "dim_goal": """
        goal text not null,
        title_en text not null,
        title_zh text not null,
        description_en text not null,
        description_zh text not null,
        parent text,
        owner text,
        metric text,
        grain text,
        starts_on date,
        ends_on date""",
    # one row per concrete goal (team empty) and per team that works for it
    "goal_cascade": """
        goal text not null,
        team text not null,
        metric text not null,
        grain text not null,
        unit text not null,
        share double,
        ends_on date not null,
        baseline_start date,
        baseline_value double,
        computed_value double,
        computed_change double,
        stated_value double,
        stated_change double,
        wanted_value double,
        verdict text not null,
        largest_change double,
        current_start date,
        current_value double,
        expected_value double,
        progress double,
        status text not null,
        explanation_en text not null,
        explanation_zh text not null""",
    "dim_pair": """
        pair text not null,
        title_en text not null,
        title_zh text not null,
        dimension text not null,
        grain text not null,
        metric text not null,
        side text not null,
        team text not null,
        position integer not null,
        is_connected boolean not null""",
    "kpi_pairs": """
        pair text not null,
        grain text not null,
        period_start date not null,
        segment_dimension text not null,
        segment_value text not null,
        side text not null,
        team text not null,
        position integer not null,
        metric text not null,
        value double,
        n bigint""",
    "kpi_guardrail_flags": """
        metric text not null,
        guardrail text not null,
        grain text not null,
        periods_apart integer not null,
        period_start date not null,
        previous_start date not null,
        value double not null,
        previous_value double not null,
        usual_move double not null,
        guardrail_value double not null,
        guardrail_previous_value double not null,
        guardrail_usual_move double not null,
        is_latest boolean not null,
        sentence_en text not null,
        sentence_zh text not null""",
}


# Of these tables, the ones that hold values by a segment.
SEGMENTED = frozenset({"kpi_pairs"})
TABLES = tuple(_TABLES)


def ensure_alignment_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create them anew, empty: every run writes all of their rows."""
    for name, columns in _TABLES.items():
        con.execute(f"create or replace table mart.{name} ({columns})")
