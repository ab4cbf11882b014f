"""Which dates wait for a computation, by metric: those on which the facts behind it differ from what it was computed from.

The facts are compared as they are, day by day and by a digest of their rows, however they came to differ: a late row, a
deletion, a customer who arrived after the orders, a cohort that a closed day has made mature, a model that was rewritten.
Nothing has to be known about how a model carries rows from one day to another. Digests cost about a twentieth of
building the tables they read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.values.fact_days import BOUNDS, read_fact_days
from metrics.values.periods import Window, hull
from metrics.values.rows import one_transaction

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.semantic import SemanticLayer
    from metrics.workspace import Workspace

# Dates that Python has: a fact may have others, before the year 1 or after 9999.
_IN_CALENDAR = "least(greatest({day}, date '0001-01-01'), date '9999-12-31')"
_CHANGED = f"""select fact, {_IN_CALENDAR.format(day="min(day)")}, {_IN_CALENDAR.format(day="max(day)")}
    from temp.fact_days_now as now
    full join raw.ops.fact_days as known using (fact, day)
    where now.digest is distinct from known.digest
    group by fact"""


def pending_windows(
    con: duckdb.DuckDBPyConnection, ws: Workspace, layer: SemanticLayer, catalogue: Catalogue, asked: Window | None = None
) -> dict[str, Window]:
    """Metric -> dates to look at again. Metrics without any are absent; ``asked``: dates to look at for all of them.

    Call ``clear_pending`` when the values are committed.
    """
    facts = read_fact_days(con, ws, layer, catalogue)
    found = {fact: Window(first, last) for fact, first, last in con.execute(_CHANGED).fetchall()}
    windows = {}
    for metric, names in facts.items():
        touched = hull([*(found[name] for name in (*BOUNDS, *names) if name in found), *([asked] if asked else [])])
        if touched is not None:
            windows[metric] = touched
    return windows


def clear_pending(con: duckdb.DuckDBPyConnection) -> None:
    """Remember the facts that ``pending_windows`` saw; call it once the values are committed."""
    with one_transaction(con):
        con.execute("delete from raw.ops.fact_days")
        con.execute("insert into raw.ops.fact_days select fact, day, digest from temp.fact_days_now")
