"""What `kpi validate` prints: findings by file, the SMART report, the coverage, each as a table, CSV or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from dagster_project.console import WIDTH, console, print_rows
from dagster_project.words import Words
from metrics.catalogue.coverage import Covered, coverage
from metrics.catalogue.smart import Answer, smart_report

if TYPE_CHECKING:
    from metrics.catalogue import Finding
    from metrics.catalogue.lint import LintReport
    from metrics.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class Checks:
    """Everything that was found. ``seen``: (line, severity) about workspace.yml and the data files."""

    ws: Workspace
    seen: Sequence[tuple[str, str]]
    report: LintReport

    @property
    def say(self) -> Words:
        """Words in the workspace's language."""
        return Words(self.ws.language)

    def counted(self, errors: int, warnings: int) -> str:
        """``1 error, 3 warnings``; ``no error`` where there is nothing."""
        say, parts = self.say, []
        for count, one, several in ((errors, "1 error", "{count} errors"), (warnings, "1 warning", "{count} warnings")):
            if count:
                parts.append(say(one) if count == 1 else say(several, count=count))
        return say(", ").join(parts if errors else [say("no error"), *parts])

    def failed(self, strict: bool) -> str:
        """The line with which the command ends; "" when nothing is wrong enough."""
        errors = {"workspace.yml": sum(severity == "error" for _, severity in self.seen),
                  "the KPI files": len(self.report.errors)}  # fmt: skip
        warnings = len(self.report.warnings) if strict else 0
        wrong = sum(errors.values())
        if not wrong + warnings:
            return ""
        say = self.say
        places = say(" and ").join(say(place) for place, count in errors.items() if count) or say("the KPI files")
        text = "{name}: {found}, listed above: mend {places}."
        several = "{name}: {found}, each listed above: mend {places}."
        found = self.counted(wrong, warnings) if wrong else say("1 warning") if warnings == 1 else say(
            "{count} warnings", count=warnings)  # fmt: skip
        return say(text if wrong + warnings == 1 else several, name=self.ws.name, found=found, places=places)


def print_checks(checks: Checks, output: str, *, smart: bool, coverage: bool) -> None:
    """Print what was found; with ``smart`` or ``coverage`` these reports in place of the findings."""
    answers = smart_report(checks.report) if smart else []
    covered = _covered(checks) if coverage else []
    if output == "json":
        print(json.dumps(_document(checks, answers, covered), default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        rows = [_answer_row(checks.say, one) for one in answers] or [_covered_row(checks.say, one) for one in covered]
        print_rows(rows if smart or coverage else _finding_rows(checks), "csv")
        return
    if smart:
        _print_smart(checks.say, answers)
    if coverage:
        _print_coverage(checks.say, covered)
    if not (smart or coverage):
        _print_findings(checks)
    if not checks.failed(strict=False):
        ws = checks.ws
        typer.echo(checks.say(
            "{name}: {sources} sources, {entities} entities, {kpis} KPIs: {found}.", name=ws.name, sources=len(ws.sources),
            entities=len(ws.mapped_entities()), kpis=len(checks.report.checked.catalogue.kpis),
            found=checks.counted(0, len(checks.report.warnings)),
        ))  # fmt: skip


def _covered(checks: Checks) -> list[Covered]:
    return coverage(checks.report.checked)


def _print_findings(checks: Checks) -> None:
    """Each on a line of its own, whole, so that an editor can jump to its place."""
    for line, _ in checks.seen:
        typer.echo(line)
    for file, found in checks.report.by_file().items():
        errors = sum(one.severity == "error" for one in found)
        counted = checks.counted(errors, len(found) - errors) if errors else _warnings(checks, len(found))
        typer.echo(f"{file}: {counted}")
        for one in found:
            rule = f" [{one.rule}]" if one.rule else ""
            typer.echo(f"  {checks.say(one.severity)}: {one.where}: {one.in_language(checks.ws.language)}{rule}")


def _warnings(checks: Checks, count: int) -> str:
    return checks.say("1 warning") if count == 1 else checks.say("{count} warnings", count=count)


def _finding_rows(checks: Checks) -> list[Row]:
    return [_finding_row(checks, one) for found in checks.report.by_file().values() for one in found]


def _finding_row(checks: Checks, one: Finding) -> Row:
    return {"file": one.file, "line": one.line, "severity": one.severity, "rule": one.rule, "kpi": one.kpi or None,
            "message": one.in_language(checks.ws.language)}  # fmt: skip


def _document(checks: Checks, answers: Sequence[Answer], covered: Sequence[Covered]) -> Row:
    found: Row = {
        "workspace": checks.ws.name,
        "errors": len(checks.report.errors) + sum(severity == "error" for _, severity in checks.seen),
        "warnings": len(checks.report.warnings),
        "settings": [{"severity": severity, "message": line} for line, severity in checks.seen],
        "findings": _finding_rows(checks),
    }
    if answers:
        found["smart"] = [_answer_row(checks.say, one) for one in answers]
    if covered:
        found["coverage"] = [_covered_row(checks.say, one) for one in covered]
    return found


def _answer_row(say: Words, one: Answer) -> Row:
    return {"kpi": one.kpi, "criterion": one.criterion, "met": one.is_met, "reason": say(one.reason, **one.values)}


def _covered_row(say: Words, one: Covered) -> Row:
    return {"dimension": one.dimension, "member": one.member, "kpis": one.kpis, "connected": one.connected,
            "names": ", ".join(one.names)}  # fmt: skip


def _print_smart(say: Words, answers: Sequence[Answer]) -> None:
    """Five lines for each KPI; a reason that is long goes on in the next line."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    # The longest id that may be, 63 signs, would leave no room for reasons.
    table.add_column("KPI", overflow="fold", max_width=WIDTH // 3)
    table.add_column(say("criterion"), no_wrap=True)
    table.add_column(say("met"), no_wrap=True)
    table.add_column(say("reason"), overflow="fold")
    before = ""
    for one in answers:
        kpi = "" if one.kpi == before else one.kpi
        before = one.kpi
        mark = f"✓ {say('yes')}" if one.is_met else f"✗ {say('no')}"
        table.add_row(kpi, say(one.criterion), mark, say(one.reason, **one.values))
    console().print(table)
    unmet = {one.kpi for one in answers if not one.is_met}
    every = {one.kpi for one in answers}
    text = "{met} of {all} KPIs meet all five: specific, measurable, achievable, relevant, time-bound."
    typer.echo(say(text, met=len(every - unmet), all=len(every)))


def _print_coverage(say: Words, covered: Sequence[Covered]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(say("dimension"), no_wrap=True)
    table.add_column(say("member"), overflow="fold", max_width=WIDTH // 3)
    table.add_column(say("KPIs"), justify="right", no_wrap=True)
    table.add_column(say("connected"), justify="right", no_wrap=True)
    table.add_column(say("names"), overflow="fold")
    before = ""
    for one in covered:
        shown = "" if one.dimension == before else say(one.dimension)
        before = one.dimension
        names = ", ".join(one.names) if one.kpis else f"✗ {say('none')}"
        table.add_row(shown, _member(say, one), str(one.kpis), str(one.connected), names)
    console().print(table)
    missing = [_member(say, one) for one in covered if not one.kpis]
    if missing:
        console().print(say("Without a KPI: {members}.", members=say(", ").join(missing)))
    else:
        typer.echo(say("Every level, role, timing, team and goal has a KPI."))


def _member(say: Words, one: Covered) -> str:
    """A choice of ours in the reader's language; teams and goals are names and stay."""
    if one.dimension in ("team", "goal"):
        return one.member
    if one.dimension == "team without":
        team, _, timing = one.member.partition(": ")
        return f"{team}: {say(timing)}"
    # "team" is also the head of a column, and both are 团队.
    return say(one.member)
