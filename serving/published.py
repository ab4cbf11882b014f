"""What the published snapshot says, as plain rows: for the command line now, for any other reader later.

Reads ``published/current.duckdb`` only; a run that writes at the same time is not disturbed and does not disturb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.alerts.events import HISTORIC_AFTER
from metrics.errors import QueryError, RunError, did_you_mean
from metrics.warehouse import open_facts, open_published
from serving.alignment import flags_in
from serving.gaps import gap_days
from serving.guarded_queries import guarded_names, published_segments
from serving.kpi_details import around, as_of, formula_values, goal_titles, projection
from serving.publish import SEMANTIC_MANIFEST
from serving.snapshot import Row, has_table, rows

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue.lint import LintReport
    from metrics.semantic import Query, SemanticLayer
    from metrics.workspace import Workspace


_SCORECARD = """
select s.metric, d.title_{language} as title, s.grain, s.period_start, s.value, s.n, s.unit, s.target, s.status,
       columns('^(attainment|streak|streak_since|streak_days|best_value|best_period_start|pace.*)$'),
       s.change, s.change_last_year, s.direction, s.trend_values, d.timing, d.owner, s.watermark, s.state,
       d.minimum_n, d.matures_after_days
from mart.kpi_status as s join mart.dim_kpi as d on d.metric = s.metric
where s.is_headline
order by case s.status when 'off_track' then 0 when 'at_risk' then 1 when 'on_track' then 2 else 3 end,
         coalesce(s.attainment, 9), s.metric
"""

# What happened in the period that is shown; a record is known when the period has settled.
_MILESTONES = """
select m.metric, d.title_{language} as title, m.kind, m.grain, m.period_start, m.period_end, m.unit, m.value, m.target,
       m.previous_best, m.streak, m.streak_since
from mart.kpi_milestones_current as m
join mart.kpi_status as s using (metric, grain, segment_dimension, segment_value)
join mart.dim_kpi as d on d.metric = m.metric
where s.is_headline and m.is_news
  and (m.period_start = s.period_start
       or (m.kind = 'record' and m.period_start = s.best_period_start and m.period_end > s.watermark
           - case m.grain when 'day' then 14 when 'week' then 35 when 'month' then 70 else 190 end))
order by m.kind = 'streak_broken', m.period_end desc, m.metric, m.kind
"""
_MILESTONES_OF = """
select kind, grain, period_start, period_end, value, target, previous_best, streak, streak_since
from mart.kpi_milestones_current
where metric = ? and grain = ? and segment_dimension = ''
order by period_end desc, kind
limit 3
"""

_NOT_CONNECTED = """
select metric, title_{language} as title, missing_entities from mart.dim_kpi
where kind = 'kpi' and not is_connected order by metric
"""

_LIST = """
select d.metric, d.kind, d.team, d.title_{language} as title, d.unit, d.timing, d.owner, s.grain, s.period_start, s.value,
       s.target, s.status, d.is_connected, d.missing_entities
from mart.dim_kpi as d left join mart.kpi_status as s on s.metric = d.metric and s.is_headline
where ? or (d.kind = 'kpi' and d.is_connected)
order by d.kind, d.team is null, d.team, d.metric
"""

_ALERTS = """
select a.day, a.metric, d.unit, a.value, a.previous_value, a.change, a.threshold, a.n, a.severity, a.is_good,
       case when a.withdrawn_at is null then a.status else 'withdrawn' end as status, a.message_{language} as message
from mart.alerts as a left join mart.dim_kpi as d on d.metric = a.metric
where ?::integer is null
   or (a.withdrawn_at is null
       and a.day >= (select max(today) from mart.clock) - ?::integer and a.day <= (select max(today) from mart.clock))
order by a.day desc, a.metric
"""


_STANDING = "select status, count(*) from mart.alerts where withdrawn_at is null group by status"


@dataclass(frozen=True)
class Scorecard:
    """The headline row of every KPI, recent alerts, and as of when.

    Of what lies further back: ``alerts_before`` were news once, ``swings_before`` were history when they were first seen.
    """

    rows: list[Row]
    alerts: list[Row]
    alerts_before: int
    swings_before: int
    not_connected: list[Row]
    milestones: list[Row]
    today: Any
    run_id: str
    path: Path


def semantic_layer(ws: Workspace) -> SemanticLayer:
    """The metric definitions that the published values were computed with, and until when each metric is complete.

    Raises RunError before the first run.
    """
    from metrics.semantic import SemanticLayer

    path = ws.published_dir / "parquet" / "current" / SEMANTIC_MANIFEST
    if not path.is_file():
        raise RunError(f"{ws.name}: nothing is published yet. Run `kpi run --workspace {ws.root}` first.")
    with open_published(ws) as con:
        marks = con.execute("select metric, max(watermark) from mart.kpi_values group by metric").fetchall()
    closed = {metric: day for metric, day in marks if day is not None}
    return SemanticLayer.from_manifest(path, closed_through=closed, history_start=ws.history_start, zone=ws.timezone)


def lint_definitions(ws: Workspace) -> LintReport:
    """The KPI catalogue of the workspace and everything that is wrong with it, by the values published so far."""
    from metrics.alignment import check_alignment
    from metrics.catalogue import read_lineage
    from metrics.catalogue.lint import lint_catalogue
    from metrics.scorecards import check_scorecards
    from metrics.semantic import SemanticLayer

    layer = SemanticLayer.from_manifest(ws.dbt_target_dir / SEMANTIC_MANIFEST)
    lineage = read_lineage(ws.dbt_target_dir / "manifest.json")
    if ws.published_current.exists():
        with open_published(ws) as con:
            report = lint_catalogue(ws, layer, lineage, con)
    else:
        report = lint_catalogue(ws, layer, lineage)
    catalogue = report.checked.catalogue
    beside = (*check_alignment(ws, catalogue)[1], *check_scorecards(ws, catalogue)[1])
    return replace(report, findings=(*report.findings, *beside))


def scorecard(ws: Workspace, alert_days: int = HISTORIC_AFTER.days) -> Scorecard:
    """Every connected KPI at its last closed period, worst first, with the alerts of the last days."""
    with open_published(ws) as con:
        alerts = rows(con, _ALERTS.format(language=ws.language), [alert_days] * 2)
        known: dict[str, int] = dict(con.execute(_STANDING).fetchall())
        for alert in alerts:
            known[alert["status"]] -= 1
        clock = con.execute("select max(today) from mart.clock").fetchone()
        log = con.execute("select run_id from mart.publish_log order by published_at desc limit 1").fetchone()
        return Scorecard(
            rows=rows(con, _SCORECARD.format(language=ws.language)),
            alerts=alerts,
            alerts_before=known.get("new", 0),
            swings_before=known.get("historic", 0),
            not_connected=rows(con, _NOT_CONNECTED.format(language=ws.language)),
            milestones=_milestones(con, _MILESTONES.format(language=ws.language)),
            today=clock[0] if clock else None,
            run_id=log[0] if log else "",
            path=ws.published_dir / "current.duckdb",
        )


def list_kpis(ws: Workspace, *, everything: bool) -> list[Row]:
    """Connected KPIs by team; with ``everything`` plain metrics and what is not connected, too."""
    with open_published(ws) as con:
        return rows(con, _LIST.format(language=ws.language), [everything])


def list_alerts(ws: Workspace, days: int | None) -> list[Row]:
    """Alerts of the last ``days`` days that still stand, newest first; None: all there ever were, withdrawn ones too."""
    with open_published(ws) as con:
        return rows(con, _ALERTS.format(language=ws.language), [days] * 2)


def count_new_alerts(ws: Workspace, run_id: str) -> int:
    """How many new alerts a published run has opened."""
    with open_published(ws) as con:
        found = con.execute(
            "select count(*) from mart.alerts where run_id = ? and status = 'new' and withdrawn_at is null", [run_id]
        ).fetchone()
    return int(found[0]) if found else 0


def describe_kpi(ws: Workspace, name: str, language: str = "") -> Row:
    """Everything about one KPI or metric: definition and its changes, status and outlook per grain, last values.

    ``language``: of the titles of others; the workspace's without one. Raises QueryError for no such name.
    """
    language = language or ws.language
    with open_published(ws) as con:
        known = [row[0] for row in con.execute("select metric from mart.dim_kpi").fetchall()]
        if name not in known:
            raise QueryError(f"there is no KPI or metric '{name}'.{did_you_mean(name, known)} `kpi list --all` shows all.")
        definition = rows(con, "select * from mart.dim_kpi where metric = ?", [name])[0]
        status = rows(con, "select * from mart.kpi_status where metric = ? order by is_headline desc, grain", [name])
        # the company before its segments
        status.sort(key=lambda row: (row.get("segment_dimension", ""), row.get("segment_value", "")))
        grain = status[0]["grain"] if status else "month"
        values = rows(
            con,
            # by pattern: a version that an older release has published has no missing_days
            "select columns('^(period_start|value|numerator|denominator|n|ci_low|ci_high|missing_days|state)$')"
            " from mart.kpi_current where metric = ? and grain = ? and segment_dimension = ''"
            " order by period_start desc limit 13",
            [name, grain],
        )
        breaks = _breaks(con, name)
        outlook = projection(con, name, grain)
        gaps = gap_days(con, name)
        flags = flags_in(con, language, name)
        told = _milestones(con, _MILESTONES_OF, [name, grain])
        goals = goal_titles(con, definition.get("goals"), language)
        beside = around(con, definition, language)
        numbers = formula_values(con, definition, grain, status[0]["period_start"] if status else None)
        published = as_of(con)
    return {
        "definition": definition,
        "breaks": breaks,
        "goals": goals,
        **beside,
        "status": status,
        "grain": grain,
        "formula_values": numbers,
        "projection": outlook,
        "values": values[::-1],
        "gaps": gaps,
        "flags": flags,
        "milestones": told,
        **published,
    }


def _breaks(con: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    """When the definition of a metric has changed, and how; none from a version that did not note it."""
    if not has_table(con, "kpi_breaks"):
        return []
    return rows(con, "select * exclude (metric) from mart.kpi_breaks where metric = ? order by broken_at", [name])


def _milestones(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> list[Row]:
    """What was reached; nothing in a version that an older release has published."""
    return rows(con, sql, parameters) if has_table(con, "kpi_milestones_current") else []


def run_query(ws: Workspace, query: Query) -> list[Row]:
    """Compile ``query`` and run it on the published snapshot. Raises QueryError for a metric that is not connected.

    By a dimension of the workspace's small_cells the answer is what is published of it.
    """
    if ws.small_cells and guarded_names(query, ws.small_cells):
        with open_published(ws) as con:
            return published_segments(con, query, ws.small_cells)
    sql = semantic_layer(ws).compile(query, dialect="duckdb")
    with open_facts(ws) as con:
        missing = con.execute(
            "select metric, missing_entities from mart.dim_kpi where list_contains(?, metric) and not is_connected",
            [list(query.metrics)],
        ).fetchone()
        if missing:
            raise QueryError(f"{missing[0]} is not connected: map {missing[1]} in workspace.yml to have it computed.")
        return _answered(con, sql)


def _answered(con: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """The answer. Only the database knows of what type a column is, so that a condition may fail as late as here."""
    import duckdb

    try:
        return rows(con, sql)
    except duckdb.Error as error:
        # What stands in quotes may be a value of some row, which is nobody's business.
        reason = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", str(error).splitlines()[0]).rstrip(".")
        raise QueryError(
            f"query: the database cannot answer it: {reason}. In where, compare texts with texts in quotes, dates with"
            " dates, numbers with numbers."
        ) from error
