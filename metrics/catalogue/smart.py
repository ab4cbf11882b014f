"""SMART: is each KPI specific, measurable, achievable, relevant, time-bound, and if not, why not.

The answers follow from the lint and the KPI's own fields; each comes with its reason as an English sentence with braces and
the values for them, so that a reader's language can be put in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from metrics.catalogue.lint import LintReport
from metrics.catalogue.model import Kpi, Target
from metrics.catalogue.plausible import YEAR, range_of, short_number

Criterion = Literal["specific", "measurable", "achievable", "relevant", "time-bound"]
# Rules of the lint that make a KPI unspecific.
_WORDS = ("unfinished", "description-short", "description-example", "description-repeats", "description-abbreviation",
          "text-language", "title-duplicate", "formula-duplicate")  # fmt: skip


_TOO_SHORT = "less than a year of history to judge the target {value} by {grain}: {count} of {least} periods"
_WITHIN = "the target {value} lies within {low} to {high}, which history makes plausible"
_OUTSIDE = "the target {value} lies outside {low} to {high}, which history makes plausible"


@dataclass(frozen=True)
class Answer:
    """One criterion of one KPI. ``reason.format(**values)`` is the English reason."""

    kpi: str
    criterion: Criterion
    is_met: bool
    reason: str
    values: Mapping[str, object] = field(default_factory=dict)


def smart_report(report: LintReport) -> list[Answer]:
    """Five answers for every KPI, in the order of the files."""
    return [answer for kpi in report.checked.catalogue.kpis.values() for answer in _answers(report, kpi)]


def _answers(report: LintReport, kpi: Kpi) -> Iterator[Answer]:
    yield _specific(report, kpi)
    yield _measurable(report, kpi)
    yield _achievable(report, kpi)
    yield _relevant(report, kpi)
    yield _time_bound(report, kpi)


def _specific(report: LintReport, kpi: Kpi) -> Answer:
    faults = dict.fromkeys(found.rule for found in report.findings if found.kpi == kpi.id and found.rule in _WORDS)
    if faults:
        return Answer(kpi.id, "specific", False, "its texts are not clear yet: {rules}", {"rules": ", ".join(faults)})
    return Answer(kpi.id, "specific", True, "described with an example, and owned by {owner}", {"owner": kpi.owner})


def _measurable(report: LintReport, kpi: Kpi) -> Answer:
    catalogue = report.checked.catalogue
    if kpi.id not in catalogue.lineage or not catalogue.lineage[kpi.id].reads:
        return Answer(kpi.id, "measurable", False, "its metric reads no source")
    missing = catalogue.missing_entities(kpi.id)
    if missing:
        return Answer(kpi.id, "measurable", False, "not connected: map {entities}", {"entities": ", ".join(sorted(missing))})
    entities = ", ".join(sorted(catalogue.lineage[kpi.id].needs))
    values = {"entities": entities, "grains": ", ".join(kpi.grains)}
    return Answer(kpi.id, "measurable", True, "computed from {entities}, by {grains}", values)


def _achievable(report: LintReport, kpi: Kpi) -> Answer:
    if not kpi.actionable:
        return Answer(kpi.id, "achievable", False, "its owner cannot change it (actionable: false)")
    target = _current(report, kpi)
    if target is None:
        return Answer(kpi.id, "achievable", False, "no target to judge")
    direction = report.checked.catalogue.direction(kpi.id)
    possible = range_of(kpi, target, direction, report.today or target.from_, report.history)
    value = short_number(target.value)
    if possible is None:
        known = len(report.history.get((kpi.id, target.grain, *next(iter(target.scope.items()), ("", ""))), ()))
        return Answer(kpi.id, "achievable", False, _TOO_SHORT, {
            "value": value, "grain": target.grain, "count": known, "least": YEAR[target.grain] + 1
        })  # fmt: skip
    is_met = possible.low <= target.value <= possible.high
    values = {"value": value, "low": short_number(possible.low), "high": short_number(possible.high)}
    return Answer(kpi.id, "achievable", is_met, _WITHIN if is_met else _OUTSIDE, values)


def _relevant(report: LintReport, kpi: Kpi) -> Answer:
    if kpi.goals:
        return Answer(kpi.id, "relevant", True, "serves {goals}", {"goals": ", ".join(kpi.goals)})
    way, kpis = [kpi], report.checked.kpis
    while (parent := way[-1].parent) in kpis and kpis[str(parent)] not in way:
        way.append(kpis[str(parent)])
        if way[-1].goals:
            return Answer(kpi.id, "relevant", True, "serves {goals} through {way}",
                          {"goals": ", ".join(way[-1].goals), "way": " -> ".join(one.id for one in way[1:])})  # fmt: skip
    if len(way) > 1:
        return Answer(kpi.id, "relevant", False, "neither it nor {way} above it names a goal",
                      {"way": ", ".join(one.id for one in way[1:])})  # fmt: skip
    return Answer(kpi.id, "relevant", False, "it names neither a goal nor a parent")


def _time_bound(report: LintReport, kpi: Kpi) -> Answer:
    today, target = report.today, _current(report, kpi)
    if target is not None and target.to:
        return Answer(kpi.id, "time-bound", True, "target until {day}", {"day": target.to})
    if target is not None and target.review_on and (today is None or target.review_on >= today):
        return Answer(kpi.id, "time-bound", True, "its target is looked at again on {day}", {"day": target.review_on})
    if target is not None and target.review_on:
        return Answer(kpi.id, "time-bound", False, "the review of its target was due on {day}", {"day": target.review_on})
    if target is not None:
        return Answer(kpi.id, "time-bound", False, "its target has neither an end nor a day of review")
    if kpi.targets:
        ends = [one.to for one in kpi.targets if one.to]
        return Answer(kpi.id, "time-bound", False, "no target holds today, the last one ended on {day}" if ends else
                      "no target holds today", {"day": max(ends)} if ends else {})  # fmt: skip
    if kpi.baseline_until and (today is None or kpi.baseline_until >= today):
        return Answer(kpi.id, "time-bound", True, "its level is learned until {day}", {"day": kpi.baseline_until})
    return Answer(kpi.id, "time-bound", False, "no target")


def _current(report: LintReport, kpi: Kpi) -> Target | None:
    """The target that holds today, that of the whole company before those of segments; without a today the last one."""
    targets = sorted(kpi.targets, key=lambda target: (bool(target.scope), -target.from_.toordinal()))
    if report.today is None:
        return targets[0] if targets else None
    return next((target for target in targets if target.holds_on(report.today)), None)
