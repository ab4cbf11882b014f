"""Advice on a KPI's target from the published values, for `kpi target`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from metrics.errors import CatalogueError, QueryError, did_you_mean
from metrics.warehouse import open_published
from serving.published import lint_definitions

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue, Kpi
    from metrics.catalogue.drivers import Drivers
    from metrics.forecast.advice import Advice
    from metrics.workspace import Workspace


@dataclass(frozen=True)
class GivenBenchmark:
    """What others reach, in the KPI's unit, and who says so. ``is_percent``: it was written with a per cent sign."""

    value: float
    source: str
    is_percent: bool = False


def target_advice(ws: Workspace, name: str, by: date | None, grain: str | None, benchmark: GivenBenchmark | None) -> Advice:
    """Three steps for a KPI by a day. Raises QueryError where there is no such KPI, or too little history to advise."""
    from metrics.forecast.advice import Asked, advise, asked_period
    from metrics.forecast.history import metrics_to_read, read_stored

    catalogue = lint_definitions(ws).checked.catalogue
    kpi = _known(catalogue, name)
    wanted = _grain(kpi, grain)
    formula = _formula(catalogue, kpi)
    names = {name, *(formula.metrics if formula else ())}
    with open_published(ws) as con:
        stored = read_stored(con, metrics_to_read(catalogue, names))
        marks = con.execute("select max(watermark) from mart.kpi_values where metric = ?", [name]).fetchone()
    if marks is None or marks[0] is None:
        raise QueryError(f"{name}: no advice: no day of it has closed yet. Run `kpi run` when its sources have delivered.")
    if benchmark is not None:
        check_benchmark(
            name, catalogue.unit(name), [row[0] for row in stored.values.get((name, wanted), {}).values()], benchmark
        )
    elif kpi.benchmark and kpi.benchmark.grain == wanted:
        benchmark = GivenBenchmark(kpi.benchmark.value, kpi.benchmark.source)
    value, source = (benchmark.value, benchmark.source) if benchmark else (None, None)
    asked = Asked(wanted, asked_period(by, wanted, marks[0]), marks[0], value, source)
    return advise(stored, catalogue, name, asked, formula)


def check_benchmark(metric: str, unit: str, values: Iterable[float | None], given: GivenBenchmark) -> None:
    """Raise QueryError where a benchmark was most likely written in per cent of a share, or is per cent of something else.

    A quotient may be more than 1 (a return on spending); one whose ``values`` never were is taken for a share.
    """
    if unit != "ratio":
        if given.is_percent:
            raise QueryError(
                f"{metric}: --benchmark is in per cent, but the KPI is no share. Give it in the KPI's unit ({unit})."
            )
        return
    best = max((value for value in values if value is not None), default=None)
    if given.is_percent or abs(given.value) <= 1 or best is None or best > 1:
        return
    raise QueryError(
        f"{metric}: --benchmark {given.value:g} is {given.value * 100:,.0f} % of a share that has never been above "
        f"{best * 100:.3g} %. Write {given.value:g} % as {given.value / 100:g} or {given.value:g}%, "
        f"and {given.value * 100:,.0f} % as {given.value * 100:.0f}%."
    )


def _known(catalogue: Catalogue, name: str) -> Kpi:
    if name not in catalogue.kpis:
        plain = " It is a plain metric: give it a KPI file to set targets." if name in catalogue.metrics else ""
        raise QueryError(f"there is no KPI '{name}'.{plain or did_you_mean(name, catalogue.kpis)} `kpi list` shows all.")
    if not catalogue.connected(name):
        missing = ", ".join(sorted(catalogue.missing_entities(name)))
        raise QueryError(f"{name} is not connected: map {missing} in workspace.yml to have it computed.")
    return catalogue.kpis[name]


def _grain(kpi: Kpi, grain: str | None) -> str:
    """The grain asked for, else that of the KPI's latest target, else the month, else its longest."""
    if grain is None:
        targets = [target for target in kpi.targets if not target.scope]
        latest = max(targets, key=lambda target: target.from_).grain if targets else "month"
        return latest if latest in kpi.grains and latest != "day" else kpi.grains[-1]
    if grain not in kpi.grains:
        raise QueryError(f"{kpi.id} has no values by {grain}; --grain is one of {', '.join(kpi.grains)}.")
    if grain == "day":
        raise QueryError(f"{kpi.id}: a target by day follows chance more than work; --grain is week, month or quarter.")
    return grain


def _formula(catalogue: Catalogue, kpi: Kpi) -> Drivers | None:
    """The KPI's drivers, else what it divides; None where it has neither, or a driver has no values."""
    from metrics.catalogue.drivers import DriversError, parse_drivers
    from metrics.forecast.history import parts_of

    parts = parts_of(catalogue, kpi.id) if catalogue.metric(kpi.id).type == "ratio" else None
    text = kpi.drivers or (" / ".join(parts) if parts else None)
    if text is None:
        return None
    try:
        formula = parse_drivers(text)
    except DriversError as error:
        raise CatalogueError(f"{catalogue.where[kpi.id]}: {kpi.id}: drivers '{text}' cannot be read: {error}") from error
    return formula if all(name in catalogue.metrics and catalogue.connected(name) for name in formula.metrics) else None
