"""Which days each metric has to be looked at again: those that extraction touched since the last computed run.

Extraction writes ``raw.ops.run_dates``; an entity's ``affects`` widens its dates; nothing else makes a window. The rows are
cleared only after the values are committed, so a run that dies is made up for by the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.values.periods import Window, hull
from metrics.workspace import Entity, load_entities

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Lineage

EVER = Window(date.min, date.max)


@dataclass(frozen=True)
class Pending:
    """Touched dates per entity, and the newest record that was seen when they were read."""

    windows: Mapping[str, Window]
    seen: Collection[str]


def read_pending(con: duckdb.DuckDBPyConnection) -> Pending:
    """Touched dates that no computation has taken into account yet, widened by each entity's ``affects``."""
    entities = load_entities()
    rows = con.execute(
        "select entity, min(business_date), max(business_date), bool_or(business_date is null) "
        "from raw.ops.run_dates group by entity"
    ).fetchall()
    runs = con.execute("select distinct run_id from raw.ops.run_dates").fetchall()
    windows = {
        name: EVER if everything or first is None else widened(entities[name], Window(first, last))
        for name, first, last, everything in rows
        if name in entities
    }
    return Pending(windows, tuple(run_id for (run_id,) in runs))


def widened(entity: Entity, window: Window) -> Window:
    """``window`` as far as rows on its days can reach: ``affects: all`` is the whole history, ``open`` has no end."""
    affects = entity.affects
    if affects == "all":
        return EVER
    last = date.max if affects.forward == "open" else window.last + timedelta(days=affects.forward)
    return Window(window.first - timedelta(days=affects.back), last)


def metric_windows(lineage: Lineage, pending: Pending, asked: Window | None) -> dict[str, Window | None]:
    """Per metric: the days touched in any entity it reads, and the days asked for; None where there are neither."""
    return {
        metric: hull(
            [
                *(window for entity, window in pending.windows.items() if entity in found.reads),
                *([asked] if asked else []),
            ]
        )
        for metric, found in lineage.items()
    }


def clear_pending(con: duckdb.DuckDBPyConnection, pending: Pending) -> None:
    """Forget the dates that were taken into account."""
    con.execute("delete from raw.ops.run_dates where list_contains(?, run_id)", [list(pending.seen)])
