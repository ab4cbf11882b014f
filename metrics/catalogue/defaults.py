"""The defaults file of the catalogue: what a KPI that does not say otherwise gets, limits of the lint, known names.

`metrics/kpis/defaults.yml` ships; a workspace may have its own `kpis/defaults.yml`. What stands at a KPI itself (or in a
workspace's override of it) wins over the workspace's defaults, these over the shipped ones. Lists of names add up.
The goals that are known are those of the `goals.yml` beside each of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from metrics.catalogue.findings import Finding
from metrics.catalogue.model import LARGEST_LINE, LARGEST_SWING, Frozen, Grain, Identifier
from metrics.catalogue.rulebook import broken, finding
from metrics.catalogue.shapes import shape_findings
from metrics.catalogue.yaml_lines import read_yaml
from metrics.errors import CatalogueError

FILE_NAME = "defaults.yml"
GOALS_NAME = "goals.yml"
Review = Literal["weekly", "monthly", "quarterly", "yearly"]


class ThresholdDefaults(Frozen):
    """Where a status changes, as a share of the target reached."""

    at_risk: float | None = Field(default=None, gt=0, le=LARGEST_LINE, description="Below this share of the target: at risk")
    off_track: float | None = Field(default=None, gt=0, description="Below this share of the target: off track")
    hysteresis: float | None = Field(default=None, ge=0, lt=0.5, description="How much further it must recover to improve")


class KpiDefaults(Frozen):
    """What a KPI gets that does not say otherwise."""

    grains: tuple[Grain, ...] | None = Field(default=None, min_length=1, description="Periods for which values are kept")
    minimum_n: int | None = Field(default=None, ge=0, description="Below this many observations a value is not judged")
    threshold: float | None = Field(
        default=None, gt=0, le=LARGEST_SWING, description="Daily swing that opens an alert, as a share"
    )
    alert: Literal["any", "bad", "good", "none"] | None = Field(default=None, description="Which swings alert")
    thresholds: ThresholdDefaults | None = None
    review: Literal["weekly", "monthly", "quarterly", "yearly"] | None = Field(
        default=None, description="How often it is discussed"
    )
    weight: float | None = Field(default=None, gt=0, description="Weight on a scorecard")
    nature: Literal["quantitative", "qualitative"] | None = None
    practical: bool | None = Field(default=None, description="It fits how the company works and is measured today")
    directional: bool | None = Field(default=None, description="It tells whether things get better or worse")
    actionable: bool | None = Field(default=None, description="Its owner can change it")
    financial: bool | None = Field(default=None, description="It is money, or a share of money")


class WatchDefaults(Frozen):
    """What a watched metric gets that does not say otherwise."""

    minimum_n: int | None = Field(default=None, ge=0, description="Below this many observations a day is not judged")
    threshold: float | None = Field(
        default=None, gt=0, le=LARGEST_SWING, description="Daily swing that opens an alert, as a share"
    )
    alert: Literal["any", "bad", "good"] | None = Field(default=None, description="Which swings alert")


class LintDefaults(Frozen):
    """Limits of the lint."""

    kpis_per_team: int | None = Field(default=None, ge=1, description="Strategic and operational KPIs of one team")
    strategic_kpis: int | None = Field(default=None, ge=1, description="Strategic KPIs of the company")
    description_words: int | None = Field(default=None, ge=1, description="Least words of an English description")
    description_characters: int | None = Field(default=None, ge=1, description="Least characters of a Chinese description")
    playbook_words: int | None = Field(default=None, ge=1, description="Least words of an English playbook")
    playbook_characters: int | None = Field(default=None, ge=1, description="Least characters of a Chinese playbook")


class DefaultsFile(Frozen):
    """A defaults file. Everything may be left out: the shipped file holds it all."""

    version: Literal[1] = 1
    kpi: KpiDefaults = KpiDefaults()
    watched: WatchDefaults = WatchDefaults()
    lint: LintDefaults = LintDefaults()
    teams: tuple[Identifier, ...] = Field(default=(), description="Teams that the company has; added to the shipped ones")
    abbreviations: tuple[str, ...] = Field(default=(), description="Abbreviations that everybody in the company knows")


@dataclass(frozen=True)
class Limits:
    """The limits of the lint, all of them known."""

    kpis_per_team: int = 12
    strategic_kpis: int = 7
    description_words: int = 8
    description_characters: int = 12
    playbook_words: int = 8
    playbook_characters: int = 12


@dataclass
class Defaults:
    """The shipped defaults with those of a workspace laid over them. ``kpi`` and ``watched``: values as a file has them."""

    kpi: dict[str, Any] = field(default_factory=dict)
    watched: dict[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()
    teams: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    abbreviations: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    def filled(self, document: Any) -> Any:
        """A copy of a KPI file's content whose KPIs and watched metrics say everything. What is no entry stays."""
        if not isinstance(document, dict):
            return document
        return {**document, **{
            key: [_laid_over(values, entry) for entry in document[key]]
            for key, values in (("kpis", self.kpi), ("watched", self.watched))
            if isinstance(document.get(key), list)
        }}  # fmt: skip


def read_defaults(folders: Iterable[Path]) -> Defaults:
    """The defaults of the folders, a later one over an earlier one. What is wrong with a file is in ``findings``."""
    found = Defaults()
    limits: dict[str, int] = {}
    for folder in folders:
        found.goals = tuple(dict.fromkeys((*found.goals, *_goal_ids(folder / GOALS_NAME))))
        path = folder / FILE_NAME
        if not path.is_file():
            continue
        parsed = _read(path, found.findings)
        found.kpi = _laid_over(found.kpi, parsed.kpi.model_dump(mode="json", exclude_none=True))
        found.watched = _laid_over(found.watched, parsed.watched.model_dump(mode="json", exclude_none=True))
        limits |= parsed.lint.model_dump(exclude_none=True)
        found.teams = tuple(dict.fromkeys((*found.teams, *parsed.teams)))
        found.abbreviations |= frozenset(parsed.abbreviations)
    found.limits = Limits(**limits)
    return found


def _goal_ids(path: Path) -> list[str]:
    """The ids of the goals in a file that KPIs serve; a concrete goal names its own KPI and waits for none.

    What is wrong with the file is told by metrics.alignment, whose file it is.
    """
    try:
        document = read_yaml(path).value if path.is_file() else None
    except CatalogueError:
        return []
    goals = document.get("goals") if isinstance(document, dict) else None
    named = (
        [goal.get("id") for goal in goals if isinstance(goal, dict) and "kpi" not in goal] if isinstance(goals, list) else []
    )
    return [name for name in named if isinstance(name, str)]


def _read(path: Path, findings: list[Finding]) -> DefaultsFile:
    try:
        document = read_yaml(path)
    except CatalogueError as error:
        findings.append(broken("yaml", error))
        return DefaultsFile()
    if not isinstance(document.value, dict):
        findings.append(finding("defaults-empty", document.where(())))
        return DefaultsFile()
    try:
        return DefaultsFile.model_validate(document.value)
    except ValidationError as error:
        findings += shape_findings(document, error.errors(include_url=False), DefaultsFile)
        return DefaultsFile()


def _laid_over(below: dict[str, Any], above: Any) -> Any:
    """``above`` with what it does not say from ``below``, also within a mapping such as ``thresholds``."""
    if not isinstance(above, dict):
        return above
    merged = {**copy.deepcopy({key: value for key, value in below.items() if key not in above}), **above}
    for key, value in below.items():
        if isinstance(value, dict) and isinstance(above.get(key), dict):
            merged[key] = {**value, **above[key]}
    return merged
