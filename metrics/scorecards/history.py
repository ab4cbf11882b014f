"""The history of scores: new periods are scored, old ones keep the weights, targets and curves that they were given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from metrics.scorecards.curves import UsedCurve
from metrics.scorecards.scoring import ItemScore, combined, score_items, with_late_rules
from metrics.values.closed import periods_back
from metrics.values.journal import after_all_rows
from metrics.values.periods import last_closed_period, next_period
from metrics.values.rows import insert_rows

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.scorecards.model import Scorecard
    from metrics.values.closed import ClosedValues

# so many periods are scored at first, and so many back a correction of values is looked for
KEPT_FRESH: Mapping[str, int] = {"week": 26, "month": 13, "quarter": 5}
_ITEMS = """select period_start, item, position, metric, segment_dimension, segment_value, item_grain, item_period_start,
    written_weight, weight, rule_metric, rule_value, target, curve, minimum_n, value, n, points, reason
    from mart.scorecard_items_current
    where scorecard = ? and grain = ? and period_start >= ?
    order by period_start, position"""
_SCORES = """select period_start, minimum_coverage, definition_hash
    from mart.scorecard_current where scorecard = ? and grain = ?"""


@dataclass(frozen=True)
class PeriodScore:
    """All items of one scorecard in one period."""

    start: date
    items: Sequence[ItemScore]
    minimum_coverage: float
    definition_hash: str


def append_scores(
    con: duckdb.DuckDBPyConnection, cards: Sequence[Scorecard], catalogue: Catalogue, values: ClosedValues, run_id: str
) -> int:
    """Append the score of every new period, and of every scored one whose values differ now; return how many."""
    recorded_at = after_all_rows(con, "scorecard_scores")
    count = 0
    for card in cards:
        fresh = _fresh(con, card, catalogue, values)
        for score in fresh:
            _append(con, card, score, run_id, recorded_at)
        count += len(fresh)
    return count


def definition_hash(card: Scorecard) -> str:
    """Changes with whatever the scorecard's file says of numbers."""
    text = card.model_dump_json(exclude={"title", "description", "owner"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _fresh(con: duckdb.DuckDBPyConnection, card: Scorecard, catalogue: Catalogue, values: ClosedValues) -> list[PeriodScore]:
    closed = [day for item in card.items if (day := values.closed_through.get(item.kpi)) is not None]
    if not closed:
        return []
    latest = last_closed_period(max(closed), card.grain)
    first = periods_back(latest, card.grain, KEPT_FRESH[card.grain] - 1)
    known = {start: (least, used) for start, least, used in con.execute(_SCORES, [card.id, card.grain]).fetchall()}
    written = definition_hash(card)
    found = []
    for scored, items in _stored_items(con, card, first).items():
        again = [item.with_value(values) for item in items]
        if known[scored][1] == written:
            again = with_late_rules(again, card, scored, values)
        if again != items:
            found.append(PeriodScore(scored, again, *known[scored]))
    start = max(known, default=None)
    start = first if start is None else next_period(start, card.grain)
    while start <= latest:
        items = score_items(card, start, catalogue, values)
        # before any of them had a value there is nothing to score
        if any(item.value is not None for item in items):
            found.append(PeriodScore(start, items, card.minimum_coverage, written))
        start = next_period(start, card.grain)
    return found


def _stored_items(con: duckdb.DuckDBPyConnection, card: Scorecard, first: date) -> dict[date, list[ItemScore]]:
    found: dict[date, list[ItemScore]] = {}
    for row in con.execute(_ITEMS, [card.id, card.grain, first]).fetchall():
        start, item, position, metric, dimension, member, *places = row[:8]
        weights_and_target, curve = row[8:13], row[13]
        used = UsedCurve.from_text(curve) if curve else None
        stored = (item, position, metric, (dimension, member), *places, *weights_and_target, used, *row[14:])
        found.setdefault(start, []).append(ItemScore(*stored))
    return found


def _append(con: duckdb.DuckDBPyConnection, card: Scorecard, score: PeriodScore, run_id: str, recorded_at: datetime) -> None:
    total, coverage = combined(score.items, score.minimum_coverage)
    place = (card.id, card.grain, score.start)
    stamp = (run_id, recorded_at)
    row = (*place, total, coverage, score.minimum_coverage, score.definition_hash, *stamp)
    insert_rows(con, "mart.scorecard_scores", [row])
    insert_rows(
        con,
        "mart.scorecard_items",
        [
            (*place, item.item, item.position, item.metric, *item.segment, item.grain, item.period_start,
             item.written_weight, item.weight, item.rule_metric, item.rule_value, item.target,
             item.curve.text() if item.curve else None, item.minimum_n, item.value, item.n, item.points, item.reason, *stamp)
            for item in score.items
        ],
    )  # fmt: skip
