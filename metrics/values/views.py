"""The views of schema `mart` over the append-only values: current, with validity, restated, as of a time, and breaks.

Each row carries the version of the definition it was computed with. ``break_en`` and ``break_zh`` say, from the second
version on, since when it holds and what it changed: values of two versions are not comparable.
"""

from __future__ import annotations

from metrics.values.columns import KEY, VALUE_COLUMNS

_KEY = ", ".join(KEY)
_COLUMNS = ", ".join(VALUE_COLUMNS)
_VERSION = ("definition_version", "definition_from", "break_en", "break_zh")
_LATEST = f"""row_number() over (partition by {_KEY} order by recorded_at desc) = 1 and state <> 'removed'"""


def _with_version(values: str) -> str:
    """``values`` (a CTE with the columns of kpi_values) with the definition that held when each row was recorded."""
    return f"""select {values}.*, defined.definition_version, defined.valid_from as definition_from,
        defined.break_en, defined.break_zh
    from {values}
    asof left join mart.kpi_definitions as defined
        on {values}.metric = defined.metric and {values}.recorded_at >= defined.valid_from"""


VIEWS = (
    f"""create or replace view mart.kpi_current as
    with latest as (select {_COLUMNS} from mart.kpi_values qualify {_LATEST})
    {_with_version("latest")}""",
    f"""create or replace view mart.kpi_history as
    with versions as (
        select
            {_COLUMNS},
            recorded_at as valid_from,
            lead(recorded_at) over (partition by {_KEY} order by recorded_at) as valid_to
        from mart.kpi_values
    )
    {_with_version("versions")}""",
    f"""create or replace view mart.kpi_restatements as
    with versions as (
        select
            {_COLUMNS},
            lag(value) over latest as old_value,
            -- of the last value that there was: what came back after a tombstone is measured by what had been there before
            last_value(nullif(state, 'removed') ignore nulls) over (
                latest rows between unbounded preceding and 1 preceding
            ) as old_state,
            lag(definition_hash) over latest as old_definition_hash,
            lag(recorded_at) over latest as old_recorded_at
        from mart.kpi_values
        window latest as (partition by {_KEY} order by recorded_at)
    ),
    restated as (
        select *, case when definition_hash <> old_definition_hash then 'definition' else 'data' end as cause
        from versions
        where value is distinct from old_value
            -- a first value is restated where its period had been settled without it
            and (old_state in ('settled', 'restated') or (old_state is null and state = 'restated'))
    )
    select
        {", ".join(f"restated.{name}" for name in KEY)},
        restated.old_value,
        restated.value as new_value,
        restated.cause,
        restated.old_definition_hash,
        restated.definition_hash as new_definition_hash,
        case restated.cause when 'definition' then defined.changes_en end as definition_changes_en,
        case restated.cause when 'definition' then defined.changes_zh end as definition_changes_zh,
        restated.old_recorded_at,
        restated.recorded_at as restated_at,
        restated.run_id
    from restated
    asof left join mart.kpi_definitions as defined
        on restated.metric = defined.metric and restated.recorded_at >= defined.valid_from""",
    """create or replace view mart.kpi_breaks as
    select
        new.metric,
        new.valid_from as broken_at,
        old.definition_version as old_version,
        new.definition_version as new_version,
        old.definition_hash as old_definition_hash,
        new.definition_hash as new_definition_hash,
        new.changes_en,
        new.changes_zh,
        new.break_en,
        new.break_zh,
        new.run_id
    from mart.kpi_definitions as new
    inner join mart.kpi_definitions as old
        on new.metric = old.metric and new.definition_version = old.definition_version + 1""",
    f"""create or replace macro mart.kpi_as_of(as_of) as table
    with latest as (select {_COLUMNS} from mart.kpi_values where recorded_at <= as_of qualify {_LATEST})
    {_with_version("latest")}""",
)
