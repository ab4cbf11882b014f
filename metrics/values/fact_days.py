"""Which days of each fact have rows, what they hold (a digest), and which closed days lack rows that were to be expected.

A day without rows is *missing* when its fact has rows on nearly every such weekday: among the same weekdays of the year up
to the last one with rows before the hole there are four at least, and no more than one of them, or a tenth, came after a
hole. Judged by what lies before it, a hole is no measure of itself, however long it is. A fact that is often silent misses
nothing, and neither does a weekend on which nobody works, nor a holiday of the workspace.
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

_MISSING_DAYS = f"""insert into fact_days_now
    with days as (
        select fact_days_now.fact, day, closed_through,
            lag(day) over same_weekday as day_before,
            lead(day) over same_weekday as day_after
        from fact_days_now
        inner join fact_closed using (fact)
        where day <= closed_through
        window same_weekday as (partition by fact_days_now.fact, isodow(day) order by day)
    ),
    judged as (
        select fact, day, coalesce(day_after, closed_through + 1) as until,
            count(*) over a_year as weekdays,
            count(*) filter (where day - day_before > 7) over a_year as holes
        from days
        window a_year as (
            partition by fact, isodow(day) order by day range between interval 364 days preceding and current row
        )
    ),
    missing as (
        select fact, unnest(generate_series(day + 7, until - 1, interval 7 day))::date as day
        from judged
        where until > day + 7 and weekdays >= 4 and holes <= greatest(1, weekdays // 10)
    )
    select fact, day, {_MISSING} from missing where not list_contains($holidays::date[], day)"""

_METRIC_GAPS = f"""create or replace temp table metric_gaps as
    select distinct metric, day
    from fact_days_now inner join metric_facts using (fact)
    where digest = {_MISSING}"""


def read_fact_days(
    con: duckdb.DuckDBPyConnection, ws: Workspace, layer: SemanticLayer, catalogue: Catalogue
) -> dict[str, set[str]]:
    """Fill temp.fact_days_now (fact, day, digest) and temp.metric_gaps (metric, day); return the facts of each metric."""
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
    con.execute("create or replace temp table fact_days_now (fact text, day date, digest hugeint)")
    bounds: dict[str, date] = {"today": workspace_today(con), "history_start": ws.history_start}
    insert_rows(con, "fact_days_now", [(name, bounds[name], 1) for name in BOUNDS])
    names = {}
    for fact, targets in sorted(wanted.items(), key=lambda item: item[0]):
        digest = layer.digest(fact, targets)
        names[fact] = digest.name
        con.execute(f"insert into fact_days_now select $fact, day, digest from ({digest.sql})", {"fact": digest.name})
    return names
