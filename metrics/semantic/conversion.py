"""Conversion metrics resolved: which events are counted, and for which earlier event each of them counts.

A conversion is an event of one fact that follows an event of another: an order within seven days of a visit. It counts
for the last base event of the same entity at or before it, if that lies within the window, and so at that base event's
time and members. The order is that of the coarser of the two declared grains: dates are compared by day, and an event
later on the same day is not too late. A NULL entity or constant matches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from metrics.errors import QueryError, did_you_mean
from metrics.semantic.calendars import grains_of
from metrics.semantic.conversion_params import CALCULATIONS, ConversionParams
from metrics.semantic.days import MONTHS_OF, Days, period_start, widened_forward
from metrics.semantic.joins import JoinGraph, grains_from
from metrics.semantic.manifest import Manifest, Measure, MeasureInput, Metric, SemanticModel, Window
from metrics.semantic.query import GRAINS, ElementName
from metrics.semantic.resolved import Conversion, DerivedValue, Leaf, LeafValue, RatioValue, Value

SUB_DAILY = ("nanosecond", "microsecond", "millisecond", "second", "minute", "hour")
_FINEST_FIRST = (*SUB_DAILY, *GRAINS)
_COUNTS = ("count", "count_distinct")


def conversion_value(metric: Metric, leaf_of: Callable[[MeasureInput, bool], Leaf], manifest: Manifest) -> Value:
    """The metric as conversions, or as conversions / base events. ``leaf_of(input, is_base)`` resolves a measure."""
    params = metric.conversion
    if params is None:
        raise QueryError(
            f"metric '{metric.name}' has no base_measure and conversion_measure: it was written in dbt's newer form; use "
            "`conversion_type_params: {base_measure: ..., conversion_measure: ..., entity: ...}`"
        )
    if params.calculation not in CALCULATIONS:
        raise QueryError(
            f"metric '{metric.name}': calculation '{params.calculation}' is not known; use {' or '.join(CALCULATIONS)}"
        )
    base, counted = leaf_of(params.base, True), leaf_of(params.conversion, False)
    for leaf in (base, counted):
        _check_counts(metric.name, leaf.measure)
    _check_window(metric.name, params.window)
    models = manifest.models[base.measure.model], manifest.models[counted.measure.model]
    grains = [
        model.dimensions[leaf.measure.time_dimension].grain or "day"
        for model, leaf in zip(models, (base, counted), strict=True)
    ]
    conversion = Conversion(
        measure=counted.measure,
        conditions=counted.conditions,
        entity=params.entity,
        matched=_matched(metric.name, params, *models),
        window=params.window,
        grain=max(grains, key=_FINEST_FIRST.index),
    )
    conversions = LeafValue(
        replace(base, conversion=conversion, join_to_timespine=counted.join_to_timespine, fill=counted.fill)
    )
    if params.calculation == "conversion_rate":
        return RatioValue(conversions, LeafValue(base))
    if counted.fill is None:
        return conversions
    # Filled conversions are 0 wherever there was something to convert, which only the base events tell.
    return DerivedValue("conversions", (("conversions", conversions), ("base", LeafValue(base))))


def _check_counts(metric: str, measure: Measure) -> None:
    counts = measure.agg in _COUNTS or (measure.agg == "sum" and measure.expr.strip() == "1")
    if not counts or measure.non_additive:
        raise QueryError(
            f"metric '{metric}': measure '{measure.name}' is {measure.agg}({measure.expr}), and a conversion counts events; "
            "use a measure with count, count_distinct or a sum of 1"
        )


def _check_window(metric: str, window: Window | None) -> None:
    if window and window.grain not in GRAINS:
        raise QueryError(
            f"metric '{metric}': the conversion window '{window}' is not supported; use a count of days, weeks, months, "
            "quarters or years"
        )


def _matched(
    metric: str, params: ConversionParams, base: SemanticModel, counted: SemanticModel
) -> tuple[tuple[str, str], ...]:
    """Pairs of expressions that have to be equal: the entity, then the constant properties."""
    for model in (base, counted):
        if params.entity not in model.entities:
            raise QueryError(
                f"metric '{metric}': '{model.name}' has no entity '{params.entity}' to follow from the base event to the "
                f"conversion.{did_you_mean(params.entity, model.entities)}"
            )
    pairs = [(base.entities[params.entity].expr, counted.entities[params.entity].expr)]
    pairs += [(_element(metric, base, left), _element(metric, counted, right)) for left, right in params.constants]
    return tuple(pairs)


def _element(metric: str, model: SemanticModel, name: str) -> str:
    found = model.entities.get(name) or model.dimensions.get(name)
    if found is None:
        known = (*model.entities, *model.dimensions)
        raise QueryError(
            f"metric '{metric}': the constant property '{name}' is neither a dimension nor an entity of "
            f"'{model.name}'.{did_you_mean(name, known)} There: {', '.join(known)}"
        )
    return found.expr


def check_conversion(
    metric: str, leaf: Leaf, time_keys: tuple[ElementName, ...], manifest: Manifest, graph: JoinGraph
) -> None:
    """Refuse grains finer than the comparison of the two times, and filters that the conversion cannot answer."""
    conversion = leaf.conversion
    if conversion is None:
        return
    possible = grains_of(conversion.grain, grains_from(conversion.grain), manifest)
    for name in time_keys:
        if name.grain and name.grain not in possible:
            raise QueryError(
                f"metric '{metric}' compares its two events by {conversion.grain}, not by {name.grain}; ask for "
                f"{' or '.join(possible)}"
            )
    for reference in {reference for condition in conversion.conditions for reference in condition.references}:
        if not reference.name.is_metric_time:
            graph.find(conversion.measure.model, reference.name, reference.kinds)


def days_followed(conversion: Conversion, standing: Days) -> Days:
    """The days on which an event of the range may convert, or a later base event take its conversion."""
    if standing.start and conversion.grain in (*MONTHS_OF, "week"):
        standing = Days(period_start(standing.start, conversion.grain), None)
    if conversion.window is None:
        return Days(standing.start, None)
    return widened_forward(standing, conversion.window.count, conversion.window.grain)
