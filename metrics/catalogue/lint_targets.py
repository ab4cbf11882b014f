"""Rules of targets over time: none, without an end, ended, due for a look, outside of what history makes plausible."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from metrics.catalogue.findings import Finding
from metrics.catalogue.load import Checked
from metrics.catalogue.model import Kpi, Target
from metrics.catalogue.plausible import History, implausible
from metrics.catalogue.rulebook import Both, finding
from metrics.values.periods import next_period, period_start


def target_findings(checked: Checked, today: date | None, history: History) -> Iterator[Finding]:
    """What is wrong with the targets of each KPI. Without a ``today`` nothing is said of days that may be over."""
    for name, kpi in checked.kpis.items():
        if name not in checked.catalogue.kpis:
            continue
        place = checked.targets[name]
        if not kpi.targets:
            yield from _none(checked, kpi, today)
        for index, target in enumerate(kpi.targets):
            where = place.where("targets", index)
            if target.to is not None and _next_start(target.from_, target.grain) > target.to:
                yield finding("target-unused", where, kpi=name, grain=target.grain, first=target.from_, last=target.to)
            if target.to is None and target.review_on is None:
                yield finding("target-open-ended", where, kpi=name, day=target.from_)
            if today and target.review_on and target.review_on < today and (target.to is None or target.to >= today):
                yield finding("target-review-due", where, kpi=name, start=target.from_, day=target.review_on)
        if today:
            yield from _expired(checked, kpi, today)
        yield from implausible(checked, kpi, today, history)


def _next_start(day: date, grain: str) -> date:
    """The first day of the first period that starts on ``day`` or later."""
    start = period_start(day, grain)
    return start if start == day else next_period(start, grain)


def _none(checked: Checked, kpi: Kpi, today: date | None) -> Iterator[Finding]:
    """No target is no fault of a KPI whose data is not there, whose level is still being learned, or of which neither
    more nor less is good: `target-direction` refuses one there."""
    entry = checked.entries[kpi.id]
    if kpi.baseline_until is not None:
        if today and kpi.baseline_until < today:
            yield finding("baseline-over", entry.where("baseline_until"), kpi=kpi.id, day=kpi.baseline_until)
    elif is_connected(checked, kpi.id) and checked.catalogue.direction(kpi.id) != "none":
        yield finding("target-missing", entry.where(), kpi=kpi.id)


def is_connected(checked: Checked, metric: str) -> bool:
    """Whether what the metric is made of is mapped; one whose lineage is not known counts as not connected."""
    return metric in checked.catalogue.lineage and checked.catalogue.connected(metric)


def _expired(checked: Checked, kpi: Kpi, today: date) -> Iterator[Finding]:
    """The last target of each grain and scope, where it is over."""
    last: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, Target]] = {}
    for index, target in enumerate(kpi.targets):
        key = (target.grain, tuple(target.scope.items()))
        if key not in last or last[key][1].from_ < target.from_:
            last[key] = (index, target)
    for (grain, scope), (index, target) in last.items():
        if target.to is not None and target.to < today:
            member = " ".join(f"{dimension} {value}" for dimension, value in scope)
            yield finding(
                "target-expired", checked.targets[kpi.id].where("targets", index), kpi=kpi.id, grain=grain, day=target.to,
                scope=Both(en=f" of {member}", zh=f" {member} ") if member else "",
            )  # fmt: skip
