"""Run the planned queries into temporary tables and bring them into the shape of `mart.kpi_values`.

plan     one row per series, numbered; answers come from a *source*: the query's metric, grain and dimension
answers  one row per source, period and member, as the compiler returned it
members  one row per series, period and label: folded to the series' grain, labelled, parts put together
fresh    the largest members of each period, with value, n and interval
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metrics.errors import RunError
from metrics.semantic import Query
from metrics.values.plan import ALL_TIME, Batch, Known, Series, SeriesKey
from metrics.values.rows import insert_rows

if TYPE_CHECKING:
    import duckdb

    from metrics.semantic import SemanticLayer

MOST_MEMBERS = 50
# 97.5 % quantile of the normal distribution, for the intervals of 95 % of metrics.catalogue.intervals
_Z = 1.959963984540054
_Z2 = _Z * _Z

_PLAN_COLUMNS = {
    "series": "integer",
    "source": "integer",
    "metric": "text",
    "grain": "text",
    "segment_dimension": "text",
    "kind": "text",
    "n_rule": "text",
    "interval_kind": "text",
    "scale": "double",
    "currency": "text",
    "definition_hash": "text",
    "closed_through": "date",
    "settled_through": "date",
    "floor": "date",
    "first": "date",
    "last": "date",
    "needed_from": "date",
    "is_gone": "boolean",
}

# Filled by the statements of `answer_sql`.
ANSWERS = """create or replace temp table answers (
    source integer,
    period_start date,
    member text,
    numerator decimal(38, 10),
    denominator decimal(38, 10),
    value double,
    observations bigint,
    not_neutral bigint
)"""

# A member that is NULL becomes '(none)', an empty one '(empty)'. Where a member really is called so, parts that add up are
# put together; values that cannot be put together keep apart as '(no value)' and '(no text)'.
_MEMBERS = """create or replace temp table members as
    with clashes as (
        select
            answers.source,
            answers.period_start,
            bool_or(answers.member = '(none)') as has_none,
            bool_or(answers.member = '(empty)') as has_empty
        from answers
        inner join plan on answers.source = plan.source and plan.kind = 'opaque'
        where answers.member in ('(none)', '(empty)')
        group by answers.source, answers.period_start
    ),
    labelled as (
        select
            plan.series,
            case plan.grain
                when 'day' then answers.period_start
                when 'week' then date_trunc('week', answers.period_start)::date
                when 'month' then date_trunc('month', answers.period_start)::date
                else date_trunc('quarter', answers.period_start)::date
            end as period_start,
            case
                when plan.segment_dimension = '' then ''
                when answers.member is null then if(clashes.has_none, '(no value)', '(none)')
                when answers.member = '' then if(clashes.has_empty, '(no text)', '(empty)')
                else answers.member
            end as label,
            plan.kind,
            plan.floor,
            plan.first,
            plan.last,
            answers.numerator,
            answers.denominator,
            answers.value,
            answers.observations,
            answers.not_neutral
        from answers
        inner join plan on answers.source = plan.source
        left join clashes on answers.source = clashes.source and answers.period_start = clashes.period_start
    )
    select
        series,
        period_start,
        label,
        sum(numerator) as numerator,
        -- members of one label are shares of one whole
        if(any_value(kind) = 'share', max(denominator), sum(denominator)) as denominator,
        any_value(value) as value,
        sum(observations) as observations,
        sum(not_neutral) as not_neutral
    from labelled
    where period_start between greatest(first, floor) and last
    group by series, period_start, label"""

_FRESH = f"""create or replace temp table fresh as
    with crowded as (
        select series, period_start
        from members
        group by series, period_start
        having count(*) > {MOST_MEMBERS}
    ),
    ranked as (
        select
            members.*,
            plan.kind,
            row_number() over (
                partition by members.series, members.period_start
                order by if(plan.kind = 'share', members.numerator,
                    coalesce(members.observations, members.denominator, members.numerator, members.value)) desc
                    nulls last, members.label
            ) as place
        from members
        inner join plan using (series)
        semi join crowded on members.series = crowded.series and members.period_start = crowded.period_start
    ),
    kept as (
        select members.*
        from members
        anti join crowded on members.series = crowded.series and members.period_start = crowded.period_start
        union all
        select
            series,
            period_start,
            if(place <= {MOST_MEMBERS}, label, 'other') as label,
            sum(numerator) as numerator,
            if(any_value(kind) = 'share', max(denominator), sum(denominator)) as denominator,
            any_value(value) as value,
            sum(observations) as observations,
            sum(not_neutral) as not_neutral
        from ranked
        where place <= {MOST_MEMBERS} or kind <> 'opaque'
        group by all
    ),
    valued as (
        select
            kept.series,
            kept.period_start,
            kept.label as segment_value,
            plan.currency,
            kept.numerator,
            kept.denominator,
            case plan.kind
                when 'sum' then kept.numerator::double
                when 'share' then kept.numerator::double / nullif(kept.denominator, 0)::double
                when 'ratio' then kept.numerator::double / nullif(kept.denominator, 0)::double
                else kept.value
            end as value,
            case plan.n_rule
                when 'metric' then kept.observations
                when 'denominator' then kept.denominator::bigint
                when 'value' then kept.numerator::bigint
            end as n,
            kept.not_neutral,
            plan.interval_kind,
            plan.scale
        from kept
        inner join plan using (series)
        where coalesce(kept.value, kept.numerator::double, kept.denominator::double) is not null
    ),
    spread as (
        select
            valued.*,
            interval_kind = 'wilson' and n > 0 and value between 0 and 1 as is_share,
            -- per answer, of one that is 1, 0 or -1
            case when interval_kind = 'nps' and n > 0 then not_neutral / n - power(value / scale, 2) end as variance
        from valued
    ),
    with_interval as (
        select
            spread.*,
            case
                when is_share then (value + {_Z2} / 2 / n) / (1 + {_Z2} / n)
                -- answers that are all the same say nothing about how far others may lie
                when variance > 1e-12 then value
            end as centre,
            case
                when is_share then {_Z} * sqrt(value * (1 - value) / n + {_Z2} / 4 / (n * n)) / (1 + {_Z2} / n)
                when variance > 1e-12 then {_Z} * sqrt(variance / n) * scale
            end as half_width,
            if(interval_kind = 'nps', scale, 'infinity'::double) as bound
        from spread
    )
    select
        series, period_start, segment_value, currency, numerator, denominator, value, n,
        if(centre is null, null, greatest(centre - half_width, -bound)) as ci_low,
        if(centre is null, null, least(centre + half_width, bound)) as ci_high
    from with_interval"""


def write_plan(
    con: duckdb.DuckDBPyConnection, series: Sequence[Series], known: Mapping[SeriesKey, Known]
) -> dict[SeriesKey, int]:
    """The plan as a temporary table; returns the number of each source.

    ``first`` and ``last`` are NULL where nothing is computed. Series of ``known`` that are not planned any more are gone:
    their rows will vanish.
    """
    columns = ", ".join(f'"{name}" {kind}' for name, kind in _PLAN_COLUMNS.items())
    con.execute(f"create or replace temp table plan ({columns})")
    sources = {source: number for number, source in enumerate(dict.fromkeys(one.source for one in series))}
    rows = [(number, *_plan_row(one, sources[one.source])) for number, one in enumerate(series)]
    gone = known.keys() - {one.key for one in series}
    rows += [(len(rows) + place, *_gone_row(key, known[key])) for place, key in enumerate(sorted(gone))]
    insert_rows(con, "plan", rows)
    return sources


def _plan_row(one: Series, source: int) -> tuple[Any, ...]:
    first, last = (one.window.first, one.window.last) if one.window else (None, None)
    return (
        source, *one.key, one.kind, one.n_rule, one.interval.kind, one.interval.scale, one.currency, one.definition_hash,
        one.watermark.closed_through, one.watermark.settled_through, one.floor, first, last, one.needed_from, False,
    )  # fmt: skip


def _gone_row(key: SeriesKey, known: Known) -> tuple[Any, ...]:
    first, last, mark = ALL_TIME.first, ALL_TIME.last, known.watermark
    return (
        None, *key, "opaque", "unknown", "", 1.0, known.currency, known.definition_hash,
        mark.closed_through, mark.settled_through, first, first, last, first, True,
    )  # fmt: skip


def stage_values(
    con: duckdb.DuckDBPyConnection,
    layer: SemanticLayer,
    series: Sequence[Series],
    batches: Sequence[Batch],
    sources: Mapping[SeriesKey, int],
    say: Callable[[str], None],
) -> None:
    """Answer every batch and build the temporary table ``fresh``."""
    kinds = {one.metric: str(one.kind) for one in series}
    con.execute(ANSWERS)
    for batch in batches:
        _answer(con, batch, answer_sql(layer, batch, kinds, sources))
    shape_values(con)
    _refuse_not_a_number(con)
    say(f"computed {len({metric for batch in batches for metric in batch.metrics})} metrics with {len(batches)} queries")


def _answer(con: duckdb.DuckDBPyConnection, batch: Batch, statement: str) -> None:
    import duckdb

    try:
        con.execute(statement)
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
        # The rows of facts may be personal data: only DuckDB's own first words are told.
        reason = str(error).split("(", 1)[0].split("\n", 1)[0].strip()
        raise RunError(
            f"mart.kpi_values: {', '.join(batch.metrics)} by {batch.grain} cannot be stored: {reason}. Expected numbers of"
            " at most 28 digits before the point. Look for larger ones, and for NaN or infinity, in the columns they add up."
        ) from error


def _refuse_not_a_number(con: duckdb.DuckDBPyConnection) -> None:
    """NaN compares with nothing: no target, no swing and no restatement would ever see it."""
    found = con.execute(
        """select plan.metric, min(fresh.period_start) from fresh inner join plan using (series)
        where isnan(fresh.value) group by plan.metric order by plan.metric"""
    ).fetchall()
    if found:
        told = ", ".join(f"{metric} (from {start})" for metric, start in found)
        raise RunError(
            f"mart.kpi_values: not a number (NaN): {told}. Expected numbers. Look for NaN in the columns they are made from."
        )


def shape_values(con: duckdb.DuckDBPyConnection) -> None:
    """From ``plan`` and ``answers`` to ``fresh``: folded, labelled, with value, n and interval."""
    con.execute(_MEMBERS)
    con.execute(_FRESH)


def answer_sql(layer: SemanticLayer, batch: Batch, kinds: Mapping[str, str], sources: Mapping[SeriesKey, int]) -> str:
    """One statement that appends the answer of a batch to ``answers``."""
    time = f"metric_time__{batch.grain}"
    group_by = [time, batch.group_by] if batch.group_by else [time]
    beside = [*batch.n_metrics.values(), *(name for counted in batch.counted.values() for name in counted)]
    asked = list(dict.fromkeys([*batch.metrics, *beside]))
    # From the facts: what has changed is found in them, and reading the daily tables was not faster (2.7 s against 2.3 s of
    # CPU for all history of the demo company at a tenth of its size, with the same values).
    compiled = layer.compile(
        Query(metrics=asked, group_by=group_by, start=batch.first, end=batch.last, parts=True, raw=True), dialect="duckdb"
    )
    rows = [
        _metric_rows(batch, metric, time, kinds[metric], sources[metric, batch.grain, batch.group_by])
        for metric in batch.metrics
    ]
    return f"insert into answers with answer as materialized ({compiled}) " + " union all ".join(rows)


def _metric_rows(batch: Batch, metric: str, time: str, kind: str, source: int) -> str:
    numerator, denominator = _parts(metric, kind)
    observations = f'"{batch.n_metrics[metric]}"' if metric in batch.n_metrics else "null"
    # One of the two may be missing where nobody gave such an answer.
    counted = " + ".join(f'coalesce("{name}", 0)' for name in batch.counted.get(metric, ())) or "null"
    member = f'"{batch.group_by}"::text' if batch.group_by else "null"
    return f"""select {source}, "{time}"::date, {member}, {numerator}::decimal(38, 10), {denominator}::decimal(38, 10),
        "{metric}"::double, {observations}::bigint, ({counted})::bigint
    from answer
    where coalesce("{metric}"::double, "{metric}__numerator"::double, "{metric}__denominator"::double) is not null"""


def _parts(metric: str, kind: str) -> tuple[str, str]:
    """The columns of numerator and denominator: only where adding them up means something."""
    if kind == "sum":
        return f'"{metric}"', "null"
    return (f'"{metric}__numerator"', f'"{metric}__denominator"') if kind in ("ratio", "share") else ("null", "null")
