"""What a run computes: series (metric, grain, segment) with the periods to look at, and the queries that answer them.

Two savings, both exact. Metrics over the same facts (table, date, filters) share one query: with others beside it, a metric
that fills gaps with 0 would show a 0 wherever the others have rows. A foldable metric is asked by day only; its weeks,
months and quarters are sums of the days' parts (`definitions.py` decides what is foldable).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from metrics.catalogue import segment_dimension
from metrics.values.periods import Window, hull, period_start, touched_periods
from metrics.values.watermarks import Watermark, metric_watermark

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue
    from metrics.catalogue.intervals import Interval
    from metrics.workspace import Workspace

Kind = Literal["sum", "ratio", "share", "opaque"]
ALL_TIME = Window(date.min, date.max)
Windows = Window | Mapping[str, Window] | None
SeriesKey = tuple[str, str, str]
_LONGEST_PERIOD = timedelta(days=92)


@dataclass(frozen=True)
class Known:
    """What an earlier run noted about a series: how it was defined, and where time stood."""

    definition_hash: str
    currency: str
    watermark: Watermark


@dataclass(frozen=True)
class Series:
    """One metric at one grain, in total (``group_by`` empty) or by one dimension.

    ``kind``: how parts combine. sum: numerators add up; ratio: numerators and denominators add up; share: numerators
    add up over the one denominator of the period; opaque: they do not.
    ``window``: the periods to compute again; None: none of them. ``known``: None for a series that is new.
    """

    metric: str
    grain: str
    group_by: str
    kind: Kind
    n_metric: str | None
    n_rule: Literal["metric", "denominator", "value", "unknown"]
    interval: Interval
    currency: str
    is_folded: bool
    facts: frozenset[str]
    definition_hash: str
    watermark: Watermark
    floor: date
    window: Window | None
    known: Known | None

    @property
    def key(self) -> SeriesKey:
        """Metric, grain and the dimension's short name."""
        return (self.metric, self.grain, segment_dimension(self.group_by))

    @property
    def source(self) -> SeriesKey:
        """Metric, grain and group-by item of the query that answers it."""
        return (self.metric, "day" if self.is_folded else self.grain, self.group_by)

    @property
    def needed_from(self) -> date:
        """The first period whose stored rows this run has to see: those computed again and those whose state ages."""
        return min(self.window.first if self.window else date.max, _first_aged(self.known, self.watermark))


@dataclass(frozen=True)
class Batch:
    """One query: metrics that share facts, grain, segment and days.

    ``n_metrics``: what counts a metric's observations; ``counted``: what its interval needs counted.
    """

    metrics: tuple[str, ...]
    n_metrics: Mapping[str, str]
    counted: Mapping[str, tuple[str, ...]]
    grain: str
    group_by: str
    first: date
    last: date


@dataclass(frozen=True)
class PlanContext:
    """What planning needs to know: the workspace, its definitions, its watermarks, and what was computed before."""

    ws: Workspace
    catalogue: Catalogue
    marks: Mapping[str, Watermark]
    known: Mapping[SeriesKey, Known]
    today: date


def plan_series(context: PlanContext, windows: Windows, only: Collection[str] | None = None) -> list[Series]:
    """Every series of every connected metric, or of those named by ``only``."""
    catalogue = context.catalogue
    return [
        _series(context, metric, grain, group_by, windows)
        for metric in catalogue.metrics
        if (only is None or metric in only) and catalogue.connected(metric)
        for grain in catalogue.grains(metric)
        for group_by in ("", *catalogue.segments(metric))
    ]


def _series(context: PlanContext, metric: str, grain: str, group_by: str, windows: Windows) -> Series:
    catalogue, found = context.catalogue, context.catalogue.lineage[metric]
    definition, meta = found.definition, catalogue.metric(metric).meta
    n_metric = meta.get("n")
    interval = catalogue.interval(metric)
    beside = [catalogue.lineage[name].definition for name in (*([n_metric] if n_metric else []), *interval.counted)]
    kind = _kind(catalogue, metric)
    currency = context.ws.currency if catalogue.unit(metric) == "currency" else ""
    known = context.known.get((metric, grain, segment_dimension(group_by)))
    is_as_before = known is not None and (known.definition_hash, known.currency) == (
        definition.definition_hash,
        currency,
    )
    return Series(
        metric=metric,
        grain=grain,
        group_by=group_by,
        kind=kind,
        n_metric=n_metric,
        n_rule=_n_rule(catalogue, metric, kind),
        interval=interval,
        currency=currency,
        is_folded=kind != "opaque" and all(one.is_foldable for one in (definition, *beside)),
        facts=definition.facts.union(*(one.facts for one in beside)),
        definition_hash=definition.definition_hash,
        watermark=metric_watermark(context.marks, found.reads).matured(catalogue.matures_after_days(metric)),
        floor=period_start(context.ws.history_start, grain),
        window=_window(context, metric, grain, windows) if is_as_before else ALL_TIME,
        known=known,
    )


def _kind(catalogue: Catalogue, metric: str) -> Kind:
    additivity = catalogue.metric(metric).meta.get("additivity")
    if additivity == "additive":
        return "sum"
    if additivity == "share":
        return "share"
    return "ratio" if additivity == "ratio" and catalogue.lineage[metric].definition.is_foldable else "opaque"


def _n_rule(catalogue: Catalogue, metric: str, kind: str) -> Literal["metric", "denominator", "value", "unknown"]:
    if catalogue.metric(metric).meta.get("n"):
        return "metric"
    if kind in ("ratio", "share"):
        return "denominator"
    return "value" if catalogue.unit(metric) == "count" and kind == "sum" else "unknown"


def _window(context: PlanContext, metric: str, grain: str, windows: Windows) -> Window | None:
    found = context.catalogue.lineage[metric]
    if windows is None:
        return ALL_TIME
    whole = windows if isinstance(windows, Window) else windows.get(metric)
    return None if whole is None else touched_periods(whole, grain, found.definition.reach, context.today)


def _first_aged(known: Known | None, now: Watermark) -> date:
    """The earliest start of a period whose state may differ because a watermark has moved, in either direction."""
    if known is None:
        return date.min
    moved = [
        date.min if before is None or after is None else min(before, after)
        for before, after in (
            (known.watermark.closed_through, now.closed_through),
            (known.watermark.settled_through, now.settled_through),
        )
        if before != after
    ]
    earliest = min(moved, default=date.max)
    return earliest if earliest in (date.min, date.max) else earliest - _LONGEST_PERIOD


def plan_batches(series: Sequence[Series], today: date) -> list[Batch]:
    """The queries that answer every series with a window."""
    groups: dict[tuple[frozenset[str], str, str, date, date], dict[str, Series]] = {}
    for (metric, grain, group_by), wanted in _by_source(series).items():
        window = hull(one.window for one in wanted if one.window is not None)
        if window is None:
            continue
        first, last = max(window.first, min(one.floor for one in wanted)), min(window.last, today)
        if first <= last:
            key = (wanted[0].facts, grain, group_by, first, last)
            groups.setdefault(key, {})[metric] = wanted[0]
    return [
        Batch(
            tuple(members),
            {name: one.n_metric for name, one in members.items() if one.n_metric},
            {name: one.interval.counted for name, one in members.items() if one.interval.counted},
            grain,
            group_by,
            first,
            last,
        )
        for (_, grain, group_by, first, last), members in groups.items()
    ]


def _by_source(series: Sequence[Series]) -> dict[SeriesKey, list[Series]]:
    found: dict[SeriesKey, list[Series]] = {}
    for one in series:
        found.setdefault(one.source, []).append(one)
    return found
