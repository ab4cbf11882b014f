"""Query -> resolved query: every metric unfolded down to its measures, every name checked, everything else refused.

Offsets and filters are pushed down to the leaves here: the previous month of a difference is the difference of the
previous months. What is left of a metric is a small tree of values over leaves, and each leaf is one aggregation over
one model.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from metrics.errors import QueryError, did_you_mean
from metrics.semantic.calendars import calendar_grains, calendar_refusal, grains_of
from metrics.semantic.comparisons import check_grains, check_numbers, compared
from metrics.semantic.complete import Bounds
from metrics.semantic.conversion import SUB_DAILY, check_conversion, conversion_value
from metrics.semantic.days import MONTHS_OF
from metrics.semantic.default_grain import default_grain
from metrics.semantic.filters import parse_filter
from metrics.semantic.joins import ANY_KIND, JoinGraph, grains_from
from metrics.semantic.manifest import Manifest, Metric, MetricInput
from metrics.semantic.member_shares import as_share
from metrics.semantic.query import GRAINS, METRIC_TIME, ElementName, Query, RefusedNameError, parse_name
from metrics.semantic.resolved import (
    DerivedValue,
    Key,
    Leaf,
    LeafValue,
    Offset,
    RatioValue,
    ResolvedQuery,
    Value,
    leaves_of,
)
from metrics.semantic.totals import IS_TOTAL, with_totals

_DAYS = {"day": 1, "week": 7}


class Resolver:
    """Resolves queries against one manifest."""

    def __init__(self, manifest: Manifest, graph: JoinGraph) -> None:
        self._manifest = manifest
        self._graph = graph
        self._calendar = calendar_grains(manifest)

    def resolve(self, query: Query, bounds: Bounds = Bounds()) -> ResolvedQuery:  # noqa: B008  frozen
        """Check the query and unfold its metrics. Raises QueryError for anything that has no exact answer."""
        metrics = [self.metric(name) for name in query.metrics]
        values = tuple((metric.name, self._value(metric, (), Offset(), ())) for metric in metrics)
        resolved = ResolvedQuery(
            values=values,
            keys=self._keys(query),
            where=tuple(part for text in query.where for part in parse_filter(text, False, self._calendar)),
            start=query.start,
            end=query.end,
            order_by=(),
            limit=query.limit,
            parts=query.parts,
            history_start=bounds.history_start,
            whole=bounds.whole,
        )
        for name, value in resolved.values:
            leaves = list(dict.fromkeys(leaves_of(value)))
            for leaf in leaves:
                self._check_leaf(name, leaf, resolved)
            if not resolved.time_keys and len({leaf.is_windowed for leaf in leaves}) == 2:
                raise QueryError(
                    f"metric '{name}' mixes a window up to a day with values of the whole range and needs a time to stand "
                    "at; add metric_time__day (or week, month, quarter, year) to group_by"
                )
        resolved = self._with_options(query, resolved)
        return replace(resolved, order_by=_order(query, output_columns(resolved)))

    def time_grains(self, query: Query) -> set[str]:
        """The grains of metric_time in group_by, those of the calendar among them."""
        return {key.name.grain or "day" for key in self._keys(query) if key.name.is_metric_time}

    def _keys(self, query: Query) -> tuple[Key, ...]:
        bare_grain = "day"
        if any(item.lower() == METRIC_TIME for item in query.group_by):
            metrics = [self.metric(name) for name in query.metrics]
            bare_grain = default_grain(metrics, (self.value(metric.name) for metric in metrics), self._manifest)
        return tuple(_key(item, self._calendar, bare_grain) for item in query.group_by)

    def _with_options(self, query: Query, resolved: ResolvedQuery) -> ResolvedQuery:
        if query.compare:
            grains = {key.name.grain or "day" for key in resolved.time_keys}
            check_grains(grains)
            check_numbers(resolved, self._manifest)
            resolved = compared(query, resolved, grains, self.value)
            for name, value in resolved.bases:
                for leaf in dict.fromkeys(leaves_of(value)):
                    self._check_periods(name, leaf, resolved)
        return with_totals(query, resolved)

    def metric(self, name: str) -> Metric:
        """Return the metric called ``name``. Raises QueryError with the closest names."""
        metrics = self._manifest.metrics
        if name in metrics:
            return metrics[name]
        hint = did_you_mean(name, metrics)
        raise QueryError(f"there is no metric '{name}'.{hint} `kpi list --all` shows all {len(metrics)}.")

    def value(self, name: str, offset: Offset = Offset()) -> Value:  # noqa: B008  frozen
        """Unfold one metric outside of any query, as it was ``offset`` earlier."""
        return self._value(self.metric(name), (), offset, ())

    def _value(self, metric: Metric, filters: tuple[str, ...], offset: Offset, above: tuple[str, ...]) -> Value:
        return as_share(metric, self._unfolded(metric, filters, offset, above))

    def _unfolded(self, metric: Metric, filters: tuple[str, ...], offset: Offset, above: tuple[str, ...]) -> Value:
        if metric.name in above:
            raise QueryError(f"metric '{metric.name}' is defined by itself: {' -> '.join((*above, metric.name))}")
        self._check_refused("metric", metric.name)
        above = (*above, metric.name)
        filters = (*filters, *metric.filters)
        if metric.type in ("simple", "cumulative"):
            return self._leaf_value(metric, filters, offset)
        if metric.type == "ratio" and metric.numerator and metric.denominator:
            return RatioValue(
                self._input(metric.numerator, filters, offset, above),
                self._input(metric.denominator, filters, offset, above),
            )
        if metric.type == "derived" and metric.expr:
            inputs = tuple((part.alias, self._input(part, filters, offset, above)) for part in metric.input_metrics)
            return DerivedValue(metric.expr, inputs)
        if metric.type == "conversion":
            return conversion_value(
                metric,
                lambda given, is_base: (
                    self._leaf_value(replace(metric, measure=given), filters if is_base else (), offset).leaf
                ),
                self._manifest,
            )
        raise QueryError(
            f"metric '{metric.name}' is of type '{metric.type}', which is not supported; use simple, ratio, "
            "derived, cumulative or conversion"
        )

    def _input(self, part: MetricInput, filters: tuple[str, ...], offset: Offset, above: tuple[str, ...]) -> Value:
        shifted = _further_back(offset, part, above[-1])
        return self._value(self.metric(part.name), (*filters, *part.filters), shifted, above)

    def _leaf_value(self, metric: Metric, filters: tuple[str, ...], offset: Offset) -> LeafValue:
        given = metric.measure
        if given is None:
            raise QueryError(
                f"metric '{metric.name}' has no measure: it was written in dbt's newer form; use `type_params: "
                f"{{measure: ...}}`"
            )
        measure = self._manifest.measures.get(given.measure)
        if measure is None:
            raise QueryError(
                f"metric '{metric.name}' uses unknown measure "
                f"'{given.measure}'.{did_you_mean(given.measure, self._manifest.measures)}"
            )
        self._check_refused("measure", measure.name)
        self._check_refused("semantic model", measure.model)
        if metric.cumulative and measure.non_additive:
            raise QueryError(
                f"metric '{metric.name}' accumulates the stock '{measure.name}' over time, which has no meaning; "
                "use a simple metric"
            )
        conditions = {part for text in (*filters, *given.filters) for part in parse_filter(text, True, self._calendar)}
        ordered = tuple(sorted(conditions, key=lambda condition: (condition.text, repr(condition.meaning))))
        return LeafValue(Leaf(measure, ordered, offset, metric.cumulative, given.join_to_timespine, given.fill_nulls_with))

    def _check_leaf(self, metric: str, leaf: Leaf, query: ResolvedQuery) -> None:
        model = leaf.measure.model
        asked = {reference: True for condition in query.where for reference in condition.references}
        own = {reference: False for condition in leaf.conditions for reference in condition.references}
        wanted: list[tuple[ElementName, tuple[str, ...], bool]] = [(key.name, ANY_KIND, False) for key in query.keys]
        wanted += [(reference.name, reference.kinds, in_where) for reference, in_where in (own | asked).items()]
        for name, kinds, in_where in wanted:
            if name.is_metric_time:
                self._check_grain(metric, leaf, name)
                continue
            try:
                target = self._graph.find(model, name, kinds)
            except QueryError as error:
                role = ", the base event of a conversion" if leaf.conversion else ""
                told = f"metric '{metric}' (measure '{leaf.measure.name}' of '{model}'{role}): "
                if in_where and isinstance(error, RefusedNameError):
                    raise RefusedNameError(str(name), told + error.reason, error.instead) from error
                raise QueryError(f"{told}{error}") from error
            for hop in target.hops:
                self._check_refused("semantic model", hop.model)
            possible = self._grains(target.grain) if target.grain else ()
            if name.grain and name.grain not in possible:
                expected = f"ask for {' or '.join(possible)}" if possible else "it is not a time, leave the grain out"
                raise QueryError(f"'{name}': '{target.element}' has no grain {name.grain}; {expected}")
        check_conversion(metric, leaf, tuple(key.name for key in query.time_keys), self._manifest, self._graph)
        self._check_time(metric, leaf, query)

    def _check_grain(self, metric: str, leaf: Leaf, name: ElementName) -> None:
        dimension = self._manifest.models[leaf.measure.model].dimensions[leaf.measure.time_dimension]
        possible = self._grains(dimension.grain or "day")
        if name.grain not in possible:
            raise QueryError(
                f"metric '{metric}' is known by {dimension.grain}, not by {name.grain}; ask for {' or '.join(possible)}"
            )

    def _grains(self, finest: str) -> tuple[str, ...]:
        return grains_of(finest, grains_from(finest), self._manifest)

    def _check_refused(self, kind: str, name: str) -> None:
        """Refuse what the manifest says in a way that has no exact answer here (see spec.py)."""
        reason = self._manifest.refused.get(f"{kind} {name}")
        if reason:
            raise QueryError(f"{kind} '{name}' cannot be computed exactly: {reason}")

    def _check_time(self, metric: str, leaf: Leaf, query: ResolvedQuery) -> None:
        if query.time_keys:
            self._check_periods(metric, leaf, query)
        elif leaf.offset or (leaf.is_windowed and query.end is None):
            what = "compares with an earlier period" if leaf.offset else "accumulates over a window of time"
            instead = "" if leaf.offset else ", or give `end` for its value as of that day"
            raise QueryError(
                f"metric '{metric}' {what} and needs a time to stand at; add metric_time__day (or week, "
                f"month, quarter, year) to group_by{instead}"
            )
        elif leaf.is_windowed and any(condition.is_about_metric_time for condition in query.where):
            raise QueryError(
                f"metric '{metric}' accumulates over a window of time up to `end`, so a filter on metric_time would cut the "
                "window; give the day as `end` instead"
            )

    def _check_periods(self, metric: str, leaf: Leaf, query: ResolvedQuery) -> None:
        for key in query.time_keys:
            refused = grain_refusal(leaf, key.name.grain or "day")
            if refused:
                raise QueryError(f"metric '{metric}' {refused}")
        needs_spine = bool(query.time_keys) and (leaf.cumulative or leaf.offset or leaf.join_to_timespine)
        if needs_spine and self._manifest.day_spine is None:
            raise QueryError(
                f"metric '{metric}' needs a time spine of days; declare one in dbt (`time_spine: "
                "standard_granularity_column`)"
            )


def grain_refusal(leaf: Leaf, grain: str) -> str | None:
    """Why a leaf has no exact answer at a grain of metric_time, or None."""
    if grain not in GRAINS:
        return calendar_refusal(leaf, grain)
    anchor = leaf.offset.to_grain
    if anchor and leaf.cumulative:
        return f"asks for an accumulated value at the start of the {anchor}, which is not supported; use offset_window"
    if anchor and (grain == "week" or anchor == grain or anchor not in grains_from(grain)):
        return f"compares with the start of the {anchor} and has no value by {grain}; ask for metric_time__day"
    if leaf.offset.months and grain == "week":
        return (
            "compares with some months before, and weeks do not nest in months; ask for metric_time__day, month, "
            "quarter or year"
        )
    return None


def base_grain(grains: Collection[str | None]) -> str:
    """The grain from which all of ``grains`` can be truncated: weeks beside months need days."""
    if "week" in grains and len(grains) > 1:
        return "day"
    return next(grain for grain in ("day", "week", "month", "quarter", "year") if grain in grains)


def output_columns(query: ResolvedQuery) -> list[str]:
    """Columns of the answer, in order: group-by names as given, then each metric followed by its parts if asked."""
    columns = [key.output for key in query.keys]
    for name, _ in query.values:
        columns += [name, f"{name}__numerator", f"{name}__denominator"] if query.parts else [name]
    for change in query.changes:
        columns += [change.base, change.name]
    columns += [name for name, _ in query.shares]
    columns += [IS_TOTAL] if query.totals else []
    # DuckDB does not tell capitals apart, in quotes neither.
    folded = [name.casefold() for name in columns]
    twice = next((name for name in columns if folded.count(name.casefold()) > 1), None)
    if twice:
        raise QueryError(f"the answer would have two columns called '{twice}'; leave one of them out")
    return columns


def _key(item: str, calendar: tuple[str, ...], bare_grain: str) -> Key:
    name = parse_name(item, calendar)
    if name.links == (METRIC_TIME,) and name.element in SUB_DAILY:
        raise QueryError(f"'{item}': the finest grain here is day; ask for {METRIC_TIME}__day")
    if name.element == METRIC_TIME and not name.is_metric_time:
        raise QueryError(f"'{item}': metric_time belongs to no entity; ask for {METRIC_TIME}__{name.grain or 'day'}")
    if name.is_metric_time and name.grain is None:
        name = replace(name, grain=bare_grain)
    return Key(item, name)


def _order(query: Query, columns: list[str]) -> tuple[tuple[str, bool], ...]:
    order = tuple(
        (item, False) if item in columns else (item.removeprefix("-"), item.startswith("-")) for item in query.order_by
    )
    for name, _ in order:
        if name not in columns:
            raise QueryError(
                f"order_by names '{name}', which is not in the answer.{did_you_mean(name, columns)} Columns: "
                f"{', '.join(columns)}"
            )
    return order


def _further_back(offset: Offset, part: MetricInput, metric: str) -> Offset:
    window, anchor = part.offset_window, part.offset_to_grain
    if window is None and anchor is None:
        return offset
    if window is None:
        if offset or anchor not in (*MONTHS_OF, "week"):
            raise QueryError(
                f"metric '{metric}': offset_to_grain '{anchor}' of '{part.name}' cannot be combined or is "
                "unknown; use week, month, quarter or year alone"
            )
        return Offset(to_grain=anchor)
    months, days = window.count * MONTHS_OF.get(window.grain, 0), window.count * _DAYS.get(window.grain, 0)
    if not (months or days):
        raise QueryError(
            f"metric '{metric}': offset_window '{window}' of '{part.name}' is not supported; use a count of days, "
            "weeks, months, quarters or years"
        )
    if offset.to_grain or (offset.months and days) or (offset.days and months):
        raise QueryError(
            f"metric '{metric}': offset '{window}' of '{part.name}' lies inside an offset of another unit "
            f"({offset}); use one unit"
        )
    return Offset(offset.months + months, offset.days + days)
