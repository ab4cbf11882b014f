"""Writes mart.reconciliation: the steps of the load and of the models, what is left unexplained, and the vendor's totals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from metrics.reconciliation.control_totals import compare_totals
from metrics.reconciliation.load_steps import load_steps
from metrics.warehouse import append_rows
from metrics.workspace.model import Workspace

_TABLE = """
create or replace table mart.reconciliation (
    source text not null,
    entity text not null,
    currency text not null,
    step_order integer not null,
    stage text not null,
    difference text not null,
    row_count bigint,
    amount decimal(28, 4),
    amount_currency text,
    unexplained_rows bigint,
    unexplained_amount decimal(28, 4),
    period_start date,
    period_end date,
    vendor_row_count bigint,
    vendor_amount decimal(28, 4),
    row_difference bigint,
    amount_difference decimal(28, 4),
    tolerance decimal(18, 6),
    within_tolerance boolean
)
"""
_LOAD_STEPS = """
create or replace temp table load_steps (
    source text, entity text, step_order integer, stage text, difference text, row_count bigint, is_followed boolean
)
"""
# A stage is explained by the stage before it in its chain (source, entity, currency) and the differences in between.
# An entity with amounts has a chain per currency from `mapped` on; what comes before, up to the sum, has an empty currency.
_WRITE = """
insert into mart.reconciliation
with modelled as materialized (
    select source, entity, currency, step_order, stage, difference, row_count, amount
    from intermediate.int_reconciliation__steps
),
steps as (
    select * from modelled
    union all
    select source, entity, '' as currency, step_order, stage, difference, row_count, null as amount
    from temp.load_steps where step_order < 30
    union all
    select source, entity, '' as currency, step_order, stage, difference, sum(row_count) as row_count, null as amount
    from modelled where step_order = 30 and currency <> ''
    group by source, entity, step_order, stage, difference
),
running as (
    select *,
        coalesce(sum(row_count) filter (where difference <> '') over chain, 0) as rows_explained,
        coalesce(sum(amount) filter (where difference <> '') over chain, 0) as amount_explained
    from steps
    window chain as (partition by source, entity, currency order by step_order)
),
stages as (
    select running.source, running.entity, running.currency, running.step_order,
        row_count - rows_explained - lag(row_count - rows_explained) over chain as unexplained_rows,
        amount - amount_explained - lag(amount - amount_explained) over chain as unexplained_amount
    from running
    where difference = ''
    window chain as (partition by source, entity, currency order by step_order)
)
select
    steps.source, steps.entity, steps.currency, steps.step_order, steps.stage, steps.difference,
    steps.row_count, steps.amount,
    -- The conversion itself is in neither: it turns a total of the one into a total of the other.
    case when steps.amount is null or steps.difference in ('currency_conversion', 'no_exchange_rate') then null
        when steps.step_order < 70 then steps.currency else $workspace_currency end,
    case when unfollowed.entity is null then stages.unexplained_rows end,
    case when unfollowed.entity is null then stages.unexplained_amount end,
    null, null, null, null, null, null, null, null
from steps
left join stages using (source, entity, currency, step_order)
left join temp.load_steps as unfollowed
    on not unfollowed.is_followed and unfollowed.source = steps.source and unfollowed.entity = steps.entity
    and unfollowed.step_order = steps.step_order and steps.currency = ''
order by steps.source = 'all sources', steps.source, steps.entity, steps.currency, steps.step_order
"""
_REMAINDERS = """
select source, entity, coalesce(amount_currency, currency), stage, unexplained_rows, unexplained_amount
from mart.reconciliation
where unexplained_rows <> 0 or unexplained_amount <> 0
order by source = 'all sources', source, entity, currency, step_order
"""
_BEYOND = """
select source, entity, currency, period_start, period_end, row_difference, amount_difference, tolerance
from mart.reconciliation
where not within_tolerance
order by source, entity, currency, period_start
"""


@dataclass(frozen=True)
class Remainder:
    """A stage that the one before and the named differences do not explain: what it has too much of, or (negative) lacks."""

    source: str
    entity: str
    currency: str
    stage: str
    rows: int | None
    amount: Decimal | None

    def __str__(self) -> str:
        amount = f" and {self.amount:+f} {self.currency}" if self.amount else ""
        return f"{self.source}, {self.entity}: {self.stage} has {self.rows or 0:+d} rows{amount} that nothing explains"


@dataclass(frozen=True)
class Deviation:
    """A vendor's total that ours misses by more than the tolerance; differences are ours minus theirs."""

    source: str
    entity: str
    currency: str
    period_start: object
    period_end: object
    row_difference: int | None
    amount_difference: Decimal | None
    tolerance: Decimal

    def __str__(self) -> str:
        parts = [f"{self.row_difference:+d} rows"] if self.row_difference is not None else []
        parts += [f"{self.amount_difference:+f} {self.currency}"] if self.amount_difference is not None else []
        what = f"{self.source}, {self.entity}, {self.period_start} to {self.period_end}"
        return f"{what}: {' and '.join(parts)} against the vendor's total, tolerance {self.tolerance:.2%}"


def write_reconciliation(con: duckdb.DuckDBPyConnection, ws: Workspace) -> int:
    """Write the table anew; return its rows. Raises WorkspaceError for a file of control totals that cannot be read."""
    totals = compare_totals(con, ws)
    con.execute(_LOAD_STEPS)
    steps = [
        [s.source, s.entity, s.step_order, s.stage, s.difference, s.row_count, s.is_followed] for s in load_steps(con, ws)
    ]
    append_rows(con, "temp.load_steps", steps)
    con.execute("begin transaction")
    try:
        con.execute(_TABLE)
        con.execute(_WRITE, {"workspace_currency": ws.currency})
        append_rows(con, "mart.reconciliation", totals)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("drop table temp.load_steps")
    row = con.execute("select count(*) from mart.reconciliation").fetchone()
    return int(row[0]) if row else 0


def remainders(con: duckdb.DuckDBPyConnection) -> list[Remainder]:
    """Stages that do not add up, in the order of the table; empty when everything is explained."""
    return [Remainder(*row) for row in con.execute(_REMAINDERS).fetchall()]


def beyond_tolerance(con: duckdb.DuckDBPyConnection) -> list[Deviation]:
    """Closed periods in which ours and the vendor's total differ by more than the tolerance."""
    return [Deviation(*row) for row in con.execute(_BEYOND).fetchall()]
