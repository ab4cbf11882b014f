"""Read both sides of ``kpi diff`` into a temporary folder and compare them on the published copy of the data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.definition_sides import Side, read_side
from metrics.catalogue import check_catalogue
from metrics.catalogue.model_files import differing_files
from metrics.errors import QueryError, did_you_mean
from metrics.values.comparison import Asked, Comparison, compare_definitions
from metrics.values.rows import workspace_today
from metrics.warehouse import open_facts

if TYPE_CHECKING:
    from datetime import date

    from metrics.catalogue.model import Kpi
    from metrics.workspace import Workspace


@dataclass(frozen=True)
class Diff:
    """What was compared, on which data, what differs; ``sql_files``: None where one side's SQL is not known."""

    old: str
    new: str
    data_until: date
    sql_files: Sequence[str] | None
    comparison: Comparison


def diff_sides(ws: Workspace, a: str, b: str, asked: Asked, say: Callable[[str], None]) -> Diff:
    """Compare A with B. Raises RunError or QueryError in one line; the workspace stays as it is."""
    with open_facts(ws) as con, tempfile.TemporaryDirectory(prefix="kpi-diff-") as folder:
        old = read_side(ws, a, b, Path(folder) / "a", say)
        new = read_side(ws, b, a, Path(folder) / "b", say)
        known = old.definitions.metrics.keys() | new.definitions.metrics.keys()
        for name in asked.metrics:
            if name not in known:
                raise QueryError(f"neither side has a metric '{name}'.{did_you_mean(name, known)}")
        found = compare_definitions(con, ws, old.definitions, new.definitions, _kpis(ws, new, old), asked, say)
        return Diff(old.label, new.label, workspace_today(con), _sql_files(old, new), found)


def _sql_files(old: Side, new: Side) -> list[str] | None:
    return None if old.sql is None or new.sql is None else differing_files(old.sql, new.sql)


def _kpis(ws: Workspace, *sides: Side) -> Mapping[str, Kpi]:
    """The KPIs of today's KPI files that either side has a metric for; what is wrong with the files is told by others."""
    found: dict[str, Kpi] = {}
    for side in sides:
        lineage = side.definitions.catalogue({}).lineage
        found = {**check_catalogue(ws, side.definitions.layer, lineage)[0].kpis, **found}
    return found
