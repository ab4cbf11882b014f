"""The vendor's own totals (`control_totals:` of a source) beside ours: rows of the fact in a period, and their amount."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb

from metrics.errors import WorkspaceError
from metrics.warehouse import quoted
from metrics.workspace.control_totals import ControlTotal, period_days
from metrics.workspace.entities import Entity, load_entities
from metrics.workspace.model import Source, Workspace

STAGE = "control total"
FIRST_STEP = 200
_COLUMNS = ("period", "rows", "amount")
_CLOSED = """
select arg_max(closed_through, recorded_at) from mart.source_watermarks where source = ? and entity = ?
"""


@dataclass(frozen=True)
class VendorTotal:
    """What the vendor says of one period; ``rows`` or ``amount`` may be unknown."""

    period: str
    rows: int | None
    amount: Decimal | None

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """First and last day."""
        return period_days(self.period)


def compare_totals(con: duckdb.DuckDBPyConnection, ws: Workspace) -> list[list[object]]:
    """Rows of mart.reconciliation, one per period that a control total names. Raises WorkspaceError for a bad file."""
    rows: list[list[object]] = []
    for source in ws.sources.values():
        for entity, controls in source.control_totals.items():
            number = FIRST_STEP
            for position, control in enumerate(controls):
                for total in _vendor_totals(ws, source, entity, position, control):
                    rows.append(_compared(con, ws, source.name, load_entities()[entity], control, total, number))
                    number += 1
    return rows


def control_files(ws: Workspace) -> list[Path]:
    """The files that control totals are read from, in no particular order."""
    controls = (c for source in ws.sources.values() for found in source.control_totals.values() for c in found)
    return [ws.root / control.file for control in controls if control.file is not None]


def _compared(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    source: str,
    entity: Entity,
    control: ControlTotal,
    total: VendorTotal,
    number: int,
) -> list[object]:
    first, last = total.days
    ours, amount = _ours(con, ws, source, entity, control.currency, first, last)
    closed = con.execute(_CLOSED, [source, entity.name]).fetchone()
    rows_off = None if total.rows is None else ours - total.rows
    amount_off = None if total.amount is None else amount - total.amount
    is_closed = closed is not None and closed[0] is not None and last <= closed[0]
    within = _is_within(rows_off, total.rows, control) and _is_within(amount_off, total.amount, control)
    currency = control.currency or (ws.currency if entity.reconcile.amount else "")
    return [
        source, entity.name, currency, number, STAGE, "",
        ours, amount if entity.reconcile.amount else None, currency or None, None, None,
        first, last, total.rows, total.amount, rows_off, amount_off, control.tolerance, within if is_closed else None,
    ]  # fmt: skip


def _is_within(off: Decimal | int | None, vendor: Decimal | int | None, control: ControlTotal) -> bool:
    """Whether a difference is within the tolerance; what the vendor does not say cannot be missed."""
    return off is None or vendor is None or abs(Decimal(off)) <= control.tolerance * abs(Decimal(vendor))


def _ours(
    con: duckdb.DuckDBPyConnection,
    ws: Workspace,
    source: str,
    entity: Entity,
    currency: str | None,
    first: dt.date,
    last: dt.date,
) -> tuple[int, Decimal]:
    """Rows of the fact, and their amount: in the workspace's currency, or in ``currency`` as the source has it."""
    spec = entity.reconcile
    if spec.fact is None:
        raise WorkspaceError(f"control_totals of {source}.{entity.name}: {entity.name} has no fact to compare.")
    fact, parameters = quoted("core", spec.fact.model), [source, first, last]
    relation, condition = f"{fact} as fact", ""
    amount = f"fact.{quoted(spec.fact.amount)}" if spec.fact.amount else "null"
    if currency is not None:
        keys = " and ".join(
            f"own.{quoted(key)} = fact.{quoted('business_date' if key == entity.business_date else key)}"
            for key in entity.key
        )
        own = quoted("intermediate", f"int_{entity.name}__unioned")
        relation += f" inner join {own} as own on own.source_relation = fact.source_relation and {keys}"
        condition = "and coalesce(upper(own.currency), ?) = ?"
        amount, parameters = f"own.{quoted(spec.amount or '')}", [*parameters, ws.currency, currency]
    row = con.execute(
        f"select count(*), coalesce(sum({amount}), 0)::decimal(28, 4) from {relation}"
        f" where fact.source_relation = ? and fact.business_date between ? and ? {condition}",
        parameters,
    ).fetchone()
    return (row[0], row[1]) if row else (0, Decimal(0))


def _vendor_totals(
    ws: Workspace, source: Source, entity: str, position: int, control: ControlTotal
) -> Iterator[VendorTotal]:
    if control.file is None:
        yield VendorTotal(control.period or "", control.rows, control.amount)
        return
    path = ws.root / control.file
    if not path.is_file():
        where = ws.where("sources", source.name, "control_totals", entity, position, "file")
        raise WorkspaceError(f"{where}: the file {control.file} of control totals does not exist in {ws.root}.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if "period" not in (reader.fieldnames or ()) or not {"rows", "amount"} & set(reader.fieldnames or ()):
            found = ", ".join(reader.fieldnames or ()) or "nothing"
            raise WorkspaceError(f"{path}:1: has the columns {found}; expected period, and rows or amount or both.")
        for row in reader:
            yield _vendor_total(path, reader.line_num, row)


def _vendor_total(path: Path, line: int, row: dict[str, str]) -> VendorTotal:
    period, rows, amount = ((row.get(name) or "").strip() for name in _COLUMNS)
    try:
        period_days(period)
    except ValueError:
        raise WorkspaceError(
            f"{path}:{line}: '{period}' is no period; write 2026, 2026-Q2, 2026-05 or 2026-05-31."
        ) from None
    try:
        return VendorTotal(period, int(rows) if rows else None, Decimal(amount) if amount else None)
    except (ValueError, InvalidOperation):
        raise WorkspaceError(
            f"{path}:{line}: rows '{rows}' or amount '{amount}' is no number; write 1234 and 1234.50."
        ) from None
