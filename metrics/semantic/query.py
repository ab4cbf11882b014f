"""What a caller asks: the query, and the grammar of the names in it. No manifest and no SQL here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from metrics.errors import QueryError

GRAINS = ("day", "week", "month", "quarter", "year")
METRIC_TIME = "metric_time"
_MOST_ROWS = 2**63 - 1


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
    ``compare``: ``previous_period``, ``same_period_last_year`` (52 weeks for days and weeks, else 12 months) or a distance
    such as ``7 days``, several at once. Each adds ``<metric>__previous_period`` and ``<metric>__previous_period_change``,
    relative, NULL where the base is missing or not above zero. Without metric_time in group_by the range from ``start`` to
    ``end`` is compared.
    ``timezone``: an IANA name; days are those of this zone instead of UTC. For time dimensions that hold timestamps only.
    ``complete_periods``: None leaves out periods that are still open or cut at their start where the layer knows which these
    are; among several metrics those decide of which it does. True insists on it for each, False asks for open ones, too.
    ``totals``: adds a row over everything, computed by itself, with ``is_total``; the other rows come first.
    ``share_of_total``: adds ``<metric>__share``, the part of the same period's total, or of the whole range's where nothing
    but time is grouped by. For additive metrics.
    ``raw``: read the facts, also where a daily table would give the same answer.
    """

    metrics: Sequence[str]
    group_by: Sequence[str] = ()
    where: Sequence[str] = ()
    start: date | None = None
    end: date | None = None
    order_by: Sequence[str] = ()
    limit: int | None = None
    parts: bool = False
    compare: Sequence[str] = ()
    timezone: str | None = None
    complete_periods: bool | None = None
    totals: bool = False
    share_of_total: bool = False
    raw: bool = False

    def __post_init__(self) -> None:
        for name in ("metrics", "group_by", "where", "order_by", "compare"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise QueryError(f"query: {name} is the text {given!r}; expected a list of texts, for example [{given!r}]")
            object.__setattr__(self, name, tuple(given))
            odd = next((item for item in getattr(self, name) if not isinstance(item, str)), None)
            if odd is not None:
                raise QueryError(f"query: {name} holds {odd!r}; expected texts")
        if not self.metrics:
            raise QueryError("query: no metric; name at least one in `metrics`")
        for name in ("metrics", "group_by", "compare"):
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
        if self.limit is not None and (type(self.limit) is not int or not 0 <= self.limit <= _MOST_ROWS):
            raise QueryError(f"query: limit {self.limit!r} is not a count of rows; expected 0 or more")
        self._check_options()

    def _check_options(self) -> None:
        for name in ("parts", "totals", "share_of_total", "raw", "complete_periods"):
            given = getattr(self, name)
            if not isinstance(given, bool) and not (given is None and name == "complete_periods"):
                raise QueryError(f"query: {name} is {given!r}; expected true or false")
        for item in self.compare:
            parse_comparison(item)
        if self.timezone is not None:
            _check_timezone(self.timezone)


@dataclass(frozen=True)
class Comparison:
    """Another period to compare with. ``grain`` is None where the distance follows from the query's own periods."""

    suffix: str
    count: int
    grain: str | None


_DISTANCE = re.compile(r"([1-9][0-9]{0,4}) (day|week|month|quarter|year)s?")


_FARTHEST = {"day": 365_000, "week": 52_000, "month": 12_000, "quarter": 4_000, "year": 1_000}


def parse_comparison(text: str) -> Comparison:
    """Read one item of ``Query.compare``. Raises QueryError."""
    if text in ("previous_period", "same_period_last_year"):
        return Comparison(text, 1, None)
    found = _DISTANCE.fullmatch(text)
    if not found:
        raise QueryError(
            f"query: compare holds {text!r}; expected previous_period, same_period_last_year or a distance such as '7 days'"
        )
    count, grain = int(found[1]), found[2]
    if count > _FARTHEST[grain]:
        raise QueryError(
            f"query: compare holds {text!r}, which is more than 1000 years; expected a distance such as '7 days'"
        )
    return Comparison(f"{count}_{grain}{'s' if count > 1 else ''}_before", count, grain)


def _check_timezone(name: object) -> None:
    from zoneinfo import ZoneInfo

    try:
        # Files beside those of the zones: the machine's own zone, a list of rules, and clocks that count leap seconds.
        if str(name).startswith(("right/", "posix/")) or name in ("localtime", "posixrules", "Factory"):
            raise ValueError(name)
        ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise QueryError(f"query: timezone {name!r} is not known; expected an IANA name such as Europe/Berlin") from error


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
