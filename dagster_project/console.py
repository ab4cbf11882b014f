"""What the command line prints: tables that fit 100 columns, status as icon and word, JSON and CSV for machines."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.run import RunReport
from metrics.alerts.events import shown
from metrics.workspace import Workspace
from serving.published import scorecard

WIDTH = 100
_BARS = "▁▂▃▄▅▆▇█"
_STATUS = {
    "on_track": ("✓ on track", "green"),
    "at_risk": ("! at risk", "yellow"),
    "off_track": ("✗ off track", "red"),
    "no_target": ("· no target", "dim"),
    "no_data": ("· no data", "dim"),
    "too_few": ("· too few", "dim"),
}


def console() -> Console:
    """A console of at most 100 columns; a terminal that is narrower is respected."""
    found = Console(highlight=False)
    return Console(width=min(found.width, WIDTH) if sys.stdout.isatty() else WIDTH, highlight=False)


def sparkline(values: Sequence[float | None]) -> str:
    """The values as bars between their smallest and largest; a gap is a space, because missing is not zero."""
    known = [v for v in values if v is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(" " if v is None else _BARS[round((v - low) / span * 7) if span else 3] for v in values)


def print_run(ws: Workspace, report: RunReport) -> None:
    """Scorecard, alerts, seconds per step, and where the published file is."""
    out = console()
    card = scorecard(ws)
    table = Table(title=f"{ws.name} on {card.today}", title_justify="left", box=None, pad_edge=False)
    for name, justify in (("KPI", "left"), ("period", "left"), ("value", "right"), ("target", "right"),
                          ("status", "left"), ("change", "right"), ("last 13", "left"), ("timing", "left")):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=True)
    for row in card.rows:
        word, style = _STATUS[row["status"]]
        table.add_row(
            row["title"], _period(row), _number(row["value"], row, ws), _number(row["target"], row, ws),
            Text(word, style=style), _percent(row["change"]), sparkline(row["trend_values"] or []), row["timing"] or "",
        )  # fmt: skip
    out.print(table)
    out.print()
    _print_alerts(out, card.alerts, card.alerts_before)
    _print_end(out, ws, report, card.path)


def _print_alerts(out: Console, alerts: list[dict[str, Any]], before: int) -> None:
    earlier = f" ({before} older ones: kpi alerts --days 365)" if before else ""
    if not alerts:
        out.print(f"No alert in the last 7 days{earlier}.")
        return
    out.print(f"Alerts of the last 7 days: {len(alerts)}{earlier}")
    for alert in alerts:
        mark, style = {"critical": ("✗", "red"), "warning": ("!", "yellow")}.get(alert["severity"], ("·", "dim"))
        out.print(Text(f"  {mark} {alert['message']}", style=style))


def _print_end(out: Console, ws: Workspace, report: RunReport, path: Any) -> None:
    out.print()
    if report.nothing_new:
        out.print("Nothing new since the last run: no source, definition or setting has changed.")
    else:
        steps = sorted(report.seconds_by_step.items(), key=lambda item: -item[1])
        shown_steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps[:6])
        out.print(f"Steps: {shown_steps}; all {sum(report.seconds_by_step.values()):.1f} s", soft_wrap=True)
    if report.quarantined:
        out.print(Text(f"{report.quarantined} rows could not be read; see table quarantine ({report.quarantine_example}).",
                       style="yellow"))  # fmt: skip
    for failure in report.delivery_failures:
        out.print(Text(f"An alert could not be sent: {failure}", style="yellow"))
    out.print(f"Published: {_short(path, ws)}", soft_wrap=True)


def _short(path: Any, ws: Workspace) -> str:
    import os

    return os.path.relpath(path)


def print_rows(rows: list[dict[str, Any]], output: str) -> None:
    """Rows as a table, CSV or JSON."""
    if output == "json":
        print(json.dumps(rows, default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        if rows:
            writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return
    if not rows:
        print("No rows.")
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        numeric = any(isinstance(row[name], int | float) and not isinstance(row[name], bool) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console().print(table)


def print_kpi(found: dict[str, Any], output: str) -> None:
    """One KPI: definition, status, last values."""
    if output == "json":
        print(json.dumps(found, default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        print_rows(found["values"], "csv")
        return
    out, definition = console(), found["definition"]
    out.print(Text(f"{definition['title_en']} · {definition['title_zh']}", style="bold"))
    for label, key in (("What", "description_en"), ("", "description_zh"), ("Question", "question_en"),
                       ("Formula", "formula"), ("Owner", "owner"), ("Timing", "timing"), ("Threshold", "threshold"),
                       ("When red", "playbook_en"), ("Not connected: map", "missing_entities")):  # fmt: skip
        if definition.get(key) not in (None, ""):
            out.print(Text.assemble((f"{label:9} ", "dim"), str(definition[key])))
    out.print()
    for row in found["status"]:
        word, style = _STATUS[row["status"]]
        out.print(Text.assemble(f"{row['grain']:8} {row['period_start']} ", (word, style),
                                f"  value {_cell(row['value'])}  target {_cell(row['target'])}  "
                                f"change {_percent(row['change'])}  {sparkline(row['trend_values'] or [])}"))  # fmt: skip
    out.print()
    print_rows(found["values"], "table")


def _period(row: dict[str, Any]) -> str:
    start = row["period_start"]
    if start is None:
        return ""
    return {
        "day": start.isoformat(),
        "week": f"week {start.isocalendar().week}",
        "month": f"{start:%Y-%m}",
        "quarter": f"{start.year} Q{(start.month + 2) // 3}",
    }[row["grain"]]


def _number(value: float | None, row: dict[str, Any], ws: Workspace) -> str:
    return "" if value is None else shown(value, row["unit"], ws.currency)


def _percent(change: float | None) -> str:
    return "" if change is None else f"{change:+.1%}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.2f}"
    return str(value)
