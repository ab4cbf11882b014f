"""A small company with a catalogue of its own, and series of made-up values for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from metrics.values.closed import TOTAL, ClosedValue, ClosedValues
from metrics.values.periods import next_period
from tests.unit.values.company import Company, build

TEXT = "{en: text, zh: 文字}"


def kpi(name: str, *lines: str) -> str:
    """One entry of a KPI file; ``lines`` are further fields."""
    fields = [
        f"title: {{en: {name.title()}, zh: 指标}}", f"description: {TEXT}", f"question: {TEXT}", "owner: Head of sales",
        "level: operational", "scope: company", "timing: lagging", "role: output", f"playbook: {TEXT}", *lines,
    ]  # fmt: skip
    return f"  - id: {name}\n" + "".join(f"    {line}\n" for line in fields)


def company(root: Path, *kpis: str) -> Company:
    """The company of the tests of values, with these KPIs as its own."""
    return build(root, "version: 1\n" + ("kpis:\n" + "".join(kpis) if kpis else ""))


def values(
    series: Mapping[tuple[str, str], Sequence[float | None]],
    first: date,
    closed: date,
    n: int = 1000,
    matures: Mapping[str, int] | None = None,
) -> ClosedValues:
    """Totals from ``first`` on, one per period; None leaves a gap."""
    found = {}
    for (metric, grain), numbers in series.items():
        start, points = first, {}
        for number in numbers:
            if number is not None:
                points[start] = ClosedValue(number, n)
            start = next_period(start, grain)
        found[metric, grain, TOTAL] = points
    return ClosedValues(found, {metric: closed for metric, _ in series}, matures or {})
