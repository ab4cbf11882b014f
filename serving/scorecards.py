"""Scores, sets and objectives as the published snapshot has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.errors import QueryError, did_you_mean
from metrics.warehouse import open_published
from serving.snapshot import Row, has_table, require_table, rows

if TYPE_CHECKING:
    from metrics.workspace import Workspace

_CARDS = """
select d.scorecard, d.title_{language} as title, d.owner, d.grain, s.period_start, s.score, s.coverage,
    (select list(score order by period_start)[-13:] from mart.scorecard_current as t
     where t.scorecard = d.scorecard and t.grain = d.grain) as trend,
    (select last(score order by period_start) from mart.scorecard_current as p
     where p.scorecard = d.scorecard and p.grain = d.grain and p.period_start < s.period_start) as previous_score
from mart.dim_scorecard as d
left join mart.scorecard_current as s
    on s.scorecard = d.scorecard and s.grain = d.grain
    and s.period_start = (select max(period_start) from mart.scorecard_current as m
                          where m.scorecard = d.scorecard and m.grain = d.grain)
order by d.scorecard = 'company' desc, d.scorecard
"""
_ITEMS = """
select i.item, i.metric, d.title_{language} as title, d.unit, i.segment_dimension, i.segment_value, i.item_grain as grain,
    i.item_period_start as period_start, i.value, i.n, i.target, i.points, i.weight, i.written_weight, i.rule_metric,
    i.rule_value, i.reason, d.missing_entities
from mart.scorecard_items_current as i left join mart.dim_kpi as d on d.metric = i.metric
where i.scorecard = ? and i.grain = ? and i.period_start = ?
order by i.position
"""
_SETS = """
select k.kpi_set, k.kind, k.title_{language} as set_title, k.is_chosen, k.role, k.metric, d.title_{language} as title,
    d.unit, k.is_connected, k.missing_entities, s.grain, s.period_start, s.value, s.target, s.status, s.change,
s.trend_values from mart.kpi_sets as k
left join mart.dim_kpi as d on d.metric = k.metric
left join mart.kpi_status as s on s.metric = k.metric and s.is_headline
where k.is_chosen or ?
order by k.kind desc, k.kpi_set, k.position
"""
_OKRS = """
select objective, parent, kind, title_{language} as title, owner, starts_on, ends_on, weight, metric, unit, grain,
    current_start as period_start, start_value, stretch, floor, value, progress, coverage, expected_progress, floors_broken,
    status, (select any_value(d.direction) from mart.dim_kpi as d where d.metric = o.metric) as direction
from mart.okr_progress as o
"""


def list_scorecards(ws: Workspace) -> list[Row]:
    """Every scorecard at its last scored period, the company's first; none from a version without scorecards."""
    with open_published(ws) as con:
        return rows(con, _CARDS.format(language=ws.language)) if has_table(con, "scorecard_scores") else []


def scorecard_items(ws: Workspace, name: str) -> tuple[Row, list[Row]]:
    """One scorecard and its items as they were scored. Raises QueryError for an unknown name."""
    cards = {row["scorecard"]: row for row in list_scorecards(ws)}
    if name not in cards:
        raise QueryError(f"there is no scorecard '{name}'.{did_you_mean(name, cards)} `kpi scorecard` shows all.")
    card = cards[name]
    with open_published(ws) as con:
        items = rows(con, _ITEMS.format(language=ws.language), [name, card["grain"], card["period_start"]])
    return card, items


def first_kpis(ws: Workspace) -> list[str]:
    """The KPIs to read first: of the chosen North Star set, then of the company's scorecard, without segments; each once."""
    named = [row["metric"] for row in kpi_sets(ws) if row["kind"] == "north_star"]
    if any(card["scorecard"] == "company" and card["period_start"] is not None for card in list_scorecards(ws)):
        named += [item["metric"] for item in scorecard_items(ws, "company")[1] if not item["segment_dimension"]]
    return list(dict.fromkeys(named))


def kpi_sets(ws: Workspace, *, everything: bool = False) -> list[Row]:
    """The members of the chosen North Star set and of HEART, or of all sets."""
    with open_published(ws) as con:
        found = has_table(con, "kpi_sets")
        return rows(con, _SETS.format(language=ws.language), [everything]) if found else []


def okr_progress(ws: Workspace) -> list[Row]:
    """Objectives, each followed by its key results and floors."""
    with open_published(ws) as con:
        require_table(con, ws, "okr_progress")
        return rows(con, _OKRS.format(language=ws.language))
