"""What a caller asks: the query, and the grammar of the names in it. No manifest and no SQL here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from metrics.errors import QueryError

GRAINS = ("day", "week", "month", "quarter", "year")
METRIC_TIME = "metric_time"


@dataclass(frozen=True)
class Query:
    """Metrics by group-by items over a closed range of days.

    ``group_by``: ``metric_time__<grain>``, entities (``channel``), dimensions (``session__device``), through several
    hops (``order__customer__segment``), time dimensions with a grain (``order__shipped_at__month``).
    ``where``: boolean expressions over ``{{ Dimension('e__d') }}``, ``{{ TimeDimension('metric_time', 'day') }}`` and
    ``{{ Entity('e') }}``; all of them must hold.
    ``start``, ``end``: days of metric_time, both included. A period that they cut is computed from the days inside
    them.
    ``order_by``: output columns, descending with a leading ``-``.
    ``parts``: adds ``<metric>__numerator`` and ``<metric>__denominator`` behind each metric.
    """

    metrics: Sequence[str]
    group_by: Sequence[str] = ()
    where: Sequence[str] = ()
    start: date | None = None
    end: date | None = None
    order_by: Sequence[str] = ()
    limit: int | None = None
    parts: bool = False

    def __post_init__(self) -> None:
        for name in ("metrics", "group_by", "where", "order_by"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise QueryError(f"query: {name} is the text {given!r}; expected a list of texts, for example [{given!r}]")
            object.__setattr__(self, name, tuple(given))
        if not self.metrics:
            raise QueryError("query: no metric; name at least one in `metrics`")
        for name in ("metrics", "group_by"):
            given = getattr(self, name)
            twice = sorted({item for item in given if given.count(item) > 1})
            if twice:
                raise QueryError(f"query: {name} names '{twice[0]}' twice; name it once")
        for name in ("start", "end"):
            given = getattr(self, name)
            if given is not None and (isinstance(given, datetime) or not isinstance(given, date)):
                raise QueryError(f"query: {name} is {given!r}; expected a date without a time")
        if self.start and self.end and self.start > self.end:
            raise QueryError(f"query: start {self.start} is after end {self.end}; swap them")
        if self.limit is not None and (not isinstance(self.limit, int) or self.limit < 0):
            raise QueryError(f"query: limit {self.limit!r} is not a count of rows; expected 0 or more")


class RefusedNameError(QueryError):
    """A name in a filter that means nothing there. ``reason`` says why; the text goes on with what may be written."""

    def __init__(self, name: str, reason: str, instead: str) -> None:
        super().__init__(reason + instead)
        self.name, self.reason, self.instead = name, reason, instead


@dataclass(frozen=True)
class ElementName:
    """``links`` are the entities to walk, ``element`` the dimension or entity at the end, ``grain`` a time grain."""

    links: tuple[str, ...]
    element: str
    grain: str | None = None

    @property
    def is_metric_time(self) -> bool:
        return self.element == METRIC_TIME and not self.links

    def __str__(self) -> str:
        return "__".join((*self.links, self.element, *((self.grain,) if self.grain else ())))


def parse_name(text: str, calendar_grains: tuple[str, ...] = ()) -> ElementName:
    """Split ``order__customer__segment`` or ``metric_time__month`` at the double underscores."""
    parts = text.lower().split("__")
    if not all(parts):
        raise QueryError(
            f"'{text}' is not a group-by name; expected, for example, channel, session__device or metric_time__day"
        )
    grain = parts.pop() if len(parts) > 1 and parts[-1] in (*GRAINS, *calendar_grains) else None
    return ElementName(links=tuple(parts[:-1]), element=parts[-1], grain=grain)
