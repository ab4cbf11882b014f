"""One incident of the demo company, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Incident:
    """What went wrong (or well), when, where, by how much."""

    id: str
    kind: str  # spike | drop | outage | partial_load | level_up | level_down | slow_decay
    lever: str
    effect: float  # relative change of the lever, -0.45 = 45 % less
    starts_on: date
    ends_on: date | None  # None: still going on
    metrics: tuple[str, ...]
    what: str
    dimension: str | None = None
    member: str | None = None
    ramp_days: int = 0  # days until the full effect is reached

    @property
    def is_one_day(self) -> bool:
        return self.starts_on == self.ends_on


def one_day(
    ident: str,
    on: tuple[int, int, int],
    kind: str,
    lever: str,
    effect: float,
    metrics: str,
    what: str,
    dimension: str | None = None,
    member: str | None = None,
) -> Incident:
    """An incident of a single day; ``metrics``: their ids with spaces between."""
    day = date(*on)
    return Incident(ident, kind, lever, effect, day, day, tuple(metrics.split()), what, dimension, member)
