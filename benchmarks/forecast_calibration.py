"""Do the intervals hold what they say? Rolling-origin back-tests of the outlook over the demo company and real files.

    python -m benchmarks.forecast_calibration --scale 0.2 --json forecast_calibration.json
    python -m benchmarks.forecast_calibration --built data/demo        # workspaces that have run already

For every KPI and metric, at the start and after a quarter, half and three quarters of every past week, month and quarter,
and for the months that end one to six months later: the value forecast from what was known then against the value that came.
Per group: how many, how often the 80 % interval held it (goal 75-85 %), the 50 % and 95 % intervals for comparison, and
skill: by how much the error is smaller than that of repeating the last week (of the last period where there are no days).
Real workspaces are run where BELLWETHER_SHARED_DATA names the folder with their files.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from metrics.catalogue import Catalogue
from metrics.forecast.history import Days, Stored, days_of, metrics_to_read, periods_of, read_stored
from metrics.forecast.outlook import DailySeries, Outlook, outlook_from_days, outlook_from_periods
from metrics.forecast.periods import stretch_of
from metrics.values.periods import last_closed_period, next_period, period_end, period_start
from metrics.warehouse import open_published
from metrics.workspace import load_workspace
from serving.published import lint_definitions

REPOSITORY = Path(__file__).resolve().parents[1]
REAL = ("shop", "incidents", "lead_funnel", "ads")
# What lies behind is no process any more: the collection of the file ended there (see its SOURCES.md), and only stragglers
# of it are in the file.
ENDS = {"incidents": date(2016, 5, 22), "lead_funnel": date(2018, 5, 31)}
SHARES = (0.0, 0.25, 0.5, 0.75)
MONTHS_AHEAD = (1, 3, 5)
_FIRST_DAYS = 35


@dataclass(frozen=True)
class Case:
    """One forecast of the past, and which of its intervals (50, 80 and 95 %) held what came."""

    group: tuple[str, str, str]
    metric: str
    held_50: bool
    held_80: bool
    held_95: bool
    error: float
    naive_error: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--built", type=Path, nargs="*", help="workspaces that have run, instead of building any")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        roots = options.built or list(build(Path(folder), options.scale))
        cases = [case for root in roots for case in cases_of(root)]
    rows = report(cases)
    for row in rows:
        print(f"{row['group']:40} {row['forecasts']:6}  80 %: {row['coverage_80']:6.1%}  50 %: {row['coverage_50']:6.1%}"
              f"  95 %: {row['coverage_95']:6.1%}  skill {row['skill']:+.2f}")  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


def build(folder: Path, scale: float) -> Iterator[Path]:
    """Generate and run the demo company, and run the real workspaces where their files are."""
    kpi = [str(Path(sys.executable).with_name("kpi")), "run", "-w"]
    demo = folder / "demo"
    demo.mkdir()
    shutil.copy(REPOSITORY / "data" / "demo" / "workspace.yml", demo)
    shutil.copytree(REPOSITORY / "data" / "demo" / "kpis", demo / "kpis")
    generate = [sys.executable, "-m", "data.generator", "--scale", str(scale), "--out", str(demo / "files"), "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(generate, check=True, cwd=REPOSITORY, env=environment)
    roots = [demo]
    if os.environ.get("BELLWETHER_SHARED_DATA"):
        for name in REAL:
            roots.append(Path(shutil.copytree(REPOSITORY / "tests" / "workspaces" / name, folder / name)))
    for root in roots:
        subprocess.run([*kpi, str(root)], check=True, env=environment, capture_output=True)
        yield root


def cases_of(root: Path) -> Iterator[Case]:
    """Every back-test of one workspace."""
    ws = load_workspace(root)
    catalogue = lint_definitions(ws).checked.catalogue
    names = [name for name in catalogue.metrics if catalogue.connected(name)]
    with open_published(ws) as con:
        stored = read_stored(con, metrics_to_read(catalogue, names))
        marks = con.execute("select metric, max(watermark) from mart.kpi_values group by metric").fetchall()
    for name, closed in marks:
        if name in catalogue.metrics and closed is not None:
            through = min(closed, ENDS.get(root.name, closed)) - timedelta(days=catalogue.matures_after_days(name))
            yield from _metric_cases(root.name, stored, catalogue, name, through)


def _metric_cases(source: str, stored: Stored, catalogue: Catalogue, name: str, through: date) -> Iterator[Case]:
    kind = catalogue.kind(name)
    grains = [grain for grain in catalogue.grains(name) if grain != "day"]
    days = days_of(stored, catalogue, name, through)
    if days is None:
        for grain in grains:
            values = periods_of(stored, name, grain, last_closed_period(through, grain))
            yield from period_cases((source, kind, grain), name, values, grain, is_count=catalogue.unit(name) == "count")
    elif varies(days.series):
        for grain in grains:
            yield from day_cases((source, kind, grain), name, days, grain)
        if "month" in grains:
            for months in MONTHS_AHEAD:
                yield from ahead_cases((source, kind, f"month +{months}"), name, days, months)


def varies(series: DailySeries) -> bool:
    """Whether there is anything to forecast: a share that is always 0 or 1, because a file lacks the others, has nothing."""
    if not series.numerator.any():
        return False
    if series.denominator is None:
        return True
    there = series.denominator > 0
    return bool(np.ptp(series.numerator[there] / series.denominator[there]) > 0)


def day_cases(group: tuple[str, str, str], name: str, days: Days, grain: str) -> Iterator[Case]:
    """Every period that has ended, seen from four days within it."""
    for start in _starts(days.first + timedelta(days=_FIRST_DAYS), days.last, grain):
        end = period_end(start, grain)
        for share in SHARES:
            origin = start + timedelta(days=int(share * ((end - start).days + 1)) - 1)
            yield from _day_case(group, name, days, origin, start, end)


def ahead_cases(group: tuple[str, str, str], name: str, days: Days, months: int) -> Iterator[Case]:
    """Every month that has ended, seen from the end of the month so many months before."""
    starts = list(_starts(days.first + timedelta(days=_FIRST_DAYS), days.last, "month"))
    for seen, start in zip(starts, starts[months:], strict=False):
        yield from _day_case(group, name, days, seen - timedelta(days=1), start, period_end(start, "month"))


def _starts(first: date, last: date, grain: str) -> Iterator[date]:
    start = next_period(period_start(first, grain), grain)
    while period_end(start, grain) <= last:
        yield start
        start = next_period(start, grain)


def _day_case(group: tuple[str, str, str], name: str, days: Days, origin: date, start: date, end: date) -> Iterator[Case]:
    series, size = days.series, (origin - days.first).days + 1
    below = series.denominator
    seen = replace(series, numerator=series.numerator[:size], denominator=None if below is None else below[:size])
    found = outlook_from_days(seen, stretch_of(origin, start, end))
    first, last = (start - days.first).days, (end - days.first).days + 1
    if found is None or (below is not None and below[first:last].sum() <= 0):
        return
    if series.kind == "stock":
        yield _case(group, name, found, float(series.numerator[last - 1]), float(series.numerator[size - 1]))
        return
    parts = [series.numerator] if below is None else [series.numerator, below]
    true = [float(part[first:last].sum()) for part in parts]
    # the last week over and over
    repeated = [
        np.concatenate([part[:size], np.resize(part[size - 7 : size], last - size)])[first:last].sum() for part in parts
    ]
    naive = repeated[0] if below is None else repeated[0] / repeated[1] if repeated[1] > 0 else found.value
    yield _case(group, name, found, true[0] if below is None else true[0] / true[1], float(naive))


def period_cases(
    group: tuple[str, str, str], name: str, values: np.ndarray, grain: str, *, is_count: bool
) -> Iterator[Case]:
    """Every one of the periods from those before it, where periods do not follow from days."""
    for place in range(1, values.size):
        found = outlook_from_periods(values[:place], 1, grain, is_share=False, is_count=is_count)
        if found is not None and not np.isnan(values[place]):
            yield _case(group, name, found, float(values[place]), float(values[place - 1]))


def _case(group: tuple[str, str, str], name: str, found: Outlook, true: float, naive: float) -> Case:
    held_50, held_95 = (
        _held(found.quantile((1 - share) / 2), true, found.quantile((1 + share) / 2)) for share in (0.5, 0.95)
    )
    held_80 = _held(found.low, true, found.high)
    return Case(group, name, held_50, held_80, held_95, abs(found.value - true), abs(naive - true))


def _held(low: float, true: float, high: float) -> bool:
    """An interval that ends where the truth lies holds it, whatever the last binary digit says."""
    slack = 1e-9 * abs(true)
    return low - slack <= true <= high + slack


def report(cases: Iterable[Case]) -> list[dict[str, object]]:
    """Coverage and skill per group: source, source and horizon, source and kind, and all real files together."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        source, kind, horizon = case.group
        for label in (source, f"{source} {kind}s", f"{source} {horizon}", *(["real files"] if source in REAL else [])):
            groups[label].append(case)
    return [_row(label, groups[label]) for label in sorted(groups)]


def _row(label: str, cases: list[Case]) -> dict[str, object]:
    return {
        "group": label,
        "forecasts": len(cases),
        "coverage_80": round(float(np.mean([case.held_80 for case in cases])), 4),
        "coverage_50": round(float(np.mean([case.held_50 for case in cases])), 4),
        "coverage_95": round(float(np.mean([case.held_95 for case in cases])), 4),
        "skill": round(_skill(cases), 4),
    }


def _skill(cases: list[Case]) -> float:
    """1 minus the ratio of mean absolute errors, each metric by itself and weighed by its number of forecasts."""
    by_metric: dict[tuple[str, str, str, str], list[Case]] = defaultdict(list)
    for case in cases:
        by_metric[(*case.group, case.metric)].append(case)
    skills = [
        (1 - sum(case.error for case in found) / naive, len(found))
        for found in by_metric.values()
        if (naive := sum(case.naive_error for case in found)) > 0
    ]
    return sum(skill * count for skill, count in skills) / max(sum(count for _, count in skills), 1)


if __name__ == "__main__":
    main()
