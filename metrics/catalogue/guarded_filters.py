"""Metrics whose own filters name what small_cells guards: their totals would be published as the segment's value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.semantic.manifest import Metric
    from metrics.workspace.small_cells import SmallCells


def guarded_by_filters(metrics: Mapping[str, Metric], rules: SmallCells | None) -> dict[str, list[str]]:
    """Metric -> the guarded names in its own filters: those of the metric, of its measures, and of its inputs."""
    if rules is None:
        return {}
    found = {name: _names(metric, rules) for name, metric in metrics.items()}
    return {name: names for name, names in found.items() if names}


def guarded_metrics(metrics: Mapping[str, Metric], rules: SmallCells | None) -> dict[str, list[str]]:
    """Likewise with the metrics that are computed from such a metric, however far down."""
    own = guarded_by_filters(metrics, rules)
    found: dict[str, list[str]] = {}
    for name in metrics if own else ():
        names = dict.fromkeys(word for part in _with_inputs(name, metrics) for word in own.get(part, ()))
        if names:
            found[name] = list(names)
    return found


def _with_inputs(name: str, metrics: Mapping[str, Metric]) -> list[str]:
    seen, waiting = {name}, [name]
    while waiting:
        metric = metrics.get(waiting.pop())
        new = [part for part in metric.inputs if part not in seen] if metric else []
        seen.update(new)
        waiting += new
    return sorted(seen)


def _names(metric: Metric, rules: SmallCells) -> list[str]:
    texts = list(_filters(metric))
    if not texts:
        return []
    from metrics.semantic.filters import names_in

    return rules.guarded(name for text in texts for name in names_in(text))


def _filters(metric: Metric) -> Iterator[str]:
    yield from metric.filters
    conversion = metric.conversion
    for measure in (metric.measure, *((conversion.base, conversion.conversion) if conversion else ())):
        yield from measure.filters if measure else ()
    for part in (metric.numerator, metric.denominator, *metric.input_metrics):
        yield from part.filters if part else ()
