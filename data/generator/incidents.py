"""The effect of the planted incidents: what each lever of the simulation is multiplied by on each day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.generator.calendar import HORIZON, day_index, day_of
from data.generator.incident import Incident
from data.generator.planned_incidents import INCIDENTS
from data.generator.randomness import Floats


def strength(incident: Incident) -> Floats:
    """Share of the full effect that is felt on each day, 0 outside."""
    felt = np.zeros(HORIZON)
    start = day_index(incident.starts_on)
    end = HORIZON if incident.ends_on is None else day_index(incident.ends_on) + 1
    felt[start:end] = 1.0
    if incident.ramp_days:
        felt[start:end] = np.minimum(1.0, np.arange(1, end - start + 1) / incident.ramp_days)
    return felt


def of_lever(lever: str) -> list[Incident]:
    return [incident for incident in INCIDENTS if incident.lever == lever]


def factor(lever: str) -> Floats:
    """Multiplier of a lever on each day, from the incidents that concern the whole company."""
    level = np.ones(HORIZON)
    for incident in of_lever(lever):
        if incident.dimension is None:
            level *= 1.0 + incident.effect * strength(incident)
    return level


def factor_of(lever: str, dimension: str, members: Sequence[str]) -> Floats:
    """Multiplier by day and member, from the incidents of that dimension alone; shape (HORIZON, members)."""
    level = np.ones((HORIZON, len(members)))
    for incident in of_lever(lever):
        if incident.dimension == dimension and incident.member is not None:
            level[:, members.index(incident.member)] *= 1.0 + incident.effect * strength(incident)
    return level


def visible(last_day: int) -> list[Incident]:
    """The incidents that have begun by the last day of the history."""
    return [incident for incident in INCIDENTS if incident.starts_on <= day_of(last_day)]
