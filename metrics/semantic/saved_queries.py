"""Saved queries of dbt as queries of ours: ``group_by: [TimeDimension('metric_time', 'month')]``, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics.errors import QueryError, did_you_mean
from metrics.semantic.calls import parse_call
from metrics.semantic.query import Query, parse_name


@dataclass(frozen=True)
class SavedQuery:
    """A saved query as defined. ``exports`` names the tables that dbt's own tools would write; nothing here writes them."""

    name: str
    label: str
    description: str
    metrics: tuple[str, ...]
    group_by: tuple[str, ...]
    where: tuple[str, ...]
    order_by: tuple[str, ...]
    limit: int | None
    exports: tuple[str, ...]
    tags: tuple[str, ...]


def read_saved_queries(raw: Sequence[Mapping[str, Any]]) -> dict[str, SavedQuery]:
    """Read the parsed JSON, by name."""
    return {item["name"]: _saved_query(item) for item in sorted(raw, key=lambda item: str(item["name"]))}


def _saved_query(raw: Mapping[str, Any]) -> SavedQuery:
    asked = raw["query_params"]
    tags = raw.get("tags") or ()
    return SavedQuery(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        description=raw.get("description") or "",
        metrics=_texts(asked["metrics"]),
        group_by=_texts(asked.get("group_by")),
        where=_texts(item["where_sql_template"] for item in (asked.get("where") or {}).get("where_filters") or ()),
        order_by=_texts(asked.get("order_by")),
        limit=asked.get("limit"),
        exports=tuple(item["name"] for item in raw.get("exports") or ()),
        tags=(tags,) if isinstance(tags, str) else tuple(tags),
    )


def _texts(items: Iterable[Any] | None) -> tuple[str, ...]:
    found = tuple(items or ())
    for item in found:
        if not isinstance(item, str):
            raise TypeError(f"a saved query holds {item!r} where a text is expected")
    return found


def find_saved_query(name: str, saved: Mapping[str, SavedQuery], calendar_grains: tuple[str, ...] = ()) -> Query:
    """The query called ``name`` in our names. Raises QueryError where there is none or it asks for what there is not."""
    found = saved.get(name)
    if found is None:
        known = f" There are: {', '.join(saved)}." if saved else " The project defines none."
        raise QueryError(f"there is no saved query '{name}'.{did_you_mean(name, saved)}{known}")
    names = {item: _name(found, "group_by", item, calendar_grains)[0] for item in found.group_by}
    order = [_name(found, "order_by", item, calendar_grains) for item in found.order_by]
    return Query(
        metrics=found.metrics,
        group_by=list(names.values()),
        where=found.where,
        order_by=[f"-{item}" if descending else item for item, descending in order],
        limit=found.limit,
    )


def _name(saved: SavedQuery, part: str, item: str, calendar_grains: tuple[str, ...]) -> tuple[str, bool]:
    """What an item of ``part`` is called in an answer, and whether it is to be sorted downwards."""
    text = item.strip()
    downwards = text.startswith("-")
    text = text.removeprefix("-")
    if "(" not in text:
        return text if part == "order_by" else str(parse_name(text, calendar_grains)), downwards
    try:
        call = parse_call(text)
        if call.kind == "Metric" and part == "group_by":
            raise ValueError("metrics are not grouped by")
    except (ValueError, QueryError) as error:
        raise QueryError(
            f"saved query '{saved.name}': {part} holds {item!r}, and {error}; expected Dimension('entity__name'), "
            "TimeDimension('metric_time', 'month') or Entity('name')"
        ) from error
    return str(call.name), downwards or call.descending
