"""Campaigns by channel with what they cost and brought, as the published snapshot has them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from metrics.campaigns.table import COLUMNS, DIMENSIONS, TABLE
from metrics.errors import QueryError, did_you_mean
from metrics.semantic.days import period_name
from metrics.warehouse import open_published
from serving.snapshot import Row, require_table, rows

if TYPE_CHECKING:
    import duckdb

    from metrics.workspace import Workspace

_ROWS = f"""select {", ".join(COLUMNS)} from mart.{TABLE}
where grain = ? and period_start = ? and (? is null or channel = ?)
order by ad_spend desc nulls last, sessions desc nulls last, channel nulls last, campaign nulls last"""
_TITLES = "select metric, title_{language} from mart.dim_kpi where metric in ('cac', 'roas', 'cpa')"


def campaign_rows(ws: Workspace, grain: str, start: date | None, channel: str | None) -> list[Row]:
    """One row per channel and campaign of a closed period, what cost most first; ``start`` None: the last closed one.

    Raises QueryError for a period or a channel without rows, and where small_cells guards what the table is made of.
    """
    guarded = [name for name in DIMENSIONS if ws.small_cells and name in ws.small_cells.dimensions]
    if guarded:
        raise QueryError(
            f"{ws.name}: mart.{TABLE} is not published, because {guarded[0]} is guarded by small_cells. "
            f"`kpi query` by metric_time and {guarded[0]} alone gives what is."
        )
    with open_published(ws) as con:
        require_table(con, ws, TABLE)
        known = [day for (day,) in con.execute(_periods(), [grain]).fetchall()]
        if not known and start is None:
            return []
        wanted = start or known[-1]
        if wanted not in known:
            raise QueryError(_no_period(grain, wanted, known))
        found = rows(con, _ROWS, [grain, wanted, channel, channel])
        if channel is not None and not found:
            raise QueryError(_no_channel(con, grain, wanted, channel))
    return found


def titles(ws: Workspace) -> dict[str, str]:
    """Titles of the judged KPIs in the workspace's language."""
    with open_published(ws) as con:
        return dict(con.execute(_TITLES.format(language=ws.language)).fetchall())


def _periods() -> str:
    return f"select distinct period_start from mart.{TABLE} where grain = ? order by 1"


def _no_period(grain: str, wanted: date, known: list[date]) -> str:
    if not known:
        return f"no {grain} is closed yet for campaigns."
    first, last = (period_name(day, grain) for day in (known[0], known[-1]))
    return f"{period_name(wanted, grain)} is no closed {grain} with campaigns; there are those from {first} to {last}."


def _no_channel(con: duckdb.DuckDBPyConnection, grain: str, wanted: date, channel: str) -> str:
    found = con.execute(
        f"select distinct channel from mart.{TABLE} where grain = ? and period_start = ? and channel is not null order by 1",
        [grain, wanted],
    )
    names = [name for (name,) in found.fetchall()]
    hint = did_you_mean(channel, names) or f" There are {', '.join(names)}."
    return f"channel '{channel}' has no campaign in {period_name(wanted, grain)}.{hint}"
