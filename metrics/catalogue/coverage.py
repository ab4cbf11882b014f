"""Coverage: which levels, roles, timings, natures, scopes, teams and goals have KPIs, and which have none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from metrics.catalogue.lint_targets import is_connected
from metrics.catalogue.load import Checked
from metrics.catalogue.model import Kpi

Dimension = Literal["level", "role", "timing", "nature", "scope", "team", "goal", "team without"]


@dataclass(frozen=True)
class Covered:
    """One member of a dimension: how many KPIs it has, how many of these are connected, and which they are."""

    dimension: Dimension
    member: str
    kpis: int
    connected: int
    names: tuple[str, ...]


def coverage(checked: Checked) -> list[Covered]:
    """Every known member of every dimension; those without a KPI first within theirs, then by name of the file.

    ``team without`` are teams that have KPIs, but none that is leading (or lagging): they see too late, or never learn.
    """
    kpis = list(checked.catalogue.kpis.values())
    teams = _known(checked.defaults.teams, [kpi.team for kpi in kpis if kpi.team])
    goals = _known(checked.defaults.goals, [goal for kpi in kpis for goal in kpi.goals])
    found = [
        *_rows(checked, "level", _choices("level"), lambda kpi: (kpi.level,)),
        *_rows(checked, "role", _choices("role"), lambda kpi: (kpi.role,)),
        *_rows(checked, "timing", _choices("timing"), lambda kpi: (kpi.timing,)),
        *_rows(checked, "nature", _choices("nature"), lambda kpi: (kpi.nature,)),
        *_rows(checked, "scope", _choices("scope"), lambda kpi: (kpi.scope,)),
        *_rows(checked, "team", teams, lambda kpi: (kpi.team or "",)),
        *_rows(checked, "goal", goals, lambda kpi: kpi.goals),
    ]
    for team in teams:
        timings = {kpi.timing for kpi in kpis if kpi.team == team}
        found += [Covered("team without", f"{team}: {timing}", 0, 0, ()) for timing in _choices("timing")
                  if timings and timing not in timings]  # fmt: skip
    return found


def _rows(
    checked: Checked, dimension: Dimension, members: Iterable[str], of: Callable[[Kpi], Iterable[str]]
) -> list[Covered]:
    rows = []
    for member in members:
        names = tuple(name for name, kpi in checked.catalogue.kpis.items() if member in of(kpi))
        rows.append(Covered(dimension, member, len(names), sum(is_connected(checked, name) for name in names), names))
    return sorted(rows, key=lambda row: row.kpis > 0)


def _known(listed: Iterable[str], used: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*listed, *used]))


def _choices(field: str) -> tuple[str, ...]:
    """The values that a field of a KPI may have."""
    return get_args(Kpi.model_fields[field].annotation)
