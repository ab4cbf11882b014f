"""One date and one timestamp format per table: what is written in another way becomes an expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from dagster_project.suggest.profile import TableProfile
from dagster_project.suggest.proposal import ColumnProposal, EntityProposal
from metrics.warehouse import literal, quoted
from metrics.workspace import load_entities
from metrics.workspace.mapping import plain_column


def settle_date_formats(proposals: Iterable[EntityProposal], tables: dict[str, TableProfile]) -> None:
    """Write the formats into the tables' read options, and expressions into the columns that have another one."""
    proposals = list(proposals)
    for table in tables.values():
        for kind, option in (("timestamp", "timestamp_format"), ("date", "date_format")):
            _settle(proposals, table, kind, option)
        _settle_latest_by(proposals, table)


def _settle(proposals: list[EntityProposal], table: TableProfile, kind: str, option: str) -> None:
    used: list[tuple[EntityProposal, ColumnProposal, str | None]] = []
    for proposal in proposals:
        for column in proposal.columns.values():
            raw = _plain_raw(column, table)
            if raw is None or load_entities()[proposal.entity].columns[column.column].type != kind:
                continue
            style = table.columns[raw].dates
            if style is not None and table.columns[raw].native in {None, "VARCHAR"}:
                used.append((proposal, column, style.form))
    if not used:
        return
    usual = Counter(form for *_, form in used).most_common(1)[0][0]
    table.read = table.read.model_copy(update={option: usual})
    for proposal, column, form in used:
        if form != usual:
            proposal.columns[column.column] = _converted(column, table, form)


def _plain_raw(column: ColumnProposal, table: TableProfile) -> str | None:
    """Return the raw column of this table that is mapped as it is."""
    if len(column.raw) != 1 or not column.raw[0].startswith(f"{table.name}.") or plain_column(column.expression) is None:
        return None
    return column.raw[0].removeprefix(f"{table.name}.")


def _converted(column: ColumnProposal, table: TableProfile, form: str | None) -> ColumnProposal:
    """Read the column as text and parse it here, because the table's other dates are written in another way."""
    raw = column.raw[0].removeprefix(f"{table.name}.")
    table.read = table.read.model_copy(update={"types": {**table.read.types, raw: "text"}})
    parsed = f"cast({quoted(raw)} as timestamp)" if form is None else f"strptime({quoted(raw)}, {literal(form)})"
    return replace(column, expression=parsed, reasons=(*column.reasons, "another date format than the other columns"))


def _settle_latest_by(proposals: list[EntityProposal], table: TableProfile) -> None:
    """``latest_by`` has no canonical type: its column needs a type, or the format of the table has to be its own."""
    for proposal in proposals:
        raw = plain_column(proposal.latest_by) if proposal.latest_by and proposal.table == table.name else None
        style = table.columns[raw].dates if raw is not None else None
        if raw is None or style is None or style.form is None or table.columns[raw].native not in {None, "VARCHAR"}:
            continue
        if table.read.timestamp_format == style.form:
            table.read = table.read.model_copy(update={"types": {**table.read.types, raw: "timestamp"}})
        elif table.read.date_format == style.form:
            table.read = table.read.model_copy(update={"types": {**table.read.types, raw: "date"}})
        else:
            table.read = table.read.model_copy(update={"types": {**table.read.types, raw: "text"}})
            proposal.latest_by = f"strptime({quoted(raw)}, {literal(style.form)})"
