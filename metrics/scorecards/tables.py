"""The tables of schema `mart` that scorecards, sets and objectives write.

`scorecard_scores` and `scorecard_items` are append-only: a period is scored once, with the weights, targets and curves
of that time, which are kept with it. When one of its values is corrected it is scored again on these, as new rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_KEPT = {
    "scorecard_scores": """
        scorecard text not null,
        grain text not null,
        period_start date not null,
        score double,
        coverage double not null,
        minimum_coverage double not null,
        definition_hash text not null,
        run_id text not null,
        recorded_at timestamp not null""",
    "scorecard_items": """
        scorecard text not null,
        grain text not null,
        period_start date not null,
        item text not null,
        position integer not null,
        metric text not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        item_grain text not null,
        item_period_start date not null,
        written_weight double not null,
        weight double not null,
        rule_metric text,
        rule_value double,
        target double,
        curve text,
        minimum_n bigint not null,
        value double,
        n bigint,
        points double,
        reason text not null,
        run_id text not null,
        recorded_at timestamp not null""",
}
_REWRITTEN = {
    "dim_scorecard": """
        scorecard text not null,
        title_en text not null,
        title_zh text not null,
        description_en text not null,
        description_zh text not null,
        owner text not null,
        grain text not null""",
    "kpi_sets": """
        kpi_set text not null,
        kind text not null,
        title_en text not null,
        title_zh text not null,
        is_chosen boolean not null,
        position integer not null,
        role text not null,
        metric text not null,
        is_connected boolean not null,
        missing_entities text not null""",
    # one row per objective (metric empty), key result and floor
    "okr_progress": """
        objective text not null,
        parent text,
        kind text not null,
        position integer not null,
        title_en text,
        title_zh text,
        owner text,
        team text,
        goal text,
        starts_on date not null,
        ends_on date not null,
        weight double,
        metric text not null default '',
        unit text,
        grain text,
        segment_dimension text not null default '',
        segment_value text not null default '',
        start_value double,
        stretch double,
        floor double,
        current_start date,
        value double,
        progress double,
        coverage double,
        expected_progress double,
        floors_broken integer,
        status text not null""",
}
_LATEST = """select * from mart.{table}
    qualify recorded_at = max(recorded_at) over (partition by scorecard, grain, period_start)"""
_VIEWS = {"scorecard_current": "scorecard_scores", "scorecard_items_current": "scorecard_items"}
TABLES = (*_KEPT, *_REWRITTEN)


def ensure_scorecard_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing; what every run writes anew is emptied."""
    for name, columns in _KEPT.items():
        con.execute(f"create table if not exists mart.{name} ({columns})")
    for name, columns in _REWRITTEN.items():
        con.execute(f"create or replace table mart.{name} ({columns})")
    for view, table in _VIEWS.items():
        con.execute(f"create or replace view mart.{view} as {_LATEST.format(table=table)}")
