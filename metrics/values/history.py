"""Append what differs to `mart.kpi_values`: new and changed values, states that time has changed, tombstones.

States: open (the period has not closed), provisional (closed, sources may still correct it), settled (nothing more is
expected), restated (a settled value that changed all the same, also by way of removed; or a member that first appears in a
period whose total was settled without it), removed (the period vanished; value NULL).
Only stored rows that a series needs are read, so that the cost of a daily run does not grow with the history.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from metrics.values.columns import VALUE_COLUMNS
from metrics.values.plan import Known, SeriesKey
from metrics.values.tables import PERIOD_END
from metrics.values.watermarks import Watermark

if TYPE_CHECKING:
    from datetime import date, datetime

    import duckdb

_COLUMNS = ", ".join(VALUE_COLUMNS)
_SAME_PLACE = """latest.series = fresh.series
        and latest.period_start = fresh.period_start
        and latest.segment_value = fresh.segment_value
        and latest.currency = fresh.currency"""

# Sums of doubles differ in the last digits from run to run (threads add in another order): that is not a change.
_VALUE_DIFFERS = """(
        (fresh.value is null) <> (latest.value is null)
        -- equal infinite values have no difference that is a number
        or (fresh.value <> latest.value
            and abs(fresh.value - latest.value) > greatest(1e-12, 1e-13 * abs(latest.value)))
        or (fresh.numerator is null) <> (latest.numerator is null)
        or abs(fresh.numerator - latest.numerator)::double > greatest(1e-9, 1e-13 * abs(latest.numerator)::double)
        or (fresh.denominator is null) <> (latest.denominator is null)
        or abs(fresh.denominator - latest.denominator)::double > greatest(1e-9, 1e-13 * abs(latest.denominator)::double)
    )"""

_LATEST = """create or replace temp table latest as
    select
        plan.series,
        stored.*,
        -- the state of the last value that there was: before the tombstone, where there is one now
        first_value(nullif(stored.state, 'removed') ignore nulls) over (
            newest_first rows between unbounded preceding and unbounded following
        ) as valued_state
    from mart.kpi_values as stored
    inner join plan
        on stored.metric = plan.metric
        and stored.grain = plan.grain
        and stored.segment_dimension = plan.segment_dimension
        and stored.period_start >= plan.needed_from
    where stored.period_start >= (select min(needed_from) from plan)
    window newest_first as (
        partition by plan.series, stored.period_start, stored.segment_value, stored.currency
        order by stored.recorded_at desc
    )
    qualify row_number() over newest_first = 1"""


def _base_state(relation: str) -> str:
    """The state that the watermarks alone give to a period."""
    period_end = PERIOD_END.replace("grain", "plan.grain").replace("period_start", f"{relation}.period_start")
    return f"""case
        when {period_end} <= plan.settled_through and {period_end} <= plan.closed_through then 'settled'
        when {period_end} <= plan.closed_through then 'provisional'
        else 'open'
    end"""


_CHANGED = f"""insert into changes
    with totals as (
        select * from latest where segment_dimension = ''
    ),
    compared as (
        select
            fresh.*,
            plan.metric,
            plan.grain,
            plan.segment_dimension,
            plan.definition_hash,
            plan.closed_through as watermark,
            {_base_state("fresh")} as base_state,
            latest.state as old_state,
            latest.valued_state,
            -- a member of a series that was computed before, in a period whose total was settled without it
            plan.segment_dimension <> '' and latest.state is null and known.metric is not null
                and coalesce(total.valued_state in ('settled', 'restated'), false) as is_late_member,
            coalesce(latest.definition_hash = plan.definition_hash, false) as is_same_definition,
            coalesce({_VALUE_DIFFERS}, false) as is_changed,
            latest.n as old_n,
            latest.ci_low as old_ci_low,
            latest.ci_high as old_ci_high,
            coalesce(missing.missing_days, 0) as missing_days,
            coalesce(latest.missing_days, 0) as old_missing_days
        from fresh
        inner join plan using (series)
        left join missing on fresh.series = missing.series and fresh.period_start = missing.period_start
        left join latest on {_SAME_PLACE}
        left join mart.kpi_series as known
            on plan.metric = known.metric
            and plan.grain = known.grain
            and plan.segment_dimension = known.segment_dimension
            and plan.definition_hash = known.definition_hash
        -- by equal columns alone: with a condition on the left side, too, DuckDB compares each row with each
        left join totals as total
            on plan.metric = total.metric
            and plan.grain = total.grain
            and plan.definition_hash = total.definition_hash
            and fresh.period_start = total.period_start
            and fresh.currency = total.currency
    ),
    judged as (
        select
            compared.*,
            case
                when is_late_member and base_state = 'settled' then 'restated'
                -- not settled (any more): a change is the event of mart.kpi_restatements, the state that of the watermarks
                when base_state <> 'settled' or not is_same_definition then base_state
                -- what was reported as missing has changed when it comes back, also to what it was
                when (is_changed or old_state = 'removed') and valued_state in ('settled', 'restated') then 'restated'
                when old_state = 'restated' then 'restated'
                else base_state
            end as state
        from compared
    )
    select
        series, metric, grain, period_start, segment_dimension, segment_value, currency, numerator, denominator, value,
        n, ci_low, ci_high, missing_days, state, definition_hash, watermark, $run_id, $recorded_at::timestamp
    from judged
    where old_state is null
        or old_state = 'removed'
        or is_changed
        or not is_same_definition
        or state <> old_state
        or n is distinct from old_n
        or missing_days <> old_missing_days
        or (ci_low is null) <> (old_ci_low is null)
        or abs(ci_low - old_ci_low) > 1e-12
        or abs(ci_high - old_ci_high) > 1e-12"""

_TODAY = "(select max(today) from mart.clock)"
_VANISHED = f"""insert into changes
    select
        latest.series, latest.metric, latest.grain, latest.period_start, latest.segment_dimension, latest.segment_value,
        latest.currency, null, null, null, null, null, null, null,
        'removed', plan.definition_hash, plan.closed_through, $run_id, $recorded_at::timestamp
    from latest
    inner join plan using (series)
    anti join fresh on {_SAME_PLACE}
    where latest.state <> 'removed'
        -- when data was taken away, today may be earlier than it was: what lies after it is gone, too
        and (latest.period_start between plan.first and plan.last or latest.period_start > {_TODAY})"""

# Values that were not computed again, but whose period has closed, settled or (after a new source) opened since.
_AGED = f"""insert into changes
    with aged as (
        select
            latest.* exclude (missing_days),
            coalesce(missing.missing_days, 0) as missing_days,
            plan.closed_through as new_watermark,
            case
                when latest.state = 'restated' and {_base_state("latest")} = 'settled' then 'restated'
                else {_base_state("latest")}
            end as new_state
        from latest
        inner join plan using (series)
        left join missing on latest.series = missing.series and latest.period_start = missing.period_start
        where latest.state <> 'removed'
            and not coalesce(latest.period_start between plan.first and plan.last, false)
            and latest.period_start <= {_TODAY}
    )
    select
        series, metric, grain, period_start, segment_dimension, segment_value, currency, numerator, denominator, value,
        n, ci_low, ci_high, missing_days, new_state, definition_hash, new_watermark, $run_id, $recorded_at::timestamp
    from aged
    where new_state <> state"""

_REMEMBER = """insert into mart.kpi_series
    select metric, grain, segment_dimension, currency, definition_hash, closed_through, settled_through, $run_id
    from plan
    where not is_gone"""


@dataclass(frozen=True)
class ValueChanges:
    """Rows appended by one computation: in all, of them restated and removed, by metric, and the days among them."""

    appended: int = 0
    restated: int = 0
    removed: int = 0
    per_metric: dict[str, int] = field(default_factory=dict)
    days: list[date] = field(default_factory=list)


def read_known(con: duckdb.DuckDBPyConnection) -> dict[SeriesKey, Known]:
    """How each series was defined, and where time stood, when it was last computed."""
    rows = con.execute(
        """select metric, grain, segment_dimension, definition_hash, currency, closed_through, settled_through
        from mart.kpi_series"""
    ).fetchall()
    return {(row[0], row[1], row[2]): Known(row[3], row[4], Watermark(row[5], row[6])) for row in rows}


def read_latest(con: duckdb.DuckDBPyConnection) -> None:
    """The stored rows that the plan has to see, in the temporary table ``latest``."""
    con.execute(_LATEST)


def append_changes(con: duckdb.DuckDBPyConnection, run_id: str, recorded_at: datetime) -> ValueChanges:
    """Compare ``fresh`` with ``latest`` under ``plan`` (temporary tables) and append the differences."""
    con.execute(f"create or replace temp table changes as select 0 as series, {_COLUMNS} from mart.kpi_values limit 0")
    for statement in (_CHANGED, _VANISHED, _AGED):
        con.execute(statement, {"run_id": run_id, "recorded_at": recorded_at})
    ordered = f"select {_COLUMNS} from changes order by series, segment_value, period_start"
    con.execute(f"insert into mart.kpi_values ({_COLUMNS}) {ordered}")
    con.execute("delete from mart.kpi_series")
    con.execute(_REMEMBER, {"run_id": run_id})
    return _counted(con)


def _counted(con: duckdb.DuckDBPyConnection) -> ValueChanges:
    counted = con.execute(
        """select
            metric,
            count(*),
            count(*) filter (where state = 'restated'),
            count(*) filter (where state = 'removed')
        from changes
        group by metric
        order by metric"""
    ).fetchall()
    days = con.execute("select distinct period_start from changes where grain = 'day' order by period_start").fetchall()
    return ValueChanges(
        appended=sum(row[1] for row in counted),
        restated=sum(row[2] for row in counted),
        removed=sum(row[3] for row in counted),
        per_metric={row[0]: row[1] for row in counted},
        days=[row[0] for row in days],
    )
