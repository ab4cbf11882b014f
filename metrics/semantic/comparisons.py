"""``compare``: every metric again, some periods earlier, and how far it has moved since."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from metrics.errors import QueryError
from metrics.semantic.days import MONTHS_OF, Days, add_days, days_back, whole_months_back
from metrics.semantic.manifest import Manifest
from metrics.semantic.query import GRAINS, Comparison, Query, parse_comparison
from metrics.semantic.resolved import Change, LeafValue, Offset, ResolvedQuery, Value, leaves_of
from metrics.semantic.value_types import kind_of

_DAYS_OF = {"day": 1, "week": 7}


def check_grains(grains: Iterable[str]) -> None:
    """Refuse to go back from periods of a calendar of the time spine: only the spine knows how long each of them is."""
    for grain in grains:
        if grain not in GRAINS:
            raise QueryError(
                f"query: compare goes back by fixed lengths, and periods of the calendar ({grain}) have none; ask for "
                f"one of {', '.join(GRAINS)}, or leave compare out"
            )


def compared(
    query: Query, resolved: ResolvedQuery, grains: Collection[str], value: Callable[[str, Offset], Value]
) -> ResolvedQuery:
    """Add the columns of ``query.compare``. ``grains``: those of metric_time in group_by; ``value`` unfolds a metric.

    The finest grain is the period. Beside a month a week is the days that it has in it, and they go back as the week does:
    seven days, so that each weekday meets itself.
    """
    grain = min(grains, key=GRAINS.index, default=None)
    bases: list[tuple[str, Value]] = []
    changes: list[Change] = []
    for item in map(parse_comparison, query.compare):
        offset = _offset(item, grain, resolved)
        for name, _ in resolved.values:
            base = f"{name}__{item.suffix}"
            bases.append((base, value(name, offset)))
            changes.append(Change(f"{base}_change", name, base, offset))
    return replace(resolved, bases=tuple(bases), changes=tuple(changes))


def check_numbers(query: ResolvedQuery, manifest: Manifest) -> None:
    """Refuse changes of what is known to be no number."""
    for name, value in query.values:
        measure = value.leaf.measure if isinstance(value, LeafValue) else None
        kind = kind_of(measure, manifest) if measure else None
        if measure and kind:
            raise QueryError(
                f"query: compare: metric '{name}' has no change: the {measure.agg} of '{measure.expr}' is a {kind},"
                " not a number; leave compare out, or ask for the metric by itself"
            )


def _offset(item: Comparison, grain: str | None, query: ResolvedQuery) -> Offset:
    if item.grain:
        return _back(item.count, item.grain)
    if grain is None:
        return _range_back(item, query)
    if item.suffix == "previous_period":
        return _back(1, grain)
    return Offset(days=364) if grain in _DAYS_OF else Offset(months=12)


def _back(count: int, grain: str) -> Offset:
    return Offset(days=count * _DAYS_OF[grain]) if grain in _DAYS_OF else Offset(months=count * MONTHS_OF[grain])


def _range_back(item: Comparison, query: ResolvedQuery) -> Offset:
    """Without periods in the answer the range itself is the period: whole months go back by months, else by its days."""
    if item.suffix == "same_period_last_year":
        return Offset(months=12)
    if query.start is None or query.end is None:
        raise QueryError(
            "query: compare previous_period needs periods: add metric_time__day (or week, month, quarter, year) to "
            "group_by, or give start and end"
        )
    after = add_days(query.end, 1)
    if query.start.day == after.day == 1:
        return Offset(months=(after.year - query.start.year) * 12 + after.month - query.start.month)
    return Offset(days=(after - query.start).days)


def check_range(query: ResolvedQuery) -> None:
    """Refuse to compare all days with all days: in a row without a period the range has to have two ends."""
    standing = all(leaf.is_windowed for _, value in query.values for leaf in leaves_of(value))
    if query.bases and (query.end is None or (query.start is None and not standing)):
        row = "the total row" if query.totals else "an answer without metric_time in group_by"
        raise QueryError(f"query: compare in {row} needs a range to compare; give start and end")


def is_cut(query: ResolvedQuery, change: Change) -> bool:
    """Whether a range, compared as a whole, goes back to days before the known history: then there is no base."""
    if query.time_keys or query.history_start is None or query.start is None:
        return False
    days, offset = Days(query.start, query.end), change.offset
    back = whole_months_back(days, offset.months) if offset.months else days_back(days, offset.days)
    return back.start is not None and back.start < query.history_start
