"""What `kpi list` prints: the KPIs, and with --all what to map for those that are not connected."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from dagster_project.console import console, once_per_group, print_rows
from dagster_project.words import Words
from metrics.workspace import Workspace
from metrics.workspace.entities import load_entities
from serving.published import list_kpis

_COLUMNS = ("team", "metric", "timing", "owner", "value", "target", "status")
_ALL_COLUMNS = ("team", "metric", "kind", "value", "status", "missing_entities")


def print_list(ws: Workspace, output: str, *, everything: bool) -> None:
    """KPIs as a table, CSV or JSON; ``everything``: plain metrics too, and what each missing KPI needs."""
    rows, say = list_kpis(ws, everything=everything), Words(ws.language)
    shown = once_per_group(rows, "team") if output == "table" else rows
    print_rows(shown, output, _ALL_COLUMNS if everything else _COLUMNS, currency=ws.currency, say=say)
    missing = [row for row in rows if row["kind"] == "kpi" and not row["is_connected"]]
    if output != "table" or not missing:
        return
    out = console()
    out.print()
    out.print(Text(say("Not connected: {count}", count=len(missing)), style="bold"))
    out.print(_pairs([(row["metric"], row["title"], _entities(row)) for row in missing], say))
    out.print()
    out.print(Text(say("What to map for them in workspace.yml"), style="bold"))
    wanted = {name for row in missing for name in _entities(row).split(", ")}
    known = load_entities()
    out.print(_needs([(name, known[name].grain, known[name].required) for name in known if name in wanted], say))
    out.print(
        Text(say("kpi source suggest FILES reads your files and proposes the mapping; docs/mapping.md shows every option."))
    )


def _entities(row: dict[str, Any]) -> str:
    return ", ".join((row["missing_entities"] or "").split(","))


def _pairs(rows: list[tuple[str, str, str]], say: Words) -> Table:
    table = _table(say("metric"), say("title"), say("needs"))
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _needs(rows: list[tuple[str, str, list[str]]], say: Words) -> Table:
    table = _table(say("entity"), say("rows it needs"), say("columns it needs at least"))
    for name, grain, required in rows:
        table.add_row(Text(name), Text(grain), Text(", ".join(required)))
    return table


def _table(first: str, *others: str) -> Table:
    """Names in one line, all else goes on in the next: nothing is cut."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for head in others:
        table.add_column(head, overflow="fold")
    return table
