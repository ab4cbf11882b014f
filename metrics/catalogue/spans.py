"""Which days a value covers: its period's, those of a window before it, since the start of a period, or shifted back.

Unlike the reach of a definition (`definitions.py`), which is wide enough for whatever may change, this is exact, so that
days can be counted in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from metrics.catalogue.project import Project

Json = Mapping[str, Any]
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}
_ANCHORS: Mapping[str, Literal["period", "first", "last"]] = {"first": "first", "last": "last", "average": "period"}
_STOCK: Mapping[str, Literal["period", "first", "last"]] = {"max": "last", "min": "first"}


@dataclass(frozen=True)
class Span:
    """Days of one period's value: from before its ``anchor`` (all its days, the first or the last) to after it.

    ``shift``: all of it that much earlier; ``window``: so long, ending with the anchor; ``since``: from the start of that
    grain, or 'beginning'; ``ahead_days``: conversions are looked for so long after.
    """

    anchor: Literal["period", "first", "last"] = "period"
    shift_months: int = 0
    shift_days: int = 0
    window_months: int = 0
    window_days: int = 0
    since: str = ""
    ahead_days: int = 0


def spans_of(project: Project, metric: Json) -> frozenset[Span]:
    """Every range of days that a metric's value is made of."""
    return frozenset(_spans(project, metric))


def _spans(project: Project, metric: Json) -> Iterator[Span]:
    params = metric["type_params"]
    if metric["type"] == "cumulative":
        yield _cumulative(params)
        return
    if metric["type"] == "conversion":
        window = (params.get("conversion_type_params") or {}).get("window")
        yield Span(ahead_days=_length(window)[0] * 31 + _length(window)[1] if window else 0)
        return
    inputs = project.direct_inputs(metric)
    for measured in project.direct_measures(metric):
        stock = project.measures[measured["name"]][1].get("non_additive_dimension")
        # A stock is read on one day of its period, and needs no other.
        yield Span(_STOCK[stock["window_choice"]] if stock else "period")
    for reference in inputs:
        months, days = _length(reference.get("offset_window"))
        for span in _spans(project, project.metrics[reference["name"]]):
            if to_grain := reference.get("offset_to_grain"):
                yield replace(span, since=str(to_grain), anchor="first")
            else:
                yield replace(span, shift_months=span.shift_months + months, shift_days=span.shift_days + days)


def _cumulative(params: Json) -> Span:
    nested = params.get("cumulative_type_params") or {}
    window, to_date = (params.get(key) or nested.get(key) for key in ("window", "grain_to_date"))
    anchor = _ANCHORS[str(nested.get("period_agg") or "first")]
    if window:
        months, days = _length(window)
        return Span(anchor, window_months=months, window_days=days)
    return Span(anchor, since=str(to_date) if to_date else "beginning")


def _length(window: Json | None) -> tuple[int, int]:
    """(months, days) of a window."""
    if not window:
        return 0, 0
    count, grain = int(window["count"]), str(window["granularity"]).rstrip("s")
    return (count * _MONTHS[grain], 0) if grain in _MONTHS else (0, count * _DAYS.get(grain, 1))
