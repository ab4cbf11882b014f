"""Which business dates wait for a computation, by entity: what extraction noted, widened by what the entity affects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING

from metrics.values.periods import Window
from metrics.values.rows import one_transaction, workspace_today
from metrics.workspace import Entity, load_entities, machine_now

if TYPE_CHECKING:
    import duckdb


def pending_windows(con: duckdb.DuckDBPyConnection, asked: Window | None = None) -> dict[str, Window | None]:
    """Entity -> dates to look at again, None for its whole history. Entities without touched rows are absent.

    ``asked``: dates to look at for every entity, whatever was touched.
    """
    today, entities = workspace_today(con), load_entities()
    rows = con.execute(
        """select entity, min(business_date), max(business_date), bool_or(business_date is null)
        from raw.ops.built_dates
        group by entity
        order by entity"""
    ).fetchall()
    windows: dict[str, Window | None] = dict.fromkeys(entities, asked) if asked else {}
    for entity, first, last, is_everything in rows:
        touched = None if is_everything else affected(entities[entity], Window(first, last), today)
        windows[entity] = touched.hull(asked) if touched and asked else touched
    return windows


def affected(entity: Entity, touched: Window, today: date) -> Window | None:
    """The dates whose values a touched date can change, None for all of them."""
    affects = entity.affects
    if affects == "all":
        return None
    first = touched.first - timedelta(days=affects.back)
    last = max(today, touched.last) if affects.forward == "open" else touched.last + timedelta(days=affects.forward)
    return Window(first, last)


def clear_pending(con: duckdb.DuckDBPyConnection) -> None:
    """Forget the noted dates; call it once the values are committed."""
    con.execute("delete from raw.ops.built_dates")


def hand_over(con: duckdb.DuckDBPyConnection, run_id: str, *, everything: bool, entities: Collection[str] = ()) -> None:
    """The models now hold every touched date: pass the dates on to the KPI values. Each consumer has a queue of its own, so
    that a run of the one without the other loses nothing.

    ``everything``: the models themselves have changed, so that any value of any day can differ. ``entities``: those of
    which any day can differ.
    """
    with one_transaction(con):
        con.execute("insert into raw.ops.built_dates select * from raw.ops.run_dates")
        con.execute("delete from raw.ops.run_dates")
        whole = sorted(load_entities() if everything else entities)
        con.execute(
            "insert into raw.ops.built_dates select unnest(?::varchar[]), null, ?, ?", [whole, run_id, machine_now()]
        )
