"""Run the planned queries into temporary tables and bring them into the shape of `mart.kpi_values`.

answers (one row per metric, grain, period, member, as the compiler returned it)
  -> folded (weeks, months and quarters of foldable metrics, summed from days)
  -> fresh (members labelled, the largest kept, n and interval added)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from metrics.semantic import Query
from metrics.values.plan import Batch, Series

if TYPE_CHECKING:
    import duckdb

    from metrics.semantic import SemanticLayer

MOST_MEMBERS = 50
# 97.5 % quantile of the normal distribution, for 95 % intervals
_Z = 1.959963984540054

_PLAN_COLUMNS = {
    "metric": "text",
    "grain": "text",
    "segment_dimension": "text",
    "kind": "text",
    "n_rule": "text",
    "wilson": "boolean",
    "currency": "text",
    "is_folded": "boolean",
    "definition_hash": "text",
    "closed_through": "date",
    "settled_through": "date",
    "floor": "date",
    "first": "date",
    "last": "date",
}

_ANSWERS = """create or replace temp table answers (
    metric text,
    grain text,
    period_start date,
    segment_dimension text,
    member text,
    numerator decimal(38, 10),
    denominator decimal(38, 10),
    value double,
    observations bigint
)"""

_FOLD = """insert into answers
    select
        answers.metric,
        plan.grain,
        date_trunc(plan.grain, answers.period_start)::date as period_start,
        answers.segment_dimension,
        answers.member,
        sum(answers.numerator) as numerator,
        sum(answers.denominator) as denominator,
        null as value,
        sum(answers.observations) as observations
    from answers
    inner join plan
        on answers.metric = plan.metric
        and answers.segment_dimension = plan.segment_dimension
        and plan.is_folded
        and plan.grain <> 'day'
    group by all"""

# A member that is NULL becomes '(none)', an empty one '(empty)'. Where a member really is called '(none)', parts that add
# up are put together; values that cannot be put together keep apart as '(no value)'.
_FRESH = f"""create or replace temp table fresh as
    with planned as (
        select
            answers.*,
            plan.kind,
            plan.n_rule,
            plan.wilson,
            plan.currency,
            case
                when answers.segment_dimension = '' then ''
                when answers.member is null then case
                    when plan.kind = 'opaque' and bool_or(answers.member = '(none)') over (
                        partition by answers.metric, answers.grain, answers.period_start, answers.segment_dimension
                    ) then '(no value)'
                    else '(none)'
                end
                when answers.member = '' then '(empty)'
                else answers.member
            end as label
        from answers
        inner join plan
            on answers.metric = plan.metric
            and answers.grain = plan.grain
            and answers.segment_dimension = plan.segment_dimension
            and answers.period_start between greatest(plan.first, plan.floor) and plan.last
    ),
    members as (
        select
            metric, grain, period_start, segment_dimension, label, kind, n_rule, wilson, currency,
            sum(numerator) as numerator,
            sum(denominator) as denominator,
            any_value(value) as value,
            sum(observations) as observations
        from planned
        group by all
    ),
    ranked as (
        select
            members.*,
            row_number() over (
                partition by metric, grain, period_start, segment_dimension
                order by coalesce(observations, denominator, numerator, value) desc nulls last, label
            ) as place
        from members
    ),
    kept as (
        select
            metric, grain, period_start, segment_dimension, kind, n_rule, wilson, currency,
            case when place <= {MOST_MEMBERS} then label else 'other' end as segment_value,
            sum(numerator) as numerator,
            sum(denominator) as denominator,
            any_value(value) as value,
            sum(observations) as observations
        from ranked
        where place <= {MOST_MEMBERS} or kind <> 'opaque'
        group by all
    ),
    valued as (
        select
            metric, grain, period_start, segment_dimension, segment_value, currency, numerator, denominator, wilson,
            case kind
                when 'sum' then numerator::double
                when 'ratio' then numerator::double / nullif(denominator, 0)::double
                else value
            end as value,
            case n_rule
                when 'metric' then observations
                when 'denominator' then denominator::bigint
                when 'value' then numerator::bigint
            end as n
        from kept
    )
    select
        metric, grain, period_start, segment_dimension, segment_value, currency, numerator, denominator, value, n,
        case when wilson and n > 0 then
            (value + {_Z * _Z / 2} / n - {_Z} * sqrt(value * (1 - value) / n + {_Z * _Z / 4} / (n * n))) / (1 + {_Z * _Z} / n)
        end as ci_low,
        case when wilson and n > 0 then
            (value + {_Z * _Z / 2} / n + {_Z} * sqrt(value * (1 - value) / n + {_Z * _Z / 4} / (n * n))) / (1 + {_Z * _Z} / n)
        end as ci_high
    from valued
    where value is not null or numerator is not null or denominator is not null"""


def write_plan(con: duckdb.DuckDBPyConnection, series: Sequence[Series]) -> None:
    """The plan as a temporary table, one row per series; ``first`` and ``last`` are NULL where nothing is computed."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in _PLAN_COLUMNS.items())
    con.execute(f"create or replace temp table plan ({columns})")
    insert_rows(con, "plan", [_plan_row(one) for one in series])


def _plan_row(one: Series) -> tuple[Any, ...]:
    window = one.window
    return (
        one.metric,
        one.grain,
        one.segment_dimension,
        one.kind,
        one.n_rule,
        one.interval == "wilson",
        one.currency,
        one.is_folded,
        one.definition_hash,
        one.watermark.closed_through,
        one.watermark.settled_through,
        one.floor,
        window.first if window else None,
        window.last if window else None,
    )


def stage_values(
    con: duckdb.DuckDBPyConnection,
    layer: SemanticLayer,
    batches: Sequence[Batch],
    kinds: dict[str, str],
    say: Callable[[str], None],
) -> None:
    """Answer every batch and build the temporary table ``fresh``. ``kinds``: how the parts of each metric combine."""
    con.execute(_ANSWERS)
    for batch in batches:
        con.execute(_answer_sql(layer, batch, kinds))
    con.execute(_FOLD)
    con.execute(_FRESH)
    say(f"computed {len(kinds)} metrics with {len(batches)} queries")


def _answer_sql(layer: SemanticLayer, batch: Batch, kinds: dict[str, str]) -> str:
    time = f"metric_time__{batch.grain}"
    group_by = [time, batch.group_by] if batch.group_by else [time]
    asked = list(dict.fromkeys([*batch.metrics, *batch.n_metrics.values()]))
    compiled = layer.compile(
        Query(metrics=asked, group_by=group_by, start=batch.first, end=batch.last, parts=True), dialect="duckdb"
    )
    rows = [_metric_rows(batch, metric, time, kinds[metric]) for metric in batch.metrics]
    return f"insert into answers with answer as materialized ({compiled}) " + " union all ".join(rows)


def _metric_rows(batch: Batch, metric: str, time: str, kind: str) -> str:
    numerator, denominator = _parts(metric, kind)
    observations = f'"{batch.n_metrics[metric]}"' if metric in batch.n_metrics else "null"
    member = f'"{batch.group_by}"::text' if batch.group_by else "null"
    dimension = Series.short_name(batch.group_by)
    return f"""select '{metric}', '{batch.grain}', "{time}"::date, '{dimension}', {member},
        {numerator}::decimal(38, 10), {denominator}::decimal(38, 10), "{metric}"::double, {observations}::bigint
    from answer where "{metric}" is not null or "{metric}__numerator" is not null or "{metric}__denominator" is not null"""


def _parts(metric: str, kind: str) -> tuple[str, str]:
    """The columns of numerator and denominator: only where adding them up means something."""
    if kind == "sum":
        return f'"{metric}"', "null"
    return (f'"{metric}__numerator"', f'"{metric}__denominator"') if kind == "ratio" else ("null", "null")


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Collection[Sequence[Any]]) -> None:
    """Insert Python rows with few statements; executemany takes a millisecond per row."""
    waiting = list(rows)
    for start in range(0, len(waiting), 250):
        chunk = waiting[start : start + 250]
        places = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in chunk)
        con.execute(f"insert into {table} values {places}", [value for row in chunk for value in row])
