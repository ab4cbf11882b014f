"""The whole lint: every error of `load.py` and every warning about words, targets, people and the driver tree.

A run stops at errors; warnings are told by `kpi validate`, by the check `catalogue` in Dagster and by the pre-commit hook.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import TYPE_CHECKING

from metrics.catalogue.driver_rules import relation_findings
from metrics.catalogue.findings import Finding
from metrics.catalogue.lineage import Lineage
from metrics.catalogue.lint_people import people_findings
from metrics.catalogue.lint_targets import target_findings
from metrics.catalogue.lint_texts import text_findings
from metrics.catalogue.load import SHIPPED, Checked, read_catalogue
from metrics.catalogue.plausible import History, read_history
from metrics.workspace.clock import machine_now

if TYPE_CHECKING:
    import duckdb

    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace


@dataclass(frozen=True)
class LintReport:
    """A catalogue with everything that is wrong with it. ``today`` and ``history``: what targets were judged by."""

    checked: Checked
    findings: tuple[Finding, ...]
    today: date | None
    history: History

    @property
    def errors(self) -> list[Finding]:
        """What stops a run."""
        return [found for found in self.findings if found.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """What does not."""
        return [found for found in self.findings if found.severity == "warning"]

    def by_file(self) -> dict[str, list[Finding]]:
        """The findings of each file: errors first, then by line; files with errors before the others."""
        files: dict[str, list[Finding]] = {}
        for found in sorted(self.findings, key=lambda found: (found.severity, found.line or 0)):
            files.setdefault(found.file, []).append(found)
        return dict(sorted(files.items(), key=lambda item: (item[1][0].severity, item[0])))


def lint_catalogue(
    ws: Workspace,
    layer: SemanticLayer,
    lineage: Lineage,
    con: duckdb.DuckDBPyConnection | None = None,
    shipped: Path = SHIPPED,
) -> LintReport:
    """Read and lint the catalogue. ``con``: a database with the tables of a run, which tell today and past values."""
    checked = read_catalogue(ws, layer, lineage, shipped)
    today = lint_today(ws, con)
    history = read_history(con, checked.catalogue.kpis) if con else {}
    return LintReport(checked, tuple(lint(checked, today, history)), today, history)


def lint(checked: Checked, today: date | None, history: History) -> Iterable[Finding]:
    """Every finding, the errors of reading first."""
    yield from checked.findings
    yield from text_findings(checked)
    yield from target_findings(checked, today, history)
    yield from people_findings(checked)
    yield from relation_findings(checked.kpis, checked.entries)


def lint_today(ws: Workspace, con: duckdb.DuckDBPyConnection | None) -> date | None:
    """The workspace's today; None with ``clock: data_end`` before anything has run."""
    if ws.clock == "now":
        return machine_now().replace(tzinfo=UTC).astimezone(ws.zone).date()
    if isinstance(ws.clock, date):
        return ws.clock
    found = con.execute("select max(today) from mart.clock").fetchone() if con else None
    return found[0] if found else None
