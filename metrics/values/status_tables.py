"""The tables of schema `mart` that hold targets and how periods were judged by them; views over them; what they mean.

All but `kpi_status` are append-only: a row is never changed, a newer row with the same key takes its place, and one with
``is_removed`` says that it holds no more. So what was scored at a time is a query (`kpi_status_as_of`).
"""

from __future__ import annotations

TARGET_KEY = ("metric", "grain", "segment_dimension", "segment_value", "valid_from")
SCORE_KEY = ("metric", "grain", "segment_dimension", "segment_value", "period_start")
MILESTONE_KEY = ("metric", "grain", "segment_dimension", "segment_value", "kind", "period_start")

STATUS_TABLES = (
    """create table if not exists mart.kpi_targets (
        metric text not null,
        grain text not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        valid_from date not null,
        valid_to date,
        path text not null,
        start_value double,
        target double not null,
        floor double,
        stretch double,
        review_on date,
        is_removed boolean not null,
        run_id text not null,
        recorded_at timestamp not null
    )""",
    """create table if not exists mart.kpi_target_seasons (
        metric text not null,
        grain text not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        valid_from date not null,
        slot integer not null,
        factor double not null,
        is_sum boolean not null,
        history_from date not null,
        history_to date not null,
        run_id text not null,
        recorded_at timestamp not null
    )""",
    """create table if not exists mart.kpi_status_history (
        metric text not null,
        grain text not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        period_start date not null,
        period_end date not null,
        currency text not null default '',
        value double,
        n bigint,
        target double,
        floor double,
        stretch double,
        target_valid_from date,
        path text,
        attainment double,
        status text not null,
        direction text not null,
        at_risk double not null,
        off_track double not null,
        hysteresis double not null,
        minimum_n bigint not null,
        is_removed boolean not null,
        run_id text not null,
        recorded_at timestamp not null
    )""",
    """create table if not exists mart.kpi_milestones (
        metric text not null,
        grain text not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        kind text not null,
        period_start date not null,
        period_end date not null,
        currency text not null default '',
        unit text not null,
        value double,
        target double,
        previous_best double,
        streak integer,
        streak_since date,
        is_news boolean not null,
        is_removed boolean not null,
        run_id text not null,
        recorded_at timestamp not null
    )""",
    # rewritten by every run
    """create table if not exists mart.kpi_status (
        metric text not null,
        grain text not null,
        segment_dimension text not null default '',
        segment_value text not null default '',
        is_headline boolean not null,
        period_start date,
        period_end date,
        currency text not null default '',
        value double,
        n bigint,
        state text,
        target double,
        floor double,
        stretch double,
        attainment double,
        status text not null,
        direction text not null,
        unit text not null,
        previous_value double,
        change double,
        last_year_value double,
        change_last_year double,
        trend_starts date[],
        trend_values double[],
        streak integer not null default 0,
        streak_since date,
        streak_days integer not null default 0,
        best_value double,
        best_period_start date,
        pace_period_start date,
        pace_period_end date,
        pace_elapsed_share double,
        pace_value double,
        pace_n bigint,
        pace_target double,
        pace double,
        pace_status text,
        watermark date
    )""",
)


def _latest(table: str, key: tuple[str, ...], known: str = "") -> str:
    """The newest row of each key that is not a tombstone; ``known`` narrows what is looked at."""
    return f"""select * exclude (is_removed)
    from mart.{table} {known}
    qualify row_number() over (partition by {", ".join(key)} order by recorded_at desc) = 1 and not is_removed"""


_AS_OF = "where recorded_at <= as_of"
_SCORE = ", ".join(SCORE_KEY)
STATUS_VIEWS = (
    f"create or replace view mart.kpi_targets_current as {_latest('kpi_targets', TARGET_KEY)}",
    f"create or replace macro mart.kpi_targets_as_of(as_of) as table {_latest('kpi_targets', TARGET_KEY, _AS_OF)}",
    f"create or replace view mart.kpi_status_periods as {_latest('kpi_status_history', SCORE_KEY)}",
    f"create or replace macro mart.kpi_status_as_of(as_of) as table {_latest('kpi_status_history', SCORE_KEY, _AS_OF)}",
    f"create or replace view mart.kpi_milestones_current as {_latest('kpi_milestones', MILESTONE_KEY)}",
    f"""create or replace view mart.kpi_rescores as
    with versions as (
        select
            *,
            lag(case when is_removed then 'no_target' else status end) over score as old_status,
            lag(value) over score as old_value,
            lag(case when not is_removed then target end) over score as old_target,
            lag(floor) over score as old_floor,
            lag([at_risk, off_track, hysteresis, minimum_n]) over score as old_lines,
            lag(recorded_at) over score as old_recorded_at,
            lag(is_removed) over score as was_removed
        from mart.kpi_status_history
        window score as (partition by {_SCORE} order by recorded_at)
    )
    select
        {_SCORE},
        old_status,
        case when is_removed then 'no_target' else status end as new_status,
        case
            when is_removed or was_removed or target is distinct from old_target or floor is distinct from old_floor
                then 'target'
            when value is distinct from old_value then 'value'
            when [at_risk, off_track, hysteresis, minimum_n] <> old_lines then 'thresholds'
            else 'earlier period'
        end as cause,
        old_value,
        value as new_value,
        old_target,
        case when not is_removed then target end as new_target,
        old_recorded_at,
        recorded_at as rescored_at,
        run_id
    from versions
    where old_recorded_at is not null""",
)

_SCORED_COLUMNS = {
    "segment_dimension": "Empty for the whole company, else the dimension of the segment",
    "target": "What the period had to reach",
    "floor": "The least that is acceptable in the period: worse is off track",
    "attainment": "Share of the target reached: value / target where up is good, target / value where down is good",
    "status": "on_track, at_risk, off_track, too_few (below minimum_n), no_data, no_target, too_early",
}
_APPENDED_COLUMNS = {
    "is_removed": "The key holds no more since recorded_at; the other columns say what held before",
    "recorded_at": "UTC; the newest row of a key holds",
}
# Table or view -> what it is, and what its columns mean where the name does not say it.
COMMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "kpi_targets": (
        "Append-only: one row per version of a target (metric, grain, segment, first day it holds)",
        {
            "target": "The value as the KPI file gives it: of each period, or of a calendar year where path is seasonal",
            "start_value": "Path linear: the value on valid_from",
            **_APPENDED_COLUMNS,
        },
    ),
    "kpi_target_seasons": (
        "Append-only: how a seasonal target spreads over a year, computed once from settled values before its first day",
        {
            "slot": "Month 1-12, quarter 1-4, or weekday 0-6 from Monday",
            "factor": "What a period of the slot is worth, where the mean period of a year is 1",
            "is_sum": "Periods add up to the year's value; else their mean is the year's value",
        },
    ),
    "kpi_status_history": (
        "Append-only: how each closed period with a target was scored, with the value, target and lines of that time",
        {
            **_SCORED_COLUMNS,
            "at_risk": "Below this share of the target: at risk",
            "off_track": "Below this share of the target: off track",
            "hysteresis": "How much further than the line it had to recover",
            **_APPENDED_COLUMNS,
        },
    ),
    "kpi_milestones": (
        "Append-only: targets newly reached, records, and streaks that ended",
        {
            "kind": "reached (value at or better than its target), record (best settled value so far), streak_broken",
            "streak": "Periods on track in a row that ended; NULL for the other kinds",
            "is_news": "It was the latest judged (record: settled) period when the row was written; else history",
            **_APPENDED_COLUMNS,
        },
    ),
    "kpi_status": (
        "One row per KPI, grain and segment with a target of its own: the last closed period, and the pace of the open one",
        {
            **_SCORED_COLUMNS,
            "streak": "Periods on track in a row up to period_start; periods that could not be judged do not count",
            "streak_days": "Days from streak_since to period_end",
            "best_value": "The best settled value with at least minimum_n observations",
            "pace_period_start": "The open period; its closed days alone are counted",
            "pace_elapsed_share": "Share of the period's total to be expected by now (by weekday), or of its days",
            "pace_value": "The value of the closed days so far",
            "pace_target": "What should be reached by now: a share of the target where values add up, else the target",
            "pace": "Share of pace_target reached",
            "pace_status": "on_track, at_risk, off_track, too_early, no_data, no_target; NULL where no pace is computed",
            "watermark": "The last closed day",
        },
    ),
    "kpi_targets_current": ("The newest version of every target that still stands", {}),
    "kpi_status_periods": ("The newest score of every closed period with a target", {}),
    "kpi_milestones_current": ("Milestones that still stand", {}),
    "kpi_rescores": ("Periods that were scored again: before and after, and what had changed", {}),
}


def comment_statements() -> list[str]:
    """``comment on`` for every table, view and column above. Replacing a view drops its comment."""
    statements = []
    for name, (text, columns) in COMMENTS.items():
        kind = "view" if any(f"view mart.{name} " in view for view in STATUS_VIEWS) else "table"
        statements.append(f"comment on {kind} mart.{name} is '{_escaped(text)}'")
        statements += [f"comment on column mart.{name}.{column} is '{_escaped(of)}'" for column, of in columns.items()]
    return statements


def _escaped(text: str) -> str:
    return text.replace("'", "''")
