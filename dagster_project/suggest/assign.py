"""One-to-one assignment: every canonical column gets at most one raw column, every raw column is used at most once."""

from __future__ import annotations

from collections.abc import Mapping

ROUNDS = 10


def assign(scores: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Return canonical -> raw with a high sum of scores: greedily, then changed as long as two swaps make it better.

    Where the best raw column of one canonical column is taken, moving the taker to its next best is tried, too.
    """
    chosen: dict[str, str] = {}
    for (column, raw), _ in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        if column not in chosen and raw not in chosen.values():
            chosen[column] = raw
    for _ in range(ROUNDS):
        if not any(_improve(column, raw, scores, chosen) for column, raw in sorted(scores)):
            break
    return chosen


def _improve(column: str, raw: str, scores: Mapping[tuple[str, str], float], chosen: dict[str, str]) -> bool:
    """Give ``raw`` to ``column`` and let its taker move to the best free one; keep it when the sum grows."""
    before = chosen.get(column)
    if before == raw:
        return False
    taker = next((name for name, used in chosen.items() if used == raw), None)
    gain = scores[column, raw] - (scores[column, before] if before else 0.0)
    moved: str | None = None
    if taker is not None:
        free = {before} if before else set()
        free |= {r for (name, r) in scores if name == taker and r not in chosen.values()}
        options = [(scores[taker, r], r) for r in free if (taker, r) in scores and r != raw]
        score, moved = max(options, default=(0.0, None))
        gain += score - scores[taker, raw]
    if gain <= 1e-9:
        return False
    chosen[column] = raw
    if taker is not None:
        del chosen[taker]
        if moved is not None:
            chosen[taker] = moved
    return True
