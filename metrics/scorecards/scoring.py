"""The score of one scorecard in one period.

An item is judged at the grain that it has a target for, by its last period that was over (and mature) on the
scorecard's last day. What has no value, too few observations, no target or no source is missing: it lowers coverage and
is not scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from metrics.catalogue.model import GRAINS
from metrics.scorecards.curves import UsedCurve, used_curve
from metrics.scorecards.targets import as_segment, target_in_force
from metrics.scorecards.weights import weights
from metrics.values.periods import last_closed_period, period_end

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.scorecards.model import Item, Scorecard
    from metrics.values.closed import ClosedValues

Reason = Literal["", "not_connected", "no_target", "no_data", "too_few"]


@dataclass(frozen=True)
class ItemScore:
    """One item as it was scored, with everything that is needed to score it again when its value is corrected."""

    item: str
    position: int
    metric: str
    segment: tuple[str, str]
    grain: str
    period_start: date
    written_weight: float
    weight: float
    rule_metric: str | None
    rule_value: float | None
    target: float | None
    curve: UsedCurve | None
    minimum_n: int
    value: float | None
    n: int | None
    points: float | None
    reason: Reason

    def with_value(self, values: ClosedValues) -> ItemScore:
        """Scored by the value that is stored now, on the curve that was used."""
        point = values.at(self.metric, self.grain, self.period_start, self.segment)
        value, n = (point.value, point.n) if point else (None, None)
        if self.reason == "not_connected" and point is None:
            return self
        reason: Reason = "no_data" if value is None else ""
        if value is not None and n is not None and n < self.minimum_n:
            reason = "too_few"
        if self.curve is None:
            reason = "no_target"
        points = self.curve.points(value) if self.curve and value is not None and not reason else None
        return replace(self, value=value, n=n, points=points, reason=reason)


def score_items(card: Scorecard, start: date, catalogue: Catalogue, values: ClosedValues) -> list[ItemScore]:
    """Every item of a scorecard in the period that starts on ``start``."""
    last = period_end(start, card.grain)
    rule_values = {item.key: _rule_value(item, card.grain, last, values) for item in card.items}
    used, total = weights(card, rule_values), sum(item.weight for item in card.items)
    found = []
    for position, item in enumerate(card.items):
        rule = item.weight_rule
        found.append(
            _item(item, position, card.grain, last, catalogue, values, (item.weight / total, used[item.key]),
                  (rule.metric if rule else None, rule_values[item.key]))
        )  # fmt: skip
    return found


def with_late_rules(items: Sequence[ItemScore], card: Scorecard, start: date, values: ClosedValues) -> list[ItemScore]:
    """Stored items of a period of this very scorecard, with the rules that had no value when it was scored; one that had
    keeps it."""
    stored, by_key = {item.item: item.rule_value for item in items}, {item.key: item for item in card.items}
    last = period_end(start, card.grain)
    late = {key: _rule_value(by_key[key], card.grain, last, values) for key, value in stored.items() if value is None}
    if all(value is None for value in late.values()):
        return list(items)
    found = {**stored, **late}
    used = weights(card, found)
    return [replace(item, weight=used[item.item], rule_value=found[item.item]) for item in items]


def combined(items: Sequence[ItemScore], minimum_coverage: float) -> tuple[float | None, float]:
    """(score, coverage): the weighted mean over what has points, and the weight of that; no score below the minimum."""
    known = [(item.weight, item.points) for item in items if item.points is not None]
    coverage = sum(weight for weight, _ in known)
    if not known or coverage <= 0 or coverage < minimum_coverage - 1e-9:
        return None, coverage
    return sum(weight * points for weight, points in known) / coverage, coverage


def _item(
    item: Item,
    position: int,
    card_grain: str,
    last: date,
    catalogue: Catalogue,
    values: ClosedValues,
    shares: tuple[float, float],
    rule: tuple[str | None, float | None],
) -> ItemScore:
    segment = as_segment(item.segment)
    known = item.kpi in catalogue.metrics
    grain = _grain(item, card_grain, last, catalogue, values) if known else card_grain
    mature = last - timedelta(days=catalogue.matures_after_days(item.kpi) if known else 0)
    start = last_closed_period(mature, grain)
    found = target_in_force(catalogue, values, item.kpi, grain, start, segment)
    direction = catalogue.direction(item.kpi) if known else "none"
    given = (found.value, found.floor, found.stretch) if found else (None, None, None)
    curve = used_curve(item.curve, direction, *given) if direction != "none" or item.curve.points else None
    minimum = catalogue.kpis[item.kpi].minimum_n if item.kpi in catalogue.kpis else 0
    blank = ItemScore(
        item.key, position, item.kpi, segment, grain, start, *shares, *rule, curve.target if curve else given[0], curve,
        minimum, None, None, None, "not_connected",
    )  # fmt: skip
    connected = known and catalogue.connected(item.kpi)
    return replace(blank, reason="no_data").with_value(values) if connected else blank


def _rule_value(item: Item, grain: str, last: date, values: ClosedValues) -> float | None:
    """The metric of the item's weight rule in the scorecard's own period, or the last before it that is mature."""
    if item.weight_rule is None:
        return None
    metric = item.weight_rule.metric
    start = last_closed_period(last - timedelta(days=values.matures_after.get(metric, 0)), grain)
    point = values.at(metric, grain, start, as_segment(item.weight_rule.segment))
    return point.value if point else None


def _grain(item: Item, card_grain: str, last: date, catalogue: Catalogue, values: ClosedValues) -> str:
    """The item's own; else the scorecard's if it is kept and can be judged; else the nearest that has a target."""
    if item.grain:
        return item.grain
    kept = catalogue.grains(item.kpi)
    if card_grain in kept and (item.curve.target is not None or (item.curve.points and item.curve.of == "value")):
        return card_grain
    place: Mapping[str, int] = {grain: index for index, grain in enumerate(GRAINS)}
    nearest = sorted(kept, key=lambda grain: (abs(place[grain] - place[card_grain]), place[grain]))
    segment = as_segment(item.segment)
    for grain in nearest:
        if target_in_force(catalogue, values, item.kpi, grain, last_closed_period(last, grain), segment):
            return grain
    return card_grain if card_grain in kept else nearest[0]
