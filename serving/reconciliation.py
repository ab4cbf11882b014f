"""The published reconciliation as rows: for the command line, and for any other reader that shows steps in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metrics.errors import QueryError, did_you_mean
from metrics.warehouse import open_published

if TYPE_CHECKING:
    from metrics.workspace import Workspace

_EXISTS = "select count(*) from duckdb_tables() where schema_name = 'mart' and table_name = 'reconciliation'"
_ROWS = """
select * from mart.reconciliation
where source in (?, 'all sources') and (source = ? or entity in (select entity from mart.reconciliation where source = ?))
order by entity, source = 'all sources', currency, step_order
"""
_ALL = """
select * from mart.reconciliation order by entity, source = 'all sources', source, currency, step_order
"""


def reconciliation(ws: Workspace, source: str | None) -> list[dict[str, Any]]:
    """Every step of the published version, or those of one source and of what its entities are added up to.

    Raises QueryError for a source that the table does not have, RunError when nothing is published.
    """
    with open_published(ws) as con:
        exists = con.execute(_EXISTS).fetchone()
        if not exists or not exists[0]:
            raise QueryError(f"{ws.name}: the published version has no reconciliation yet. Run `kpi run --full-refresh`.")
        known = [row[0] for row in con.execute("select distinct source from mart.reconciliation order by 1").fetchall()]
        if source is not None and source not in known:
            raise QueryError(
                f"no source '{source}' is reconciled.{did_you_mean(source, known)} There are: {', '.join(known)}"
            )
        answer = con.execute(_ALL) if source is None else con.execute(_ROWS, [source] * 3)
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def in_words(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as a person reads them: stages with what is unexplained, and only the differences that make one."""
    shown = []
    for row in rows:
        if row["difference"] and not row["row_count"] and not row["amount"]:
            continue
        step = f"  {row['difference'].replace('_', ' ')}" if row["difference"] else row["stage"]
        if row["period_start"] is not None:
            step = f"vendor {row['period_start']} to {row['period_end']}"
        converted = row["amount_currency"] not in (None, row["currency"])
        shown.append(
            {
                "entity": row["entity"],
                "source": row["source"],
                "step": step,
                "currency": f"{row['currency']} in {row['amount_currency']}" if converted else row["currency"],
                "rows": row["row_count"],
                "amount": row["amount"],
                "unexplained": _remainder(row["unexplained_rows"], row["unexplained_amount"]),
                "vendor": _vendor(row),
            }
        )
    return shown if any(row["vendor"] for row in shown) else [{k: v for k, v in r.items() if k != "vendor"} for r in shown]


def _remainder(rows: int | None, amount: Any) -> str:
    if rows is None and amount is None:
        return ""
    return " / ".join(f"{part:,}" for part in (rows, amount) if part) or "0"


def _vendor(row: dict[str, Any]) -> str:
    if row["period_start"] is None:
        return ""
    parts = [f"{row[name]:+,}" for name in ("row_difference", "amount_difference") if row[name] is not None]
    verdict = {True: "within tolerance", False: "beyond tolerance", None: "period not closed"}[row["within_tolerance"]]
    return f"{' / '.join(parts)}, {verdict}"
