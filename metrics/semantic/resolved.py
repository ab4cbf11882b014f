"""A resolved query: metrics unfolded to their leaves, every name known. Made by resolve, read by plan and render."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from metrics.semantic.days import Days
from metrics.semantic.filters import Condition
from metrics.semantic.manifest import Cumulative, Measure, Window
from metrics.semantic.query import ElementName


@dataclass(frozen=True)
class Offset:
    """How far back a leaf looks: months or days, or the first period of a coarser grain."""

    months: int = 0
    days: int = 0
    to_grain: str | None = None

    def __bool__(self) -> bool:
        return bool(self.months or self.days or self.to_grain)

    def __str__(self) -> str:
        if self.to_grain:
            return f"first of the {self.to_grain}"
        return f"{self.months} months back" if self.months else f"{self.days} days back"


@dataclass(frozen=True)
class Conversion:
    """Events of ``measure`` that count for an earlier event of the leaf's own fact (see conversion.py).

    ``matched``: pairs of expressions, over the base event and over the conversion, that are equal. ``grain``: the one
    by which the times of the two are compared.
    """

    measure: Measure
    conditions: tuple[Condition, ...]
    entity: str
    matched: tuple[tuple[str, str], ...]
    window: Window | None
    grain: str


@dataclass(frozen=True)
class Leaf:
    """One aggregation: a measure under the metric's own conditions, shifted or accumulated over time.

    With a ``conversion`` its measure is what is counted, while ``measure`` says which events it counts for, and so what
    it is grouped by.
    """

    measure: Measure
    conditions: tuple[Condition, ...]
    offset: Offset
    cumulative: Cumulative | None
    join_to_timespine: bool
    fill: int | None
    conversion: Conversion | None = None

    @property
    def counted(self) -> Measure:
        """The measure that is aggregated."""
        return self.conversion.measure if self.conversion else self.measure

    @property
    def is_windowed(self) -> bool:
        """Whether it accumulates over a window that ends on a day, or since a period began."""
        return bool(self.cumulative and (self.cumulative.window or self.cumulative.grain_to_date))


@dataclass(frozen=True)
class LeafValue:
    leaf: Leaf


@dataclass(frozen=True)
class RatioValue:
    numerator: Value
    denominator: Value


@dataclass(frozen=True)
class DerivedValue:
    expr: str
    inputs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class TotalValue:
    """The sum of a value over all members of the period, whatever else the query groups by."""

    of: Value


Value = LeafValue | RatioValue | DerivedValue | TotalValue


@dataclass(frozen=True)
class Key:
    """A group-by item: the column it becomes, and what it names."""

    output: str
    name: ElementName


@dataclass(frozen=True)
class Change:
    """A column ``name``: how far a metric has moved from its value ``offset`` earlier, which is in the column ``base``."""

    name: str
    metric: str
    base: str
    offset: Offset


@dataclass(frozen=True)
class ResolvedQuery:
    """What is asked, in metrics, names and days that exist.

    ``bases`` are the metrics' values in earlier periods, ``changes`` and ``shares`` (column, metric) columns computed from
    columns of the answer, ``totalled`` the query of the row over everything. No comparison looks before ``history_start``,
    and periods of the calendar are shown where all their days lie in ``whole``.
    """

    values: tuple[tuple[str, Value], ...]
    keys: tuple[Key, ...]
    where: tuple[Condition, ...]
    start: date | None
    end: date | None
    order_by: tuple[tuple[str, bool], ...]
    limit: int | None
    parts: bool
    bases: tuple[tuple[str, Value], ...] = ()
    changes: tuple[Change, ...] = ()
    shares: tuple[tuple[str, str], ...] = ()
    totals: bool = False
    history_start: date | None = None
    whole: Days | None = None
    totalled: ResolvedQuery | None = None

    @property
    def time_keys(self) -> tuple[Key, ...]:
        return tuple(key for key in self.keys if key.name.is_metric_time)


def leaves_of(value: Value) -> Iterator[Leaf]:
    """The leaves of a value, left to right, repeated where they are used twice."""
    if isinstance(value, LeafValue):
        yield value.leaf
    elif isinstance(value, RatioValue):
        yield from leaves_of(value.numerator)
        yield from leaves_of(value.denominator)
    elif isinstance(value, TotalValue):
        yield from leaves_of(value.of)
    else:
        for _, part in value.inputs:
            yield from leaves_of(part)
