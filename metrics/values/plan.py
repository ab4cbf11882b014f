"""What a run computes: the series (metric, grain, segment) with the periods to look at, and the queries that answer them.

Two savings, both exact. Metrics over the same facts share one query. A foldable metric is asked by day only; its weeks,
months and quarters are sums of the days' parts (`definitions.py` decides what is foldable).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from metrics.catalogue import segment_dimension
from metrics.values.periods import Window, hull, period_start, touched_periods
from metrics.values.watermarks import Watermark, metric_watermark

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue, Lineage
    from metrics.workspace import Workspace

ALL_TIME = Window(date.min, date.max)
Windows = Window | Mapping[str, Window | None] | None


@dataclass(frozen=True)
class Series:
    """One metric at one grain, in total (``group_by`` empty) or by one dimension.

    ``kind``: how parts combine. sum: numerators add up; ratio: numerators and denominators add up; opaque: they do not.
    ``window``: the periods to compute again; None: none of them.
    """

    metric: str
    grain: str
    group_by: str
    kind: Literal["sum", "ratio", "opaque"]
    n_metric: str | None
    n_rule: Literal["metric", "denominator", "value", "unknown"]
    interval: str
    currency: str
    is_folded: bool
    models: frozenset[str]
    definition_hash: str
    watermark: Watermark
    floor: date
    window: Window | None

    @property
    def segment_dimension(self) -> str:
        """The dimension's short name, empty for the total."""
        return segment_dimension(self.group_by)


@dataclass(frozen=True)
class Batch:
    """One query: metrics that share facts, grain, segment and days."""

    metrics: tuple[str, ...]
    n_metrics: Mapping[str, str]
    grain: str
    group_by: str
    first: date
    last: date


@dataclass(frozen=True)
class PlanContext:
    """What planning needs to know: the workspace, its definitions, and what is stored already.

    ``stored``: definition hashes of the current values by (metric, grain, segment dimension).
    """

    ws: Workspace
    catalogue: Catalogue
    lineage: Lineage
    marks: Mapping[str, Watermark]
    stored: Mapping[tuple[str, str, str], Collection[str]]
    today: date


def plan_series(context: PlanContext, windows: Windows) -> list[Series]:
    """Every series of every connected metric."""
    catalogue = context.catalogue
    return [
        _series(context, metric, grain, group_by, windows)
        for metric in catalogue.metrics
        if catalogue.connected(metric)
        for grain in catalogue.grains(metric)
        for group_by in ("", *catalogue.segments(metric))
    ]


def _series(context: PlanContext, metric: str, grain: str, group_by: str, windows: Windows) -> Series:
    catalogue, found = context.catalogue, context.lineage[metric]
    definition = found.definition
    n_metric = catalogue.metric(metric).meta.get("n")
    n_definition = context.lineage[n_metric].definition if n_metric else definition
    kind = _kind(context, metric)
    is_currency = catalogue.unit(metric) == "currency"
    return Series(
        metric=metric,
        grain=grain,
        group_by=group_by,
        kind=kind,
        n_metric=n_metric,
        n_rule=_n_rule(catalogue, metric, kind),
        interval=str(catalogue.metric(metric).meta.get("interval") or ""),
        currency=context.ws.currency if is_currency else "",
        is_folded=kind != "opaque" and definition.is_foldable and n_definition.is_foldable,
        models=definition.models | n_definition.models,
        definition_hash=definition.definition_hash,
        watermark=metric_watermark(context.marks, found.reads),
        floor=period_start(context.ws.history_start, grain),
        window=_window(context, metric, grain, group_by, windows),
    )


def _kind(context: PlanContext, metric: str) -> Literal["sum", "ratio", "opaque"]:
    additivity = context.catalogue.metric(metric).meta.get("additivity")
    if additivity == "additive":
        return "sum"
    return "ratio" if additivity == "ratio" and context.lineage[metric].definition.is_foldable else "opaque"


def _n_rule(catalogue: Catalogue, metric: str, kind: str) -> Literal["metric", "denominator", "value", "unknown"]:
    meta = catalogue.metric(metric).meta
    if meta.get("n"):
        return "metric"
    if meta.get("additivity") == "ratio":
        return "denominator"
    return "value" if catalogue.unit(metric) == "count" and kind == "sum" else "unknown"


def _window(context: PlanContext, metric: str, grain: str, group_by: str, windows: Windows) -> Window | None:
    found = context.lineage[metric]
    stored = context.stored.get((metric, grain, segment_dimension(group_by)), ())
    if windows is None or set(stored) != {found.definition.definition_hash}:
        return ALL_TIME
    touched: list[Window | None] = [windows] if isinstance(windows, Window) else []
    if isinstance(windows, Mapping):
        touched = [window for entity, window in windows.items() if entity in found.reads]
    if None in touched:
        return ALL_TIME
    whole = hull(window for window in touched if window is not None)
    return None if whole is None else touched_periods(whole, grain, found.definition.reach, context.today)


def plan_batches(series: Collection[Series], today: date) -> list[Batch]:
    """The queries that answer every series with a window."""
    groups: dict[tuple[frozenset[str], str, str, date, date], dict[str, str | None]] = {}
    for (metric, grain, group_by), wanted in _asked(series).items():
        window = hull(one.window for one in wanted if one.window is not None)
        if window is None:
            continue
        first, last = max(window.first, min(one.floor for one in wanted)), min(window.last, today)
        if first <= last:
            key = (wanted[0].models, grain, group_by, first, last)
            groups.setdefault(key, {})[metric] = wanted[0].n_metric
    return [
        Batch(tuple(members), {m: n for m, n in members.items() if n}, grain, group_by, first, last)
        for (_, grain, group_by, first, last), members in groups.items()
    ]


def _asked(series: Collection[Series]) -> dict[tuple[str, str, str], list[Series]]:
    """Series by the query they are answered from: folded ones by their day."""
    asked: dict[tuple[str, str, str], list[Series]] = {}
    for one in series:
        asked.setdefault((one.metric, "day" if one.is_folded else one.grain, one.group_by), []).append(one)
    return asked
