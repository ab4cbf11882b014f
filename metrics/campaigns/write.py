"""Ask the semantic layer once per grain for every number by channel and campaign, judge three of them, write the table.

Rows are those of any fact: a campaign that cost and brought no visit stays, and one that brought visits and cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from math import floor
from typing import TYPE_CHECKING, Any

from metrics.campaigns.table import COLUMNS, DIMENSIONS, GRAINS, JUDGED, MEASURES, TABLE, ensure_campaign_table
from metrics.semantic import Query
from metrics.values.periods import last_closed_period, next_period, period_end, period_start
from metrics.values.rows import one_transaction
from metrics.values.status import PeriodTarget, Point, Status, TargetBook, read_target_book, walk
from metrics.values.watermarks import event_watermarks, metric_watermark
from metrics.warehouse import append_rows

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue, Kpi
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace

Member = tuple[str | None, str | None]  # channel and campaign, None where the source names none
Answers = dict[Member, dict[date, dict[str, Any]]]
Verdict = tuple[PeriodTarget | None, str | None, Status]


def write_campaigns(con: duckdb.DuckDBPyConnection, ws: Workspace, layer: SemanticLayer, catalogue: Catalogue) -> int:
    """Rewrite `mart.campaign_performance`; return its rows. Needs the seasons that the status has stored.

    A metric that is not connected, or that a campaign cannot be told of, leaves its column NULL.
    """
    asked = [name for name in (*MEASURES, *JUDGED) if _is_by_campaign(layer, catalogue, name)]
    closed = _closed_through(con, ws, catalogue, asked)
    with one_transaction(con):
        book = read_target_book(con)
        ensure_campaign_table(con)
        if closed is None:
            return 0
        rows: list[dict[str, Any]] = []
        for grain in GRAINS:
            first = period_start(ws.history_start, grain)
            last = last_closed_period(closed, grain)
            if first > last:
                continue
            answers = _ask(con, layer, catalogue, asked, grain, (first, period_end(last, grain)))
            for member, periods in answers.items():
                rows += _rows(ws, catalogue, book, asked, grain, closed, member, periods)
        append_rows(con, f"mart.{TABLE}", [[row.get(name) for name in COLUMNS] for row in sorted(rows, key=_order)])
    return len(rows)


def _is_by_campaign(layer: SemanticLayer, catalogue: Catalogue, metric: str) -> bool:
    if metric not in catalogue.metrics or not catalogue.connected(metric):
        return False
    return {*DIMENSIONS} <= {*layer.dimensions(metric)}


def _closed_through(
    con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue, asked: Iterable[str]
) -> date | None:
    """The last day that is closed for every metric of the table; None where one of them has none."""
    marks = event_watermarks(con, ws)
    days = [metric_watermark(marks, catalogue.lineage[name].reads).closed_through for name in asked]
    known = [day for day in days if day is not None]
    return min(known) if known and len(known) == len(days) else None


def _ask(
    con: duckdb.DuckDBPyConnection,
    layer: SemanticLayer,
    catalogue: Catalogue,
    asked: Sequence[str],
    grain: str,
    between: tuple[date, date],
) -> Answers:
    """Every metric in one query: its parts meet by period, channel and campaign, also where one of them has no row."""
    beside = [name for kpi in JUDGED if kpi in asked if (name := observations(catalogue, kpi)) is not None]
    query = Query(
        metrics=list(dict.fromkeys([*asked, *beside])),
        group_by=[f"metric_time__{grain}", *DIMENSIONS],
        start=between[0],
        end=between[1],
        complete_periods=False,
    )
    found = con.execute(layer.compile(query))
    names = [column[0] for column in found.description or ()]
    answers: Answers = {}
    for values in found.fetchall():
        row = dict(zip(names, values, strict=True))
        member = (row["channel"], row["campaign"])
        answers.setdefault(member, {})[row[f"metric_time__{grain}"]] = row
    return answers


def observations(catalogue: Catalogue, kpi: str) -> str | None:
    """The metric that says how many observations are behind a KPI: the one it names, else what it is divided by."""
    definition = catalogue.metric(kpi)
    named = definition.meta.get("n")
    if named:
        return str(named)
    return definition.denominator.name if definition.denominator else None


def _rows(
    ws: Workspace,
    catalogue: Catalogue,
    book: TargetBook,
    asked: Sequence[str],
    grain: str,
    closed: date,
    member: Member,
    periods: Mapping[date, dict[str, Any]],
) -> list[dict[str, Any]]:
    """The rows of one campaign on one channel, one per period in which it has any number."""
    counts = {kpi: observations(catalogue, kpi) for kpi in JUDGED if kpi in asked}
    points = {
        kpi: {start: Point(_number(row[kpi]), _count(row[name]) if name else None, "") for start, row in periods.items()}
        for kpi, name in counts.items()
    }
    judged = {
        kpi: _verdicts(catalogue.kpis[kpi], catalogue.direction(kpi), book, grain, closed, member, points[kpi])
        for kpi in points
        if kpi in catalogue.kpis
    }
    found = []
    for start, row in periods.items():
        if all(row[name] in (None, 0) for name in asked):
            continue
        out: dict[str, Any] = {
            "grain": grain, "period_start": start, "period_end": period_end(start, grain), "currency": ws.currency,
            **dict(zip(DIMENSIONS, member, strict=True)), **{name: row[name] for name in MEASURES if name in asked},
        }  # fmt: skip
        for kpi, values in points.items():
            target, scope, status = judged[kpi][start] if kpi in judged else (None, None, "no_target")
            out |= {kpi: values[start].value, f"{kpi}_n": values[start].n, f"{kpi}_status": status}
            out |= {f"{kpi}_target": target.value if target else None, f"{kpi}_target_scope": scope}
        found.append(out)
    return found


def _verdicts(
    kpi: Kpi,
    direction: str,
    book: TargetBook,
    grain: str,
    closed: date,
    member: Member,
    points: Mapping[date, Point],
) -> dict[date, Verdict]:
    """Target, whose it is, and status of every period from the campaign's first, judged one after the other."""
    mature = last_closed_period(closed - timedelta(days=kpi.matures_after_days), grain)
    starts = [min(points)]
    while starts[-1] < max(points):
        starts.append(next_period(starts[-1], grain))
    targets = {start: _narrowest(kpi, book, grain, member, start) for start in starts}
    scores = walk(kpi, direction, [start for start in starts if start <= mature], points, lambda start: targets[start][0])
    found: dict[date, Verdict] = {start: (*targets[start], "too_early") for start in starts}
    return found | {score.start: (*targets[score.start], score.status) for score in scores}


def _narrowest(
    kpi: Kpi, book: TargetBook, grain: str, member: Member, start: date
) -> tuple[PeriodTarget | None, str | None]:
    """The target of the campaign, else of its channel, else of the company; None where there is none."""
    channel, campaign = member
    for scope, place in (("campaign", campaign), ("channel", channel)):
        target = book.on(kpi, grain, (scope, place), start) if place is not None else None
        if target is not None:
            return target, scope
    target = book.on(kpi, grain, ("", ""), start)
    return target, "company" if target else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _count(value: Any) -> int:
    """A whole number of observations; platforms count parts of a conversion. Missing is none, which is too few."""
    return 0 if value is None else floor(float(value) + 0.5)


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["grain"], row["period_start"], *(row[name] or "" for name in DIMENSIONS))
