"""`mart.kpi_projection`: for the open week, month and quarter of every KPI, where its value is heading.

Rewritten whenever values or targets may have changed. Without a value are: a KPI with too little history (``too_early``,
with how much it has and needs), and one whose value does not follow from days when more than half of the period is
known (``half_known``): a forecast from closed periods alone would ignore what has happened already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metrics.forecast.history import metrics_to_read, read_stored
from metrics.forecast.periods import open_period, outlook_for
from metrics.values.rows import insert_rows, one_transaction
from metrics.values.status import read_target_book
from metrics.values.status.targets import COMPANY
from metrics.values.tables import ensure_tables
from metrics.values.watermarks import event_watermarks, metric_watermark

if TYPE_CHECKING:
    import duckdb

    from metrics.catalogue import Catalogue, Kpi
    from metrics.forecast.periods import PeriodOutlook
    from metrics.values.status import PeriodTarget
    from metrics.workspace import Workspace

# The end of a day is not projected: it is known the next morning.
PROJECTED = ("week", "month", "quarter")


def write_projection(con: duckdb.DuckDBPyConnection, ws: Workspace, catalogue: Catalogue) -> int:
    """Rewrite `mart.kpi_projection`, one row per connected KPI and grain that has an open period; the number of rows."""
    ensure_tables(con)
    marks = event_watermarks(con, ws)
    kpis = [kpi for kpi in catalogue.kpis.values() if catalogue.connected(kpi.id)]
    stored = read_stored(con, metrics_to_read(catalogue, (kpi.id for kpi in kpis)))
    targets = read_target_book(con)
    rows = []
    for kpi in kpis:
        closed = metric_watermark(marks, catalogue.lineage[kpi.id].reads).closed_through
        if closed is None:
            continue
        for grain in (grain for grain in kpi.grains if grain in PROJECTED):
            found = outlook_for(stored, catalogue, kpi.id, grain, open_period(closed, grain), closed)
            rows.append(_row(kpi, found, targets.on(kpi, grain, COMPANY, found.start), catalogue, ws))
    with one_transaction(con):
        con.execute("delete from mart.kpi_projection")
        insert_rows(con, "mart.kpi_projection", rows)
    return len(rows)


def _row(
    kpi: Kpi, found: PeriodOutlook, target: PeriodTarget | None, catalogue: Catalogue, ws: Workspace
) -> tuple[Any, ...]:
    unit, direction, outlook = catalogue.unit(kpi.id), catalogue.direction(kpi.id), found.outlook
    wanted = target.value if target else None
    chance = outlook.probability_of(wanted, direction) if outlook and wanted is not None else None
    return (
        kpi.id, found.grain, found.start, found.end, ws.currency if unit == "currency" else "", found.known_through,
        outlook.value if outlook else None, outlook.low if outlook else None, outlook.high if outlook else None,
        wanted, chance, unit, direction, found.has, found.needs, found.unit,
        "projected" if outlook else "half_known" if found.is_half_known else "too_early",
    )  # fmt: skip
