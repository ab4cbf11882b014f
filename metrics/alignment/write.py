"""Write the tables of alignment: the tree and its checks, goals and their cascade, pairs, guardrail flags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from metrics.alignment.goals import Cascade
from metrics.alignment.guardrails import find_flags, flag_rows
from metrics.alignment.load import Alignment
from metrics.alignment.residuals import FormulaCheck, check_formulas
from metrics.alignment.tables import ensure_alignment_tables
from metrics.alignment.tree import edge_rows, tree_edges
from metrics.catalogue.drivers import parse_drivers
from metrics.values.closed import ClosedValues, read_closed
from metrics.values.rows import insert_rows, one_transaction

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue
    from metrics.workspace import Workspace


def write_alignment(
    con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue, alignment: Alignment
) -> dict[str, int]:
    """Rewrite every table; return the rows of each."""
    values = read_closed(con, ws, catalogue, _metrics(catalogue, alignment))
    dimensions = {pair.dimension for pair in alignment.pairs.values()}
    paired = {name for pair in alignment.pairs.values() for name in (*pair.left.kpis, *pair.right.kpis)}
    rows: dict[str, list[tuple[object, ...]]] = {
        "kpi_tree": edge_rows(catalogue, tree_edges(catalogue, alignment)),
        "kpi_tree_checks": [check.row() for check in check_formulas(catalogue, values)],
        "dim_goal": list(_goal_rows(alignment)),
        "goal_cascade": list(_cascade_rows(ws, catalogue, alignment, values)),
        "dim_pair": list(_pair_rows(catalogue, alignment)),
        "kpi_pairs": list(_pair_values(catalogue, alignment, read_closed(con, ws, catalogue, paired, dimensions))),
        "kpi_guardrail_flags": flag_rows(catalogue, ws.currency, find_flags(catalogue, values)),
    }
    with one_transaction(con):
        ensure_alignment_tables(con)
        for table, found in rows.items():
            insert_rows(con, f"mart.{table}", found)
    return {table: len(found) for table, found in rows.items()}


def formula_checks(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue) -> list[FormulaCheck]:
    """Every formula of the driver tree against the values, as it stands now."""
    names = {
        name for kpi in catalogue.kpis.values() if kpi.drivers for name in (kpi.id, *parse_drivers(kpi.drivers).metrics)
    }
    return check_formulas(catalogue, read_closed(con, ws, catalogue, names))


def _metrics(catalogue: Catalogue, alignment: Alignment) -> set[str]:
    found = set(catalogue.kpis)
    for kpi in catalogue.kpis.values():
        found |= {*kpi.guardrails, *(parse_drivers(kpi.drivers).metrics if kpi.drivers else ())}
    for goal in alignment.goals.values():
        found |= {name for name in (goal.kpi, goal.loss_rate) if name}
        for team in goal.teams:
            found |= {team.kpi, *(part for part in team.through if isinstance(part, str))}
    return found


def _goal_rows(alignment: Alignment) -> Iterator[tuple[object, ...]]:
    for goal in alignment.goals.values():
        texts = (goal.title.en, goal.title.zh, goal.description.en, goal.description.zh)
        grain = goal.grain if goal.kpi else None
        yield (goal.id, *texts, goal.parent, goal.owner, goal.kpi, grain, goal.from_, goal.by)


def _cascade_rows(
    ws: Workspace, catalogue: Catalogue, alignment: Alignment, values: ClosedValues
) -> Iterator[tuple[object, ...]]:
    for goal in alignment.goals.values():
        if goal.kpi is not None:
            yield from Cascade(catalogue, values, ws.currency, goal).rows()


def _pair_rows(catalogue: Catalogue, alignment: Alignment) -> Iterator[tuple[object, ...]]:
    for pair in alignment.pairs.values():
        for side, part in (("left", pair.left), ("right", pair.right)):
            for position, metric in enumerate(part.kpis):
                known = metric in catalogue.metrics and catalogue.connected(metric)
                names = (pair.id, pair.title.en, pair.title.zh, pair.dimension, pair.grain)
                yield (*names, metric, side, part.team, position, known)


def _pair_values(catalogue: Catalogue, alignment: Alignment, values: ClosedValues) -> Iterator[tuple[object, ...]]:
    """Totals (empty dimension) and values by the pair's dimension, of closed and mature periods."""
    members: dict[str, set[str]] = {}
    for _, _, (dimension, member) in values.series:
        members.setdefault(dimension, set()).add(member)
    for pair in alignment.pairs.values():
        segments = [("", ""), *((pair.dimension, member) for member in sorted(members.get(pair.dimension, ())))]
        for side, part in (("left", pair.left), ("right", pair.right)):
            for position, metric in enumerate(part.kpis):
                for segment in segments if metric in catalogue.metrics else ():
                    for start, point in values.points(metric, pair.grain, segment).items():
                        place = (pair.id, pair.grain, start, *segment, side, part.team, position, metric)
                        yield (*place, point.value, point.n)
