"""The tables and views of schema `mart` that the KPI layer writes, and what each column means.

`kpi_values` is append-only: a row is never changed, a newer row with the same key replaces it in `kpi_current`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from metrics.values.status_tables import STATUS_TABLES, STATUS_VIEWS, comment_statements
from metrics.values.views import VIEWS

if TYPE_CHECKING:
    import duckdb

# The last day of the period that starts on period_start; used by every query that asks whether a period is closed.
PERIOD_END = """case grain
        when 'day' then period_start
        when 'week' then period_start + 6
        when 'month' then last_day(period_start)
        else last_day((period_start + interval 2 month)::date)
    end"""

_TABLES = (
    """create table if not exists mart.kpi_values (
        metric text not null,
        grain text not null,
        period_start date not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        currency text not null default '',
        numerator decimal(38, 10),
        denominator decimal(38, 10),
        value double,
        n bigint,
        ci_low double,
        ci_high double,
        missing_days integer,
        state text not null,
        definition_hash text not null,
        watermark date,
        run_id text not null,
        recorded_at timestamp not null
    )""",
    # one row per series that has been computed: bookkeeping, and which definition and watermark its values stand for
    """create table if not exists mart.kpi_series (
        metric text not null,
        grain text not null,
        segment_dimension text not null,
        currency text not null,
        definition_hash text not null,
        closed_through date,
        settled_through date,
        run_id text not null
    )""",
    # append-only: one row whenever the definition of a metric is another than before; `arithmetic` is what its hash covers
    """create table if not exists mart.kpi_definitions (
        metric text not null,
        definition_version integer not null,
        definition_hash text not null,
        valid_from timestamp not null,
        changes_en text,
        changes_zh text,
        break_en text,
        break_zh text,
        arithmetic text,
        run_id text not null
    )""",
    # closed days on which a fact of the metric lacks the rows that were to be expected; rewritten by every computation
    """create table if not exists mart.kpi_gaps (
        metric text not null,
        day date not null
    )""",
    """create table if not exists mart.dim_kpi (
        metric text primary key,
        kind text not null,
        title_en text,
        title_zh text,
        description_en text,
        description_zh text,
        question_en text,
        question_zh text,
        playbook_en text,
        playbook_zh text,
        formula text,
        unit text,
        direction text,
        additivity text,
        timing text,
        role text,
        level text,
        scope text,
        nature text,
        is_practical boolean,
        is_directional boolean,
        is_actionable boolean,
        is_financial boolean,
        owner text,
        team text,
        goals text,
        threshold double,
        minimum_n bigint,
        matures_after_days integer,
        baseline_until date,
        benchmark double,
        benchmark_source text,
        parent text,
        relation text,
        drivers text,
        siblings text,
        guardrails text,
        weight double,
        review text,
        grains text,
        segments text,
        at_risk_below double,
        off_track_below double,
        hysteresis double,
        alert text,
        is_connected boolean not null,
        missing_entities text,
        entities text,
        models text,
        defined_at text,
        version integer,
        definition_hash text
    )""",
    """create table if not exists mart.promotions (
        promotion text not null,
        starts_on date not null,
        ends_on date not null,
        channel text,
        description text
    )""",
    """create table if not exists mart.kpi_leading_indicators (
        metric text not null,
        leading_metric text not null,
        lag_days integer not null
    )""",
    # the open period's end as the KPI's own past has it coming: 80 % likely between `low` and `high`; no value and
    # status too_early while `history` days (or periods, see history_unit) are fewer than `history_needed`, and status
    # half_known where more than half of a period is known whose value does not follow from its days
    """create table if not exists mart.kpi_projection (
        metric text not null,
        grain text not null,
        period_start date not null,
        period_end date not null,
        currency text not null default '',
        known_through date not null,
        value double,
        low double,
        high double,
        target double,
        target_probability double,
        unit text not null,
        direction text not null,
        history integer not null,
        history_needed integer not null,
        history_unit text not null,
        status text not null
    )""",
    """create table if not exists mart.swings (
        metric text not null,
        day date not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        value double,
        previous_value double,
        change double,
        threshold double not null,
        n bigint,
        verdict text not null,
        run_id text not null,
        evaluated_at timestamp not null
    )""",
    """create table if not exists mart.alerts (
        fingerprint text primary key,
        metric text not null,
        day date not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        rule text not null,
        value double,
        previous_value double,
        change double,
        threshold double,
        n bigint,
        direction text not null,
        is_good boolean,
        severity text not null,
        status text not null,
        message_en text not null,
        message_zh text not null,
        owner text,
        run_id text not null,
        detected_at timestamp not null,
        withdrawn_at timestamp
    )""",
    """create table if not exists mart.publish_log (
        run_id text not null,
        published_at timestamp not null,
        "rows" bigint not null,
        as_of date
    )""",
    *STATUS_TABLES,
)


# Written anew by every run: nothing is lost when an older version of them is dropped.
_REWRITTEN = frozenset(
    {"dim_kpi", "promotions", "kpi_leading_indicators", "kpi_status", "kpi_projection", "kpi_series", "kpi_gaps"}
)
# Written anew by versions that did not have this column.
_REWRITTEN_BEFORE = {"kpi_targets": "recorded_at"}
_COLUMNS_OF_MART = """select table_name, list(column_name), list(data_type) from duckdb_columns()
    where database_name = current_database() and schema_name = 'mart' and internal = false group by table_name"""


def ensure_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of schema mart and bring tables of an older version up to date; views are replaced."""
    con.execute("create schema if not exists mart")
    _upgrade(con)
    con.execute(";".join((*_TABLES, *VIEWS, *STATUS_VIEWS, *comment_statements())))


def _upgrade(con: duckdb.DuckDBPyConnection) -> None:
    """Give kept tables the columns they lack, and drop rewritten tables whose columns differ."""
    found = {table: list(names) for table, names, _ in con.execute(_COLUMNS_OF_MART).fetchall()}
    for table, names, types in _wanted_columns():
        if table not in found or set(found[table]) == set(names):
            continue
        if table in _REWRITTEN or (table in _REWRITTEN_BEFORE and _REWRITTEN_BEFORE[table] not in found[table]):
            con.execute(f"drop table mart.{table}")
            continue
        for name, kind in zip(names, types, strict=True):
            if name not in found[table]:
                con.execute(f'alter table mart.{table} add column "{name}" {kind}')


@cache
def _wanted_columns() -> list[tuple[str, list[str], list[str]]]:
    """Table, columns and types as the statements above make them."""
    import duckdb

    with duckdb.connect() as empty:
        empty.execute("create schema mart")
        for statement in _TABLES:
            empty.execute(statement)
        return empty.execute(_COLUMNS_OF_MART).fetchall()
