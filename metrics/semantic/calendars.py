"""Calendars of one's own: columns of the time spine (fiscal_quarter, retail_week) as grains of every time.

A grain of a calendar is reached as a dimension is, over a join of the day onto the spine's day. So all that holds for
dimensions holds for it: rows of days that the spine lacks stay, with NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metrics.errors import QueryError
from metrics.semantic.query import GRAINS

if TYPE_CHECKING:
    from collections.abc import Callable

    from metrics.semantic.joins import Target
    from metrics.semantic.manifest import Dimension, Manifest, Relation
    from metrics.semantic.query import ElementName
    from metrics.semantic.resolved import Leaf

CALENDAR = "the time spine"
_TOO_COARSE = ("week", "month", "quarter", "year")


@dataclass(frozen=True)
class TimeSpine:
    """One row per ``grain``. ``calendars`` maps each grain of one's own to its column."""

    relation: Relation
    column: str
    grain: str
    calendars: Mapping[str, str] = field(default_factory=dict, hash=False)


def read_spines(raw: Mapping[str, Any], relation: Callable[[Mapping[str, Any]], Relation]) -> tuple[TimeSpine, ...]:
    """Read ``project_configuration``: spines declared in YAML, else the model metricflow_time_spine of old projects."""
    declared = tuple(
        TimeSpine(
            relation(item["node_relation"]),
            item["primary_column"]["name"],
            item["primary_column"]["time_granularity"],
            {
                part["name"].lower(): part.get("column_name") or part["name"]
                for part in item.get("custom_granularities") or ()
            },
        )
        for item in raw.get("time_spines") or ()
    )
    named = [item.grain for item in declared]
    legacy = [item for item in raw.get("time_spine_table_configurations") or () if item["grain"] not in named]
    return (*declared, *(_legacy_spine(item, relation) for item in legacy))


def _legacy_spine(raw: Mapping[str, Any], relation: Callable[[Mapping[str, Any]], Relation]) -> TimeSpine:
    parts = [part.strip('"') for part in str(raw["location"]).split(".")]
    database, schema, alias = [None] * (3 - len(parts)) + parts[-3:]
    place = {"alias": alias, "schema_name": schema, "database": database}
    return TimeSpine(relation(place), raw["column_name"], raw["grain"])


def calendar_grains(manifest: Manifest) -> tuple[str, ...]:
    """Grains of one's own that a day has."""
    return tuple(manifest.day_spine.calendars) if manifest.day_spine else ()


def calendar_column(name: ElementName, manifest: Manifest) -> str | None:
    """The spine's column that ``name`` asks for, where it is metric_time at a calendar's grain."""
    spine = manifest.day_spine
    return spine.calendars.get(name.grain or "") if spine and name.is_metric_time else None


def grains_of(finest: str, standard: Sequence[str], manifest: Manifest) -> tuple[str, ...]:
    """``standard`` grains of a time of grain ``finest``, and those of the calendar where it has days."""
    return tuple(standard) if finest in _TOO_COARSE else (*standard, *calendar_grains(manifest))


def on_calendar(target: Target | None, time: Dimension, grain: str, manifest: Manifest) -> Target:
    """The calendar's ``grain`` of a time: that of ``target``, or of the fact (``time``) without one."""
    from metrics.semantic.joins import Hop, Target

    spine = manifest.day_spine
    assert spine is not None  # noqa: S101  a grain of a calendar is known only with its spine
    expr, element = (target.expr, target.element) if target else (time.expr, time.name)
    before = target.hops if target else ()
    path = (*(target.path if target else ()), element, "calendar")
    hop = Hop(path, target.path if target else (), f"cast({expr} as date)", _quoted(spine.column), CALENDAR)
    return Target((*before, hop), "time", _quoted(spine.calendars[grain]), None, CALENDAR, element)


def calendar_refusal(leaf: Leaf, grain: str) -> str | None:
    """Why a leaf has no exact answer at a calendar's grain of metric_time, or None."""
    if leaf.offset:
        return (
            f"compares with an earlier period, and periods of the calendar ({grain}) have no fixed length to go back by; "
            f"ask for one of {', '.join(GRAINS)}"
        )
    return None


def check_late_filter(text: str, grains: Sequence[str | None], metric: str, manifest: Manifest) -> None:
    """Refuse a filter of the query on metric_time by a calendar's grain where days are chosen after they are read."""
    for grain in grains:
        if grain in calendar_grains(manifest):
            raise QueryError(
                f"where: '{text}' filters metric_time by the calendar's {grain}, and '{metric}' looks beyond the days it is "
                "shown for; give start and end, or filter by metric_time__day"
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
