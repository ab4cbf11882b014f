"""How many of the days that a value covers lack the rows that were to be expected (`fact_days.py` says which days do).

Counted for what is computed in this run only: a day that opens, fills or moves a hole is a date to look at again, like one
whose rows have changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from metrics.values.plan import Series
from metrics.values.rows import insert_rows
from metrics.values.tables import PERIOD_END

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from metrics.catalogue import Catalogue

_END = PERIOD_END.replace("grain", "plan.grain").replace("period_start", "periods.period_start")
# Months are taken off the day after the end, so that the month before March ends with February.
_COUNTED = f"""create or replace temp table missing as
    with periods as (
        select distinct series, period_start from fresh
        union
        select series, period_start from latest where state <> 'removed'
    ),
    bounded as (
        select periods.*, plan.metric, least({_END}, $today) as period_end
        from periods inner join plan using (series)
        semi join metric_gaps on plan.metric = metric_gaps.metric
    ),
    anchored as (
        select bounded.series, bounded.period_start, bounded.metric, spans.*,
            if(spans.anchor = 'last', period_end, bounded.period_start) as from_day,
            if(spans.anchor = 'first', bounded.period_start, period_end) as to_day
        from bounded inner join spans using (metric)
    ),
    covered as (
        select series, period_start, metric,
            (case
                when since = 'beginning' then date '0001-01-01'
                when since <> '' then date_trunc(since, from_day)
                when window_months > 0 then from_day - to_months(window_months) + interval 1 day
                when window_days > 0 then from_day - to_days(window_days - 1)
                else from_day
            end - to_months(shift_months) - to_days(shift_days))::date as first_day,
            (to_day + interval 1 day - to_months(shift_months) - to_days(shift_days) - interval 1 day
                + to_days(ahead_days))::date as last_day
        from anchored
    )
    select covered.series, covered.period_start, count(distinct metric_gaps.day) as missing_days
    from covered
    inner join metric_gaps
        on covered.metric = metric_gaps.metric and metric_gaps.day between covered.first_day and covered.last_day
    group by covered.series, covered.period_start"""

_SPANS = """create or replace temp table spans (
    metric text, anchor text, shift_months integer, shift_days integer, window_months integer, window_days integer,
    since text, ahead_days integer
)"""


def count_missing_days(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, series: Sequence[Series], today: date) -> None:
    """Build the temporary table ``missing`` (series, period_start, missing_days) for ``fresh`` and ``latest``."""
    con.execute(_SPANS)
    rows = [
        (
            name, span.anchor, span.shift_months, span.shift_days, span.window_months, span.window_days, span.since,
            span.ahead_days,
        )
        for name in dict.fromkeys(one.metric for one in series)
        for span in catalogue.lineage[name].definition.spans
    ]  # fmt: skip
    insert_rows(con, "spans", rows)
    con.execute(_COUNTED, {"today": today})
