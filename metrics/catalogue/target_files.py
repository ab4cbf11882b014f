"""Targets from CSV or Excel in a workspace's kpis/ folder: one row per KPI and time, the same words as in YAML.

The rows of a KPI, over all such files, are its targets and take the place of those that ship.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from metrics.catalogue.findings import Finding
from metrics.catalogue.model import Target
from metrics.catalogue.rulebook import broken, finding
from metrics.catalogue.yaml_lines import shown_path
from metrics.errors import WorkspaceError
from metrics.workspace.sheets import SheetRow, is_sheet, read_sheet, row_problem

COLUMNS = ("kpi", "from", "to", "grain", "value", "floor", "stretch", "start", "path", "review_on", "segment", "member")
REQUIRED = ("kpi", "from", "grain", "value")


@dataclass
class TargetRows:
    """The targets of one KPI, each with the file and line it stands on."""

    targets: list[Target] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def where(self, *field_path: str | int) -> str:
        """``file:line`` of a target, named as in YAML: ("targets", index, ...)."""
        index = field_path[1] if len(field_path) > 1 else 0
        return self.places[index if isinstance(index, int) else 0]


def read_target_files(folder: Path) -> tuple[dict[str, TargetRows], list[Finding]]:
    """Return the targets by KPI, and what is wrong with the files."""
    found: dict[str, TargetRows] = {}
    findings: list[Finding] = []
    for path in sorted(path for path in folder.glob("*") if is_sheet(path)):
        try:
            rows = read_sheet(path, COLUMNS, REQUIRED, dates=("from", "to", "review_on"), shown=shown_path(path))
        except WorkspaceError as error:
            findings.append(broken("target-row", error))
            continue
        for row in rows:
            findings += _take(found, row)
    return found, findings


def _take(found: dict[str, TargetRows], row: SheetRow) -> Iterator[Finding]:
    kpi, segment, member = (row.values.get(column, "") for column in ("kpi", "segment", "member"))
    if bool(segment) != bool(member):
        problem = f"{kpi}: 'segment' and 'member' belong together, as in channel and email. Give both or none."
        yield finding("target-row", row.where, problem=problem)
        return
    given = {name: text for name, text in row.values.items() if name not in ("kpi", "segment", "member")}
    try:
        target = Target.model_validate({**given, **({"scope": {segment: member}} if segment else {})})
    except ValidationError as error:
        yield finding("target-row", row.where, problem=f"{kpi}: {row_problem(row, error)}")
        return
    rows = found.setdefault(kpi, TargetRows())
    rows.targets.append(target)
    rows.places.append(row.where)
