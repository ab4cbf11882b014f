"""The weights of one scorecard in one period: as written, or as their rules say."""

from __future__ import annotations

from collections.abc import Mapping

from metrics.scorecards.curves import on_line
from metrics.scorecards.model import Scorecard, WeightRule


def ruled_share(rule: WeightRule, value: float) -> float:
    """The share that a rule gives for the value of its metric, within its limits."""
    share = on_line(rule.points, value) if rule.points is not None else value * rule.factor + rule.offset
    return min(max(share, rule.floor), rule.cap)


def weights(card: Scorecard, rule_values: Mapping[str, float | None]) -> dict[str, float]:
    """Weight per item, adding up to 1. ``rule_values``: item -> value of its rule's metric; None or absent: no value.

    A rule without a value leaves the written weight. Rules that together exceed ``rules_cap`` are scaled down to it;
    the items without a working rule share what is left. When all items have working rules, their shares are scaled to
    add up to 1.
    """
    total = sum(item.weight for item in card.items)
    written = {item.key: item.weight / total for item in card.items}
    ruled = {
        item.key: ruled_share(item.weight_rule, value)
        for item in card.items
        if item.weight_rule is not None and (value := rule_values.get(item.key)) is not None
    }
    together = sum(ruled.values())
    if together > card.rules_cap:
        ruled = {key: share * card.rules_cap / together for key, share in ruled.items()}
        together = card.rules_cap
    rest = {key: weight for key, weight in written.items() if key not in ruled}
    if not rest:
        return {key: share / together for key, share in ruled.items()} if together else written
    left = (1 - together) / sum(rest.values())
    return {key: ruled[key] if key in ruled else weight * left for key, weight in written.items()}
