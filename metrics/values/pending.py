"""Which dates wait for a computation, by metric: those on which the facts behind it differ from what it was computed from.

The facts are compared as they are, day by day and by a digest of their rows, however they came to differ: a late row, a
deletion, a customer who arrived after the orders, a cohort that a closed day has made mature, a model that was rewritten.
Nothing has to be known about how a model carries rows from one day to another. Digests cost about a twentieth of
building the tables they read.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from metrics.values.periods import Window, hull
from metrics.values.rows import insert_rows, one_transaction, workspace_today

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.semantic import SemanticLayer
    from metrics.semantic.fact_days import FactDate
    from metrics.semantic.joins import Target
    from metrics.workspace import Workspace

# Facts of every metric: between an old and a new bound of time, values appear, move into their period or vanish.
_BOUNDS = ("today", "history_start")

_CHANGED = """select fact, min(day), max(day)
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
    metrics = [metric for metric in catalogue.metrics if catalogue.connected(metric)]
    reads = {metric: _facts(layer, catalogue, metric) for metric in metrics}
    names = _digest_facts(con, ws, layer, reads)
    found = {fact: Window(first, last) for fact, first, last in con.execute(_CHANGED).fetchall()}
    windows = {}
    for metric in metrics:
        facts = [*_BOUNDS, *(names[fact] for fact in reads[metric])]
        touched = hull([*(found[fact] for fact in facts if fact in found), *([asked] if asked else [])])
        if touched is not None:
            windows[metric] = touched
    return windows


def clear_pending(con: duckdb.DuckDBPyConnection) -> None:
    """Remember the facts that ``pending_windows`` saw; call it once the values are committed."""
    with one_transaction(con):
        con.execute("delete from raw.ops.fact_days")
        con.execute("insert into raw.ops.fact_days select fact, day, digest from temp.fact_days_now")


def _facts(layer: SemanticLayer, catalogue: Catalogue, metric: str) -> dict[FactDate, frozenset[Target]]:
    """What a metric reads in any of its segments, and what counts its observations."""
    n_metric = catalogue.metric(metric).meta.get("n")
    found: dict[FactDate, frozenset[Target]] = {}
    for name in (metric, *([n_metric] if n_metric else []), *catalogue.interval(metric).counted):
        for fact, targets in layer.facts(name, catalogue.segments(metric)).items():
            found[fact] = found.get(fact, frozenset()) | targets
    return found


def _digest_facts(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    layer: SemanticLayer,
    reads: dict[str, dict[FactDate, frozenset[Target]]],
) -> dict[FactDate, str]:
    """Fill temp.fact_days_now; return the name of each fact there."""
    wanted: dict[FactDate, frozenset[Target]] = {}
    for facts in reads.values():
        for fact, targets in facts.items():
            wanted[fact] = wanted.get(fact, frozenset()) | targets
    con.execute("create or replace temp table fact_days_now (fact text, day date, digest hugeint)")
    bounds: dict[str, date] = {"today": workspace_today(con), "history_start": ws.history_start}
    insert_rows(con, "fact_days_now", [(name, bounds[name], 1) for name in _BOUNDS])
    names = {}
    for fact, targets in sorted(wanted.items(), key=lambda item: item[0]):
        digest = layer.digest(fact, targets)
        names[fact] = digest.name
        con.execute(f"insert into fact_days_now select $fact, day, digest from ({digest.sql})", {"fact": digest.name})
    return names
