"""What `kpi campaigns` prints: a period's campaigns by channel, each with the status of its CAC, ROAS and CPA."""

from __future__ import annotations

from datetime import date
from typing import Any

from rich.table import Table
from rich.text import Text

from dagster_project.console import cell_text, console, print_rows, status_icon
from dagster_project.words import Words
from metrics.alerts.events import shown
from metrics.campaigns.table import JUDGED
from metrics.semantic.days import period_name
from metrics.workspace import Workspace
from serving.campaigns import campaign_rows, titles

_COUNTS = ("clicks", "sessions", "orders", "new_customers")
_HEADS = {"new_customers": "new"}
_UNITS = {"cac": "currency", "roas": "count", "cpa": "currency"}
_STATUSES = ("on_track", "at_risk", "off_track", "too_few")


def print_campaigns(ws: Workspace, grain: str, start: date | None, channel: str | None, output: str) -> None:
    """The table, CSV or JSON. Raises QueryError as `campaign_rows` does."""
    found, say = campaign_rows(ws, grain, start, channel), Words(ws.language)
    if output != "table" or not found:
        print_rows(found, output, empty=say("No closed period with campaigns yet."))
        return
    out, names = console(), titles(ws)
    day = found[0]["period_start"]
    out.print(
        Text(
            say("Campaigns in {period}, money in {currency}", period=period_name(day, grain), currency=ws.currency),
            style="bold",
        )
    )
    out.print(_table(found, say))
    for kpi in JUDGED:
        for line in _target_lines(found, kpi, names.get(kpi, kpi), grain, ws.currency, say):
            out.print(Text(line))
    words = [f"{status_icon(one)[0]} {say(one.replace('_', ' '))}" for one in _STATUSES]
    out.print(
        Text(say("{statuses}. An empty cell is not known, which is not 0.", statuses=say(", ").join(words)), style="dim")
    )


def _table(found: list[dict[str, Any]], say: Words) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    # Names go on in the next line before a number is cut.
    for name in ("channel", "campaign"):
        table.add_column(say(name), overflow="fold")
    for name in ("spend", *_COUNTS, "by ads", *JUDGED):
        table.add_column(say(_HEADS.get(name, name)), justify="right", no_wrap=True)
    for row in found:
        table.add_row(
            row["channel"] or say("(none)"), row["campaign"] or say("(none)"), _whole(row["ad_spend"]),
            *(cell_text(row[name]) for name in _COUNTS), _whole(row["ad_attributed_revenue"]),
            *(_judged(row, kpi) for kpi in JUDGED),
        )  # fmt: skip
    return table


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _judged(row: dict[str, Any], kpi: str) -> Text:
    """The number with the icon of its status; the currency is said below."""
    if row[kpi] is None:
        return Text("")
    icon, style = status_icon(row[f"{kpi}_status"])
    number = f"{row[kpi]:,.2f}" if abs(row[kpi]) < 1000 else f"{row[kpi]:,.0f}"
    return Text(f"{number} {icon}", style=style)


def _target_lines(found: list[dict[str, Any]], kpi: str, title: str, grain: str, currency: str, say: Words) -> list[str]:
    """What the numbers are held against: the company's target, then those of a channel or campaign."""
    targets: dict[tuple[str, str], float] = {}
    for row in found:
        scope = row[f"{kpi}_target_scope"]
        if scope is not None:
            targets[scope, "" if scope == "company" else str(row[scope])] = row[f"{kpi}_target"]
    if not targets:
        return [say("{kpi}: {title}, no target by {grain}", kpi=kpi, title=title, grain=say.grain(grain))]
    told = [
        shown(value, _UNITS[kpi], currency) if scope == "company" else f"{member} {shown(value, _UNITS[kpi], currency)}"
        for (scope, member), value in sorted(targets.items(), key=lambda item: (item[0][0] != "company", item[0]))
    ]
    return [say("{kpi}: {title}, target {targets}", title=title, kpi=kpi, targets=say(", ").join(told))]
