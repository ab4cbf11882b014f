"""`kpi query` by a dimension whose small segments are withheld: answered from what is published, or not at all.

A free query could cut a segment into pieces (by another dimension, a condition, a range of days) until a piece is one
person, and no rule over the pieces of one answer sees the others. So only the published values themselves are given.
"""

from __future__ import annotations

from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from metrics.catalogue import segment_dimension
from metrics.errors import QueryError
from metrics.semantic.filters import names_in
from metrics.semantic.query import parse_name
from metrics.values.tables import PERIOD_END
from serving.reader_copy import SUPPRESSED

if TYPE_CHECKING:
    import duckdb

    from metrics.semantic import Query
    from metrics.workspace.small_cells import SmallCells

Row = dict[str, Any]
# Options that need the rows behind the values.
_OPTIONS = ("where", "compare", "timezone", "totals", "share_of_total", "parts", "limit")


def guarded_names(query: Query, rules: SmallCells | None) -> list[str]:
    """The dimensions of the rules, or the person entity, that a query groups by or has a condition on."""
    if rules is None:
        return []
    named = [*map(parse_name, query.group_by), *(name for text in query.where for name in names_in(text))]
    return rules.guarded(named)


def published_segments(con: duckdb.DuckDBPyConnection, query: Query, rules: SmallCells) -> list[Row]:
    """One row per period and member with every metric, None where it is withheld, and ``suppressed``: whether any is.

    Raises QueryError for a query that the published values do not answer.
    """
    time = f"metric_time__{rules.grain}"
    items = [item for item in query.group_by if item != time]
    # Other than its default, not merely true: a limit of 0 is an option as any other.
    used = [name for name in _OPTIONS if getattr(query, name) != getattr(type(query), name)]
    dimension = segment_dimension(items[0]) if len(items) == 1 else ""
    if used or time not in query.group_by or dimension not in rules.dimensions:
        raise QueryError(_refusal(guarded_names(query, rules), rules))
    _check_segments(con, query, dimension)
    rows: dict[tuple[date, str], Row] = {}
    for metric, period, member, value, state in con.execute(_values(query), _bounds(query, rules, dimension)).fetchall():
        empty = {item: period if item == time else member for item in query.group_by}
        row = rows.setdefault((period, member), {**empty, **dict.fromkeys(query.metrics), "suppressed": False})
        row[metric] = value
        row["suppressed"] = row["suppressed"] or state == SUPPRESSED
    return _ordered(list(rows.values()), query)


def _ordered(rows: list[Row], query: Query) -> list[Row]:
    """By the last key first: sorting keeps the order of equals. Missing values come last."""
    for item in reversed(query.order_by):
        name, is_descending = item.removeprefix("-"), item.startswith("-")
        if name not in (*query.group_by, *query.metrics):
            raise QueryError(f"query: order_by names '{name}', which is no column of the answer.")
        known = [row for row in rows if row[name] is not None]
        missing = [row for row in rows if row[name] is None]
        rows = [*sorted(known, key=itemgetter(name), reverse=is_descending), *missing]
    return rows


def _refusal(names: list[str], rules: SmallCells) -> str:
    return (
        f"'{names[0]}' is guarded by small_cells: a free query could single out a person. "
        f"Ask by metric_time__{rules.grain} and one of {', '.join(rules.dimensions)} alone, without conditions or options."
    )


def _check_segments(con: duckdb.DuckDBPyConnection, query: Query, dimension: str) -> None:
    rows = con.execute("select metric, segments from mart.dim_kpi where list_contains(?, metric)", [list(query.metrics)])
    kept = {metric: (segments or "").split(",") for metric, segments in rows.fetchall()}
    for metric in query.metrics:
        if dimension not in kept.get(metric, ()):
            raise QueryError(f"{metric} is not published by {dimension}, and {dimension} is guarded by small_cells.")


def _values(query: Query) -> str:
    closed = "true" if query.complete_periods is False else f"{PERIOD_END} <= watermark"
    return f"""select metric, period_start, segment_value, value, state
        from mart.kpi_current
        where grain = $grain
            and segment_dimension = $dimension
            and list_contains($metrics, metric)
            and ($first::date is null or period_start >= $first)
            and ($last::date is null or {PERIOD_END} <= $last)
            and {closed}
        order by period_start, segment_value, metric"""


def _bounds(query: Query, rules: SmallCells, dimension: str) -> dict[str, Any]:
    return {
        "grain": rules.grain,
        "dimension": dimension,
        "metrics": list(query.metrics),
        "first": query.start,
        "last": query.end,
    }
