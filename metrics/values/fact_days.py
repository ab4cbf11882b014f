"""Which days of each fact have rows, what they hold (a digest), and which closed days lack rows that were to be expected.

A day without rows is *missing* when chance does not explain it, judged by the year up to the last such weekday with rows
before the hole: a hole is no measure of itself, however long it is. Its weekday usually has rows (four times at least, and
no more than half of them after a hole), and

- no row at all has a probability of 1 in 3650 at most, by the mean and variance of the rows on that weekday (Poisson's, or
  wider: negative binomial) or, where they vary by less than half of chance, on all days (binomial), and the fact was silent
  no more than once in 45 days; or
- rows are few and steady, such as one a day, for 35 days at least, and never silent.

Of a fact that is empty by chance the first gives 0.1 false alarms a year; the second at most x exp(-x) <= 0.37, where x days
a year are empty: it holds until the first of them and then not for a year. A fact that is often silent misses nothing, and
neither does a weekend on which nobody works, nor a holiday of the workspace. Simulated: docs/kpi-decisions.md.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from metrics.values.rows import insert_rows, workspace_today
from metrics.values.watermarks import event_watermarks, metric_watermark

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.semantic import SemanticLayer
    from metrics.semantic.fact_days import FactDate
    from metrics.semantic.joins import Target
    from metrics.workspace import Workspace

# Facts of every metric: between an old and a new bound of time, values appear, move into their period or vanish.
BOUNDS = ("today", "history_start")
_MISSING = 0  # the digest of a day that lacks its rows; rows hash to anything else

_RAREST = 1 / 3650  # probability of an empty day: one in ten years
_DAYS_A_SILENCE = 45  # one may be a public holiday that nobody has listed; a fact that is silent more often misses nothing
_STEADY_DAYS = 35

_MISSING_DAYS = f"""insert into fact_days_now (fact, day, digest)
    with days as (
        select fact_days_now.fact, day, row_count, closed_through,
            lag(day) over same_weekday as day_before,
            lead(day) over same_weekday as day_after
        from fact_days_now
        inner join fact_closed using (fact)
        where day <= closed_through
        window same_weekday as (partition by fact_days_now.fact, isodow(day) order by day)
    ),
    after_holes as (
        select * exclude (day_before, day_after), coalesce(day_after, closed_through + 1) as until,
            day - day_before > 7 and not list_has_all(
                $holidays::date[], generate_series(day_before + 7, day - 7, interval 7 day)::date[]
            ) as is_after_hole
        from days
    ),
    by_weekday as (
        select *,
            count(*) over a_year as weekdays,
            count(*) filter (where is_after_hole) over a_year as holes,
            avg(row_count) over a_year as mean,
            var_samp(row_count) over a_year as variance
        from after_holes
        window a_year as (
            partition by fact, isodow(day) order by day range between interval 364 days preceding and current row
        )
    ),
    -- a silence of several days shows on as many weekdays, one after the other
    spells as (
        select *,
            is_after_hole and 2 * holes <= weekdays and not coalesce(
                bool_or(is_after_hole and 2 * holes <= weekdays) over (
                    partition by fact order by day
                    range between interval 6 days preceding and interval 1 day preceding
                ), false
            ) as is_after_spell
        from by_weekday
    ),
    judged as (
        select *,
            count(*) over a_year as known_days,
            count(*) filter (where is_after_spell) over a_year as silences,
            avg(row_count) over a_year as mean_of_all,
            -- rows that were the same on n days may differ on the next
            greatest(var_samp(row_count) over a_year, mean_of_all / known_days) as variance_of_all,
            known_days >= {_STEADY_DAYS} and variance_of_all <= mean_of_all / 2 as is_steady,
            case when is_steady then
                exp(ln(variance_of_all / mean_of_all) * mean_of_all * mean_of_all / (mean_of_all - variance_of_all))
            end as chance_if_steady,
            case
                when variance <= mean then exp(-mean)
                else exp(ln(mean / variance) * mean * mean / (variance - mean))
            end as chance
        from spells
        window a_year as (partition by fact order by day range between interval 364 days preceding and current row)
    ),
    missing as (
        select fact, unnest(generate_series(day + 7, until - 1, interval 7 day))::date as day
        from judged
        where until > day + 7
            and weekdays >= 4
            and 2 * holes <= weekdays
            and (
                (least(chance, chance_if_steady) <= {_RAREST} and silences <= 1 + known_days / {_DAYS_A_SILENCE})
                or (is_steady and silences = 0)
            )
    )
    select fact, day, {_MISSING} from missing where not list_contains($holidays::date[], day)"""

_METRIC_GAPS = f"""create or replace temp table metric_gaps as
    select distinct metric, day
    from fact_days_now inner join metric_facts using (fact)
    where digest = {_MISSING}"""


def read_fact_days(
    con: duckdb.DuckDBPyConnection, ws: Workspace, layer: SemanticLayer, catalogue: Catalogue
) -> dict[str, set[str]]:
    """Return the facts of each metric.

    Fills temp.fact_days_now (fact, day, digest, row_count) and temp.metric_gaps (metric, day).
    """
    metrics = [metric for metric in catalogue.metrics if catalogue.connected(metric)]
    reads = {metric: _facts(layer, catalogue, metric) for metric in metrics}
    names = _digest_facts(con, ws, layer, reads)
    facts = {metric: {names[fact] for fact in reads[metric]} for metric in metrics}
    marks = event_watermarks(con, ws)
    closed: dict[str, date] = {}
    for metric in metrics:
        day = metric_watermark(marks, catalogue.lineage[metric].reads).closed_through
        # A fact is as far as the metric that waits for nothing else.
        for fact in facts[metric] if day else ():
            closed[fact] = max(day, closed.get(fact, day)) if day else closed[fact]
    con.execute("create or replace temp table fact_closed (fact text, closed_through date)")
    insert_rows(con, "fact_closed", list(closed.items()))
    con.execute("create or replace temp table metric_facts (metric text, fact text)")
    insert_rows(con, "metric_facts", [(metric, fact) for metric in metrics for fact in sorted(facts[metric])])
    con.execute(_MISSING_DAYS, {"holidays": list(ws.holidays)})
    con.execute(_METRIC_GAPS)
    return facts


def _facts(layer: SemanticLayer, catalogue: Catalogue, metric: str) -> dict[FactDate, frozenset[Target]]:
    """What a metric reads in any of its segments, and what counts its observations."""
    n_metric = catalogue.metric(metric).meta.get("n")
    found: dict[FactDate, frozenset[Target]] = {}
    for name in (metric, *([n_metric] if n_metric else []), *catalogue.interval(metric).counted):
        for fact, targets in layer.facts(name, catalogue.segments(metric)).items():
            found[fact] = found.get(fact, frozenset()) | targets
    return found


def _digest_facts(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    layer: SemanticLayer,
    reads: dict[str, dict[FactDate, frozenset[Target]]],
) -> dict[FactDate, str]:
    """Fill temp.fact_days_now; return the name of each fact there."""
    wanted: dict[FactDate, frozenset[Target]] = {}
    for facts in reads.values():
        for fact, targets in facts.items():
            wanted[fact] = wanted.get(fact, frozenset()) | targets
    con.execute("create or replace temp table fact_days_now (fact text, day date, digest hugeint, row_count bigint)")
    bounds: dict[str, date] = {"today": workspace_today(con), "history_start": ws.history_start}
    insert_rows(con, "fact_days_now", [(name, bounds[name], 1, None) for name in BOUNDS])
    names = {}
    for fact, targets in sorted(wanted.items(), key=lambda item: item[0]):
        digest = layer.digest(fact, targets)
        names[fact] = digest.name
        con.execute(
            f"insert into fact_days_now select $fact, day, digest, row_count from ({digest.sql})", {"fact": digest.name}
        )
    return names
