"""Rows that lack what an entity requires: totals, further lines of the row before, faults. A run would stop at them."""

from __future__ import annotations

import duckdb

from dagster_project.suggest.profile import TableProfile, text_of
from dagster_project.suggest.proposal import EntityProposal
from dagster_project.suggest.query_sql import name as sql_name
from metrics.workspace import load_entities


def leave_out_partial_rows(con: duckdb.DuckDBPyConnection, proposal: EntityProposal, table: TableProfile) -> None:
    """Leave out rows in which a required column is empty, and say how many and which column.

    Shopify writes what belongs to an order into its first line only; reports end in a total without a campaign.
    """
    raws = [
        raw.removeprefix(f"{table.name}.")
        for name in load_entities()[proposal.entity].required
        for raw in proposal.columns[name].raw
        if raw.startswith(f"{table.name}.")
    ]
    empty = [raw for raw in dict.fromkeys(raws) if table.columns[raw].filled < table.rows]
    if not empty or proposal.whole_query or proposal.is_grouped:
        return
    lacking = " or ".join(f"{text_of(table, raw)} is null" for raw in empty)
    row = con.execute(f"select count(*) from {table.relation} where {lacking}").fetchone()
    said = f"CHECK {row[0] if row else 0:,} of {table.rows:,} rows have nothing in {', '.join(empty)}, which is required"
    if proposal.joins or proposal.latest_by:
        proposal.notes.append(f"{said}: a run stops at them, so fill them in or leave them out with a query")
        return
    conditions = [*([proposal.where] if proposal.where else []), *(f"{sql_name(raw)} is not null" for raw in empty)]
    proposal.where = " and ".join(conditions)
    proposal.notes.append(f"{said}: they are left out, which is right for totals and for further lines of the row before")
