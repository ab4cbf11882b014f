"""Good news and the end of it: streaks on track, targets newly reached, records; kept append-only.

reached         the value is at or better than the target, for the first time since the KPI is on track again or since the
                target holds: what wavers around its target is not announced each time
streak_broken   at least three judged periods on track in a row have ended in one that is not
record          the best settled value so far, after at least 12 settled periods (4 quarters)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from metrics.values.journal import append_differences
from metrics.values.periods import period_end
from metrics.values.status.judgement import Score
from metrics.values.status_tables import MILESTONE_KEY
from metrics.warehouse import append_rows

if TYPE_CHECKING:
    import duckdb

LEAST_STREAK = 3
LEAST_BEFORE_RECORD = {"day": 12, "week": 12, "month": 12, "quarter": 4}
_SERIES = ("metric", "grain", "segment_dimension", "segment_value")
_USING = ", ".join(_SERIES)


@dataclass(frozen=True)
class Streak:
    """Periods on track in a row up to the last one that was judged. ``since``: the first of them."""

    length: int = 0
    since: date | None = None


@dataclass(frozen=True)
class Event:
    """What happened in one period. ``streak``: the one that it ended."""

    kind: str
    score: Score
    streak: Streak | None = None


def follow(scores: Sequence[Score]) -> tuple[Streak, list[Event]]:
    """The streak at the end of consecutive scores, and what happened on the way.

    Periods that could not be judged neither count nor break a streak; one without a target ends it in silence.
    """
    streak, told, events = Streak(), set[date](), list[Event]()
    for score in scores:
        if score.target is None:
            streak, told = Streak(), set()
        elif score.status == "on_track":
            streak = Streak(streak.length + 1, streak.since or score.start)
            if score.is_reached and score.target.valid_from not in told:
                told.add(score.target.valid_from)
                events.append(Event("reached", score))
        elif score.status in ("at_risk", "off_track"):
            if streak.length >= LEAST_STREAK:
                events.append(Event("streak_broken", score, streak))
            streak, told = Streak(), set()
    return streak, events


def streak_days(streak: Streak, grain: str, latest: date | None) -> int:
    """Days from the first day of the streak to the last day of the latest closed period."""
    return 0 if streak.since is None or latest is None else (period_end(latest, grain) - streak.since).days + 1


@dataclass(frozen=True)
class Series:
    """One line of `mart.kpi_status`: what a record of it needs to know."""

    metric: str
    grain: str
    dimension: str
    member: str
    direction: str
    minimum_n: int
    unit: str
    currency: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Metric, grain, dimension, member."""
        return (self.metric, self.grain, self.dimension, self.member)

    def columns(self, kind: str, start: date) -> dict[str, Any]:
        """What every milestone of the series has."""
        return {
            **dict(zip(_SERIES, self.key, strict=True)),
            "kind": kind,
            "period_start": start,
            "period_end": period_end(start, self.grain),
            "currency": self.currency,
            "unit": self.unit,
            **dict.fromkeys(("value", "target", "previous_best", "streak", "streak_since")),
        }


# Settled values with enough observations; ``score`` grows with what is good.
_RANKED = f"""create or replace temp table ranked_values as
    select {_USING}, current.period_start, current.value, judged.sign * current.value as score,
        max(judged.sign * current.value) over earlier as best_before,
        count(*) over earlier as periods_before,
        judged.least_before, judged.sign
    from mart.kpi_current as current
    inner join temp.judged_series as judged using ({_USING})
    where current.state in ('settled', 'restated') and current.value is not null
        and (current.n is null or current.n >= judged.minimum_n)
    window earlier as (
        partition by {_USING} order by current.period_start rows between unbounded preceding and 1 preceding
    )"""
_BEST = f"""select {_USING}, max(score) * any_value(sign), min_by(period_start, (-score, period_start)), max(period_start)
    from temp.ranked_values group by {_USING}"""
_RECORDS = f"""select {_USING}, period_start, value, sign * best_before
    from temp.ranked_values where score > best_before and periods_before >= least_before"""


@dataclass(frozen=True)
class Best:
    """The best settled value, when it was first reached, and the latest settled period."""

    value: float
    start: date
    latest: date


def read_records(
    con: duckdb.DuckDBPyConnection, series: Sequence[Series]
) -> tuple[dict[tuple[str, str, str, str], Best], list[dict[str, Any]]]:
    """Best value by series, and a row for every record there has been."""
    con.execute(
        """create or replace temp table judged_series (metric text, grain text, segment_dimension text, segment_value text,
        sign double, minimum_n bigint, least_before bigint)"""
    )
    known = {one.key: one for one in series if one.direction in ("up", "down")}
    rows = [
        (*key, 1.0 if one.direction == "up" else -1.0, one.minimum_n, LEAST_BEFORE_RECORD[one.grain])
        for key, one in known.items()
    ]
    append_rows(con, "temp.judged_series", rows)
    con.execute(_RANKED)
    best = {(row[0], row[1], row[2], row[3]): Best(*row[4:]) for row in con.execute(_BEST).fetchall()}
    records = []
    for metric, grain, dimension, member, start, value, previous in con.execute(_RECORDS).fetchall():
        key = (metric, grain, dimension, member)
        news = {"value": value, "previous_best": previous, "is_news": start == best[key].latest}
        records.append({**known[key].columns("record", start), **news})
    con.execute("drop table temp.ranked_values; drop table temp.judged_series")
    return best, records


def event_rows(series: Series, events: Sequence[Event], latest: date | None) -> list[dict[str, Any]]:
    """Rows of `mart.kpi_milestones`; what happened in the ``latest`` closed period is news."""
    return [
        {
            **series.columns(event.kind, event.score.start),
            "value": event.score.point.value,
            "target": event.score.target.value if event.score.target else None,
            "streak": event.streak.length if event.streak else None,
            "streak_since": event.streak.since if event.streak else None,
            "is_news": event.score.start == latest,
        }
        for event in events
    ]


def append_milestones(con: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]], run_id: str) -> int:
    """Append what was not told yet, and a tombstone for what holds no more.

    A row keeps the numbers with which it was told: a value that is corrected a little is no new milestone.
    """
    return append_differences(con, "kpi_milestones", MILESTONE_KEY, (), rows, run_id)
