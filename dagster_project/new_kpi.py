"""A new KPI entry of a workspace from answers: written as YAML with comments, checked by the catalogue's own rules.

Nothing is overwritten; what the catalogue would refuse is taken away again, and the reason is the error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from metrics.catalogue.load import NOT_OF_KPIS
from metrics.catalogue.schema import DEFAULTS_SCHEMA_PATH, SCHEMA_PATH
from metrics.catalogue.yaml_lines import shown_path
from metrics.errors import CatalogueError, did_you_mean

if TYPE_CHECKING:
    from metrics.catalogue import Finding
    from metrics.catalogue.lint import LintReport
    from metrics.workspace import Workspace

TO_DO = "TODO"


@dataclass(frozen=True)
class NewTarget:
    """The first target: a value for each period from one day to another."""

    value: float
    first: date
    last: date
    grain: str


@dataclass(frozen=True)
class NewKpi:
    """What was answered. Texts by language; ``""`` and ``()`` are written as a comment that says what belongs there."""

    id: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    question: Mapping[str, str]
    playbook: Mapping[str, str]
    owner: str
    team: str
    goals: tuple[str, ...]
    level: str
    scope: str
    timing: str
    role: str
    parent: str
    guardrails: tuple[str, ...]
    review: str
    target: NewTarget | None
    baseline_until: date | None


def refuse_known(report: LintReport, name: str) -> None:
    """Raise CatalogueError where ``name`` is no metric, or a KPI already."""
    checked = report.checked
    if name in checked.kpis:
        entry = checked.entries[name]
        mend = "To change it, list it under overrides: in kpis/." if entry.is_shipped else "Edit it there."
        raise CatalogueError(f"{name} is a KPI already, at {entry.where()}. {mend}")
    if name not in checked.catalogue.metrics:
        hint = did_you_mean(name, checked.catalogue.metrics)
        raise CatalogueError(
            f"there is no metric '{name}'.{hint or ' Define it in semantic/ first; `kpi list --all` shows those there are.'}"
        )


def write_kpi(ws: Workspace, kpi: NewKpi, file: Path) -> tuple[Path, list[Finding]]:
    """Write the entry to a new file; return it with the warnings about it. Raises CatalogueError, and leaves nothing."""
    from serving.published import lint_definitions

    folder = ws.root / "kpis"
    if file.resolve().parent != folder.resolve() or file.suffix not in (".yml", ".yaml") or file.stem in NOT_OF_KPIS:
        raise CatalogueError(f"{file}: would not be read. KPI files are {folder}/*.yml, but not "
                             f"{', '.join(sorted(NOT_OF_KPIS))}. Give another file with --file.")  # fmt: skip
    if file.exists():
        raise CatalogueError(f"{file}: is there already. Give another file with --file, or add the KPI to it by hand.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(kpi_yaml(kpi, file), encoding="utf-8")
    try:
        found = [one for one in lint_definitions(ws).findings if one.kpi == kpi.id or one.file == shown_path(file)]
        errors = [one for one in found if one.severity == "error"]
        if errors:
            raise CatalogueError(f"{errors[0].in_language(ws.language)} Nothing was written.")
    except BaseException:
        file.unlink()
        raise
    return file, found


def kpi_yaml(kpi: NewKpi, file: Path) -> str:
    """A KPI file with one entry, as it would stand in ``file``."""
    return "\n".join([*_head(file), *_entry(kpi)]) + "\n"


def schema_line(file: Path, schema: Path = SCHEMA_PATH) -> str:
    """The comment by which editors find the schema, relative to the file."""
    return f"# yaml-language-server: $schema={Path(os.path.relpath(schema, file.resolve().parent)).as_posix()}"


def defaults_yaml(file: Path) -> str:
    """A workspace's own defaults file in which nothing is changed yet."""
    return "\n".join([
        schema_line(file, DEFAULTS_SCHEMA_PATH),
        "# What KPIs of this workspace get that do not say otherwise. Only what differs from the shipped defaults",
        "# (metrics/kpis/defaults.yml) stands here.",
        "version: 1",
        "# kpi: {threshold: 0.2, review: weekly}  # a daily swing of 20% alerts",
        "# lint: {kpis_per_team: 10}",
        "# teams: [logistics]                     # names of your own",
        "# abbreviations: [VIP]                   # that everybody here knows",
        "",
    ])  # fmt: skip


def _head(file: Path) -> Iterator[str]:
    yield schema_line(file)
    yield "# What each field means: docs/kpi-files.md. Formula, unit and direction stand with the metric in dbt's YAML."
    yield "# Lines with TODO are to be filled in; `kpi validate` lists them."
    yield "version: 1"
    yield "kpis:"


def _entry(kpi: NewKpi) -> Iterator[str]:
    yield f"  - id: {kpi.id}"
    yield f"    title: {_texts(kpi.title)}"
    yield "    # What is counted, the formula in words, and an example: 'Example: 16 orders from 550 visits, 2.9%.'"
    yield from _block("description", kpi.description)
    yield f"    question: {_texts(kpi.question)}"
    yield f"    owner: {scalar(kpi.owner)}"
    yield f"    team: {scalar(kpi.team)}" if kpi.team else "    # team: sales           # who works on it"
    yield (
        f"    goals: {_names(kpi.goals)}"
        if kpi.goals
        else "    # goals: [grow_revenue]  # goals of the company that it serves"
    )
    yield f"    level: {kpi.level}  # strategic | operational | functional"
    yield f"    scope: {kpi.scope}  # company | team | project"
    yield f"    timing: {kpi.timing}  # leading: moves first | lagging: records the outcome"
    yield f"    role: {kpi.role}  # input | process | output | outcome"
    yield (f"    parent: {scalar(kpi.parent)}" if kpi.parent else "    # parent: revenue        # the KPI that it serves")
    if kpi.guardrails:
        yield f"    guardrails: {_names(kpi.guardrails)}"
    else:
        yield "    # guardrails: [csat]     # what must not get worse when somebody pushes this KPI"
    yield "    # leading_indicators: [{kpi: sessions, lag_days: 3}]  # what moves before it"
    yield from _target(kpi)
    yield "    # What its owner looks at first when it is off track, and what to do about each cause."
    yield from _block("playbook", kpi.playbook)
    yield f"    review: {kpi.review}"


def _target(kpi: NewKpi) -> Iterator[str]:
    if kpi.target is not None:
        target = kpi.target
        yield "    targets:"
        yield (f"      - {{from: {target.first}, to: {target.last}, grain: {target.grain}, value: {target.value:.12g}}}"
               "  # and floor:, stretch:, path: linear with start:")  # fmt: skip
    elif kpi.baseline_until is not None:
        yield f"    baseline_until: {kpi.baseline_until}  # measured first; then a target"
    else:
        yield "    # targets: [{from: 2026-01-01, to: 2026-12-31, grain: month, value: 100}]"
        yield "    # baseline_until: 2026-12-31  # while nobody knows its level"


def _block(field: str, texts: Mapping[str, str]) -> Iterator[str]:
    yield f"    {field}:"
    for language, text in texts.items():
        yield f"      {language}: {scalar(text)}"


def _texts(texts: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{language}: {scalar(text, in_flow=True)}" for language, text in texts.items()) + "}"


def _names(names: tuple[str, ...]) -> str:
    return f"[{', '.join(scalar(name, in_flow=True) for name in names)}]"


def scalar(value: Any, *, in_flow: bool = False) -> str:
    """A value as one line of YAML, quoted where it has to be; ``in_flow``: also within braces."""
    written = [value] if in_flow else value
    text = yaml.safe_dump(written, default_flow_style=True, allow_unicode=True, width=10**6).strip()
    text = text.removesuffix("\n...").strip()
    return text[1:-1] if in_flow else text
