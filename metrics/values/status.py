"""Status of every KPI at its latest closed (and mature) period: value against target, change, trend.

Attainment is the share of the target that is reached: value / target where up is good, target / value where
down is good. It exists only for positive values and targets; else the comparison alone decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from metrics.values.periods import last_closed_period, period_end, previous_period, same_period_last_year
from metrics.values.rows import insert_rows, one_transaction
from metrics.values.tables import ensure_tables
from metrics.values.watermarks import event_watermarks, metric_watermark

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue, Kpi, Thresholds
    from metrics.workspace import Workspace

Status = Literal["on_track", "at_risk", "off_track", "no_target", "no_data", "too_few"]
_ORDER: tuple[Status, ...] = ("off_track", "at_risk", "on_track")
TREND_PERIODS = 13


@dataclass(frozen=True)
class Point:
    """One stored value."""

    value: float | None
    n: int | None
    state: str


Points = Mapping[date, Point]


@dataclass(frozen=True)
class _Frame:
    """What all rows of one KPI share."""

    direction: str
    unit: str
    currency: str
    closed_through: date | None


def attainment(value: float, target: float, direction: str) -> float | None:
    """Share of the target reached, None where a share means nothing (zero or negative)."""
    if value <= 0 or target <= 0:
        return None
    return value / target if direction == "up" else target / value


def judged(value: float, target: float, direction: str, thresholds: Thresholds, before: Status | None) -> Status:
    """The status of one period; it improves only when the line is passed by the hysteresis."""
    share = attainment(value, target, direction)
    if share is None:
        reached = value >= target if direction == "up" else value <= target
        return "on_track" if reached else "off_track"
    now = _against_lines(share, thresholds.at_risk, thresholds.off_track)
    if before not in _ORDER or _ORDER.index(now) <= _ORDER.index(before):
        return now
    held = _against_lines(share - thresholds.hysteresis, thresholds.at_risk, thresholds.off_track)
    return max(held, before, key=_ORDER.index)


def _against_lines(share: float, at_risk: float, off_track: float) -> Status:
    if share >= at_risk:
        return "on_track"
    return "at_risk" if share >= off_track else "off_track"


def change(value: float | None, base: float | None) -> float | None:
    """Relative change; None without a positive base, because a percentage of nothing or of a loss says nothing."""
    return None if value is None or base is None or base <= 0 else value / base - 1


def write_status(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue) -> int:
    """Rewrite `mart.kpi_status`, one row per connected KPI and grain, and return the number of rows."""
    ensure_tables(con)
    marks = event_watermarks(con, ws)
    points = _read_points(con, sorted(catalogue.kpis))
    rows = []
    for kpi in catalogue.kpis.values():
        if not catalogue.connected(kpi.id):
            continue
        frame = _Frame(
            direction=catalogue.direction(kpi.id),
            unit=catalogue.unit(kpi.id),
            currency=ws.currency if catalogue.unit(kpi.id) == "currency" else "",
            closed_through=metric_watermark(marks, catalogue.lineage[kpi.id].reads).closed_through,
        )
        rows += [_row(kpi, grain, frame, points.get((kpi.id, grain), {})) for grain in kpi.grains]
    with one_transaction(con):
        con.execute("delete from mart.kpi_status")
        insert_rows(con, "mart.kpi_status", rows)
    return len(rows)


def _headline_grain(kpi: Kpi) -> str:
    """The grain that a scorecard shows: that of the latest target, else the month, else the longest."""
    targets = [target for target in kpi.targets if not target.scope]
    if targets:
        return max(targets, key=lambda target: target.from_).grain
    return "month" if "month" in kpi.grains else kpi.grains[-1]


def _read_points(con: duckdb.DuckDBPyConnection, metrics: Sequence[str]) -> dict[tuple[str, str], dict[date, Point]]:
    found: dict[tuple[str, str], dict[date, Point]] = {}
    rows = con.execute(
        """select metric, grain, period_start, value, n, state
        from mart.kpi_current
        where segment_dimension = '' and list_contains($metrics, metric)""",
        {"metrics": list(metrics)},
    ).fetchall()
    for metric, grain, start, value, n, state in rows:
        found.setdefault((metric, grain), {})[start] = Point(value, n, state)
    return found


def _row(kpi: Kpi, grain: str, frame: _Frame, points: Points) -> tuple[Any, ...]:
    direction = frame.direction
    mature = frame.closed_through - timedelta(days=kpi.matures_after_days) if frame.closed_through else None
    start = last_closed_period(mature, grain) if mature else None
    trend = _trend_starts(start, grain) if start else []
    point = points.get(start, Point(None, None, "")) if start else Point(None, None, "")
    target = kpi.target_for(grain, start) if start else None
    wanted = target.value_on(start) if target and start else None
    previous = _value(points, previous_period(start, grain)) if start else None
    last_year = _value(points, same_period_last_year(start, grain)) if start else None
    share = attainment(point.value, wanted, direction) if point.value is not None and wanted is not None else None
    return (
        kpi.id, grain, grain == _headline_grain(kpi), start, period_end(start, grain) if start else None,
        frame.currency, point.value, point.n, point.state or None, wanted, target.stretch if target else None, share,
        status_of(kpi, grain, direction, trend, points), direction, frame.unit, previous,
        change(point.value, previous), last_year, change(point.value, last_year), trend,
        [_value(points, day) for day in trend], frame.closed_through,
    )  # fmt: skip


def status_of(kpi: Kpi, grain: str, direction: str, starts: Sequence[date], points: Points) -> Status:
    """The status at the last of ``starts`` (consecutive closed periods), walked through from the first of them."""
    status: Status = "no_data"
    before: Status | None = None
    for start in starts:
        point, target = points.get(start), kpi.target_for(grain, start)
        if point is None or point.value is None:
            status = "no_data"
        elif point.n is not None and point.n < kpi.minimum_n:
            status = "too_few"
        elif target is None:
            status = "no_target"
        else:
            status = judged(point.value, target.value_on(start), direction, kpi.thresholds, before)
            before = status
    return status


def _trend_starts(latest: date, grain: str) -> list[date]:
    starts = [latest]
    while len(starts) < TREND_PERIODS:
        starts.append(previous_period(starts[-1], grain))
    return starts[::-1]


def _value(points: Points, start: date) -> float | None:
    point = points.get(start)
    return point.value if point else None
