"""Write the tables of scorecards, sets and objectives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from metrics.scorecards.history import append_scores
from metrics.scorecards.load import Scorecards
from metrics.scorecards.okrs import Okrs
from metrics.scorecards.tables import ensure_scorecard_tables
from metrics.scorecards.targets import as_segment
from metrics.values.closed import read_closed
from metrics.values.rows import insert_rows, one_transaction, workspace_today

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace


def write_scorecards(
    con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue, found: Scorecards, run_id: str
) -> dict[str, int]:
    """Append scores and rewrite the other tables; return how many scores were appended, and the rows of the others."""
    values = read_closed(con, ws, catalogue, _metrics(found))
    segmented, dimensions = _segments(found)
    if segmented:
        by_segment = read_closed(con, ws, catalogue, segmented, dimensions)
        values = replace(values, series={**values.series, **by_segment.series})
    rows: dict[str, list[tuple[object, ...]]] = {
        "dim_scorecard": list(_cards(found)),
        "kpi_sets": list(_sets(ws, catalogue, found)),
        "okr_progress": Okrs(catalogue, values, list(found.objectives.values()), workspace_today(con)).rows(),
    }
    with one_transaction(con):
        ensure_scorecard_tables(con)
        appended = append_scores(con, list(found.cards.values()), catalogue, values, run_id)
        for table, of_table in rows.items():
            insert_rows(con, f"mart.{table}", of_table)
    return {"scorecard_scores": appended} | {table: len(of_table) for table, of_table in rows.items()}


def _metrics(found: Scorecards) -> set[str]:
    items = [item for card in found.cards.values() for item in card.items]
    names = {item.kpi for item in items} | {item.weight_rule.metric for item in items if item.weight_rule}
    for objective in found.objectives.values():
        names |= {result.kpi for result in objective.key_results} | {floor.kpi for floor in objective.floors}
    return names


def _segments(found: Scorecards) -> tuple[set[str], set[str]]:
    """Metrics that are asked for by a segment, and the dimensions of those segments."""
    asked = [(item.kpi, item.segment) for card in found.cards.values() for item in card.items]
    rules = [item.weight_rule for card in found.cards.values() for item in card.items if item.weight_rule]
    asked += [(rule.metric, rule.segment) for rule in rules]
    asked += [(result.kpi, result.segment) for one in found.objectives.values() for result in one.key_results]
    wanted = [(metric, as_segment(segment)[0]) for metric, segment in asked if segment]
    return {metric for metric, _ in wanted}, {dimension for _, dimension in wanted}


def _cards(found: Scorecards) -> Iterator[tuple[object, ...]]:
    for card in found.cards.values():
        texts = (card.title.en, card.title.zh, card.description.en, card.description.zh)
        yield (card.id, *texts, card.owner, card.grain)


def _sets(ws: Workspace, catalogue: Catalogue, found: Scorecards) -> Iterator[tuple[object, ...]]:
    for one in found.sets.values():
        for position, member in enumerate(one.members):
            known = member.kpi in catalogue.metrics
            missing = ",".join(sorted(catalogue.missing_entities(member.kpi))) if known else ""
            chosen = one.kind == "heart" or one.id == ws.north_star
            yield (one.id, one.kind, one.title.en, one.title.zh, chosen, position, member.role, member.kpi,
                   known and not missing, missing)  # fmt: skip
