"""Judge every KPI and write what came of it: `mart.kpi_status` anew, scores and milestones appended.

A KPI has one line per grain for the whole company, and one for each segment that has a target of its own. The line says how
the last closed (and mature) period stands, how long it has been on track, its best value, and the pace of the open period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from metrics.catalogue import Finding
from metrics.values.journal import append_differences
from metrics.values.periods import (
    last_closed_period,
    next_period,
    period_end,
    period_start,
    previous_period,
    same_period_last_year,
)
from metrics.values.rows import one_transaction
from metrics.values.status.judgement import Point, Points, Score, Status, change, walk
from metrics.values.status.milestones import (
    Series,
    append_milestones,
    event_rows,
    follow,
    read_records,
    streak_days,
)
from metrics.values.status.pace import NO_PACE, DayParts, open_period, pace_of, read_days
from metrics.values.status.targets import COMPANY, Scope, TargetBook, find_seasons, scope_of
from metrics.values.status_tables import SCORE_KEY
from metrics.values.tables import ensure_tables
from metrics.values.watermarks import event_watermarks, metric_watermark
from metrics.warehouse import append_rows

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue, Kpi
    from metrics.workspace import Workspace

TREND_PERIODS = 13
_COMPARED = (
    "currency", "value", "n", "target", "floor", "stretch", "target_valid_from", "path", "attainment", "status", "direction",
    "at_risk", "off_track", "hysteresis", "minimum_n",
)  # fmt: skip


@dataclass(frozen=True)
class StatusReport:
    """Rows of kpi_status; scores and milestones appended; targets that cannot be used, and why."""

    rows: int
    scored: int
    milestones: int
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _Line:
    """One KPI at one grain, for the company or a segment."""

    kpi: Kpi
    series: Series
    additivity: str
    closed_through: date | None
    points: Points

    @property
    def scope(self) -> Scope:
        return (self.series.dimension, self.series.member)

    @property
    def latest(self) -> date | None:
        """The last closed period that is mature."""
        if self.closed_through is None:
            return None
        return last_closed_period(self.closed_through - timedelta(days=self.kpi.matures_after_days), self.series.grain)


def write_status(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue, run_id: str = "") -> StatusReport:
    """Judge every connected KPI; what is judged as it was before appends nothing. ``run_id``: of the rows appended."""
    ensure_tables(con)
    with one_transaction(con):
        book = find_seasons(con, catalogue, run_id)
        lines = list(_lines(con, ws, catalogue))
        best, milestones = read_records(con, [line.series for line in lines])
        paces = _paces(con, lines, book)
        rows, scored = [], []
        for line, pace in zip(lines, paces, strict=True):
            targets = book.of(line.kpi, line.series.grain, line.scope)
            scores = walk(line.kpi, line.series.direction, _starts(line), line.points, targets)
            streak, events = follow(scores)
            milestones += event_rows(line.series, events, line.latest)
            scored += [_score_row(line, score) for score in scores if score.target is not None]
            record = best.get(line.series.key)
            rows.append(
                {
                    **_row(line, scores[-1] if scores else None, ws.history_start),
                    **pace,
                    "streak": streak.length,
                    "streak_since": streak.since,
                    "streak_days": streak_days(streak, line.series.grain, line.latest),
                    "best_value": record.value if record else None,
                    "best_period_start": record.start if record else None,
                }
            )
        _rewrite(con, rows)
        appended = append_differences(con, "kpi_status_history", SCORE_KEY, _COMPARED, scored, run_id)
        told = append_milestones(con, milestones, run_id)
    return StatusReport(len(rows), appended, told, book.findings)


def _lines(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue) -> Iterator[_Line]:
    marks = event_watermarks(con, ws)
    kpis = [kpi for kpi in catalogue.kpis.values() if catalogue.connected(kpi.id)]
    points = _read_points(con, kpis)
    for kpi in kpis:
        closed = metric_watermark(marks, catalogue.lineage[kpi.id].reads).closed_through
        unit = catalogue.unit(kpi.id)
        for grain in kpi.grains:
            scopes = dict.fromkeys([COMPANY, *(scope_of(one) for one in kpi.targets if one.grain == grain)])
            for scope in scopes:
                series = Series(
                    kpi.id, grain, *scope, catalogue.direction(kpi.id), kpi.minimum_n, unit,
                    ws.currency if unit == "currency" else "",
                )  # fmt: skip
                additivity = str(catalogue.metric(kpi.id).meta.get("additivity"))
                yield _Line(kpi, series, additivity, closed, points.get(series.key, {}))


def _read_points(con: duckdb.DuckDBPyConnection, kpis: Sequence[Kpi]) -> dict[tuple[str, str, str, str], dict[date, Point]]:
    """Values by series: of the company, and of the dimensions that some target is for."""
    dimensions = {scope_of(target)[0] for kpi in kpis for target in kpi.targets}
    rows = con.execute(
        """select metric, grain, segment_dimension, segment_value, period_start, value, n, state
        from mart.kpi_current
        where list_contains($dimensions, segment_dimension) and list_contains($metrics, metric)""",
        {"dimensions": sorted({"", *dimensions}), "metrics": sorted(kpi.id for kpi in kpis)},
    ).fetchall()
    found: dict[tuple[str, str, str, str], dict[date, Point]] = {}
    for metric, grain, dimension, member, start, value, n, state in rows:
        found.setdefault((metric, grain, dimension, member), {})[start] = Point(value, n, state)
    return found


def _paces(con: duckdb.DuckDBPyConnection, lines: Sequence[_Line], book: TargetBook) -> list[dict[str, Any]]:
    """The pace columns of every line. Only lines with a target in the open period have one."""
    targets = [
        book.on(line.kpi, line.series.grain, line.scope, open_period(line.closed_through, line.series.grain))
        if line.closed_through
        else None
        for line in lines
    ]
    asked = [line for line, target in zip(lines, targets, strict=True) if target is not None]
    earliest = min((line.closed_through for line in asked if line.closed_through), default=None)
    days = read_days(con, {line.kpi.id for line in asked}, earliest) if earliest else {}
    gaps: dict[str, set[date]] = {}
    for metric, day in con.execute("select metric, day from mart.kpi_gaps").fetchall():
        gaps.setdefault(metric, set()).add(day)
    return [
        NO_PACE
        if target is None or line.closed_through is None
        else pace_of(
            line.kpi, line.additivity, line.series.direction, line.series.grain, line.closed_through,
            _of_series(days, line), target, gaps.get(line.kpi.id, ()),
        )
        for line, target in zip(lines, targets, strict=True)
    ]  # fmt: skip


def _of_series(days: Mapping[tuple[str, str, str], dict[date, DayParts]], line: _Line) -> dict[date, DayParts]:
    return days.get((line.kpi.id, *line.scope), {})


def _starts(line: _Line) -> list[date]:
    """The closed periods to judge: from the first with a value and a target, at least the latest."""
    latest, grain = line.latest, line.series.grain
    if latest is None:
        return []
    mine = [target.from_ for target in line.kpi.targets if target.grain == grain and scope_of(target) == line.scope]
    first = max(min(mine), min(line.points)) if mine and line.points else latest
    start = min(period_start(first, grain), latest)
    found = []
    while start <= latest:
        found.append(start)
        start = next_period(start, grain)
    return found


def _row(line: _Line, score: Score | None, history_start: date) -> dict[str, Any]:
    kpi, series, points = line.kpi, line.series, line.points
    grain, start = series.grain, line.latest
    point = score.point if score else Point(None, None, "")
    target = score.target if score else None
    trend = _trend_starts(start, grain) if start else []
    previous = _value(points, previous_period(start, grain)) if start else None
    last_year = _value(points, same_period_last_year(start, grain)) if start else None
    return {
        "metric": kpi.id,
        "grain": grain,
        "segment_dimension": series.dimension,
        "segment_value": series.member,
        "is_headline": line.scope == COMPANY and grain == _headline_grain(kpi),
        "period_start": start,
        "period_end": period_end(start, grain) if start else None,
        "currency": series.currency,
        "value": point.value,
        "n": point.n,
        "state": point.state or None,
        "target": target.value if target else None,
        "floor": target.floor if target else None,
        "stretch": target.stretch if target else None,
        "attainment": score.attainment if score else None,
        "status": _status(line, score, history_start),
        "direction": series.direction,
        "unit": series.unit,
        "previous_value": previous,
        "change": change(point.value, previous),
        "last_year_value": last_year,
        "change_last_year": change(point.value, last_year),
        "trend_starts": trend,
        "trend_values": [_value(points, day) for day in trend],
        "watermark": line.closed_through,
    }


def _status(line: _Line, score: Score | None, history_start: date) -> Status:
    """The status of the latest mature period; too early where periods have closed, but none is mature."""
    if score is None:
        return "no_data"
    grain, closed = line.series.grain, line.closed_through
    if score.status == "no_data" and line.kpi.matures_after_days and closed and score.start < history_start:
        return "too_early" if last_closed_period(closed, grain) >= period_start(history_start, grain) else "no_data"
    return score.status


def _score_row(line: _Line, score: Score) -> dict[str, Any]:
    series, lines, target = line.series, line.kpi.thresholds, score.target
    return {
        "metric": series.metric,
        "grain": series.grain,
        "segment_dimension": series.dimension,
        "segment_value": series.member,
        "period_start": score.start,
        "period_end": period_end(score.start, series.grain),
        "currency": series.currency,
        "value": score.point.value,
        "n": score.point.n,
        "target": target.value if target else None,
        "floor": target.floor if target else None,
        "stretch": target.stretch if target else None,
        "target_valid_from": target.valid_from if target else None,
        "path": target.path if target else None,
        "attainment": score.attainment,
        "status": score.status,
        "direction": series.direction,
        "at_risk": lines.at_risk,
        "off_track": lines.off_track,
        "hysteresis": lines.hysteresis,
        "minimum_n": line.kpi.minimum_n,
    }


def _rewrite(con: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    con.execute("delete from mart.kpi_status")
    columns = [name for name, *_ in con.execute("describe mart.kpi_status").fetchall()]
    append_rows(con, "mart.kpi_status", [[row[name] for name in columns] for row in rows])


def _headline_grain(kpi: Kpi) -> str:
    """The grain that a scorecard shows: that of the latest target, else the month, else the longest."""
    targets = [target for target in kpi.targets if not target.scope]
    if targets:
        return max(targets, key=lambda target: target.from_).grain
    return "month" if "month" in kpi.grains else kpi.grains[-1]


def _trend_starts(latest: date, grain: str) -> list[date]:
    starts = [latest]
    while len(starts) < TREND_PERIODS:
        starts.append(previous_period(starts[-1], grain))
    return starts[::-1]


def _value(points: Points, start: date) -> float | None:
    point = points.get(start)
    return point.value if point else None
