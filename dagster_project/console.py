"""What the command line prints: tables that fit 100 columns, status as icon and word, JSON and CSV for machines."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dagster_project.run import RunReport
from metrics.alerts.events import HISTORIC_AFTER, shown
from metrics.workspace import Workspace
from serving.published import Scorecard, scorecard

WIDTH = 100
_MOST_ALERTS = 12
_MOST_WARNINGS = 6
_SHORT = 12
_BARS = "▁▂▃▄▅▆▇█"
# Together with one space between them: 100 columns.
_COLUMNS: tuple[tuple[str, Literal["left", "right"], int], ...] = (
    ("KPI", "left", 25),
    ("period", "left", 8),
    ("value", "right", 11),
    ("target", "right", 11),
    ("status", "left", 11),
    ("change", "right", 7),
    ("last 13", "left", 13),
    ("timing", "left", 7),
)
_LEGEND = "✓ at least 98 % of the target is reached, ! 90 to 98 %, ✗ less; a KPI may draw other lines."
_STATUS = {
    "on_track": ("✓ on track", "green"),
    "at_risk": ("! at risk", "yellow"),
    "off_track": ("✗ off track", "red"),
    "no_target": ("· no target", "dim"),
    "no_data": ("· no data", "dim"),
    "too_few": ("· too few", "dim"),
}


_VALUES = ("period_start", "value", "numerator", "denominator", "n", "ci_low", "ci_high", "state")
_FACTS = (
    ("What", "description_en"), ("", "description_zh"), ("Question", "question_en"), ("", "question_zh"),
    ("Formula", "formula"), ("Owner", "owner"), ("Timing", "timing"), ("Threshold", "threshold"),
    ("When red", "playbook_en"), ("", "playbook_zh"), ("To connect, map", "missing_entities"),
)  # fmt: skip


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
    table = Table(title=f"{ws.name} on {card.today}", title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name, justify, width in _COLUMNS:
        table.add_column(name, justify=justify, no_wrap=True, width=width)
    for row in card.rows:
        word, style = _STATUS[row["status"]]
        table.add_row(
            row["title"], _period(row), _number(row["value"], row, ws), _number(row["target"], row, ws),
            Text(word, style=style), _percent(row["change"]), sparkline(row["trend_values"] or []), row["timing"] or "",
        )  # fmt: skip
    out.print(table)
    out.print(Text(_LEGEND, style="dim"))
    out.print()
    _print_alerts(out, card)
    _print_end(out, ws, report, card.path)


def _print_alerts(out: Console, card: Scorecard) -> None:
    """The alerts of the last days. What lies further back is counted: swings that were past when first seen are no news."""
    alerts = card.alerts
    older = [f"{card.alerts_before} older alerts"] if card.alerts_before else []
    older += [f"{card.swings_before} swings in the past"] if card.swings_before else []
    earlier = f" ({', '.join(older)}: kpi alerts --all)" if older else ""
    if not alerts:
        out.print(f"No alert in the last {HISTORIC_AFTER.days} days{earlier}.")
        return
    out.print(f"Alerts of the last {HISTORIC_AFTER.days} days: {len(alerts)}{earlier}")
    for alert in alerts[:_MOST_ALERTS]:
        mark, style = {"critical": ("✗", "red"), "warning": ("!", "yellow")}.get(alert["severity"], ("·", "dim"))
        out.print(Padding(Text(f"{mark} {alert['message']}", style=style), (0, 0, 0, 2)))
    if len(alerts) > _MOST_ALERTS:
        out.print(f"  ... and {len(alerts) - _MOST_ALERTS} more: kpi alerts --days {HISTORIC_AFTER.days}")


def _print_end(out: Console, ws: Workspace, report: RunReport, path: Any) -> None:
    out.print()
    if report.nothing_new:
        out.print("Nothing new since the last run: no source, definition or setting has changed.")
    else:
        steps = sorted(report.seconds_by_step.items(), key=lambda item: -item[1])
        shown_steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps[:6])
        out.print(f"Steps: {shown_steps}; all {sum(report.seconds_by_step.values()):.1f} s", soft_wrap=True)
    if report.quarantined:
        said = f"{report.quarantined} rows could not be read ({report.quarantine_example}). kpi quarantine shows them."
        out.print(Text(said, style="yellow"))
    for warning in report.warnings[:_MOST_WARNINGS]:
        out.print(Text(f"! {warning}", style="yellow"))
    if len(report.warnings) > _MOST_WARNINGS:
        out.print(f"  ... and {len(report.warnings) - _MOST_WARNINGS} more failed checks: kpi dev shows them")
    for failure in report.delivery_failures:
        out.print(Text(f"An alert could not be sent: {failure}", style="yellow"))
    out.print(f"Published: {_short(path, ws)}", soft_wrap=True)


def _short(path: Any, ws: Workspace) -> str:
    import os

    return os.path.relpath(path)


def print_rows(
    rows: list[dict[str, Any]],
    output: str,
    columns: Sequence[str] | None = None,
    *,
    currency: str = "",
    empty: str = "No rows.",
    wrapped: Sequence[str] = (),
) -> None:
    """Rows as a table, CSV or JSON. ``columns``: what of them fits a table; machines get everything, unformatted.

    In a table the numbers of a row that has a ``unit`` are written with it; ``empty`` is said instead of a table.
    Long words are cut, those of the columns ``wrapped`` go on in the next line.
    """
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
        print(empty)
        return
    names = list(columns or rows[0])
    texts = [{name: _text(name, row, currency) for name in names} for row in rows]
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    widths = {name: max(cell_len(name), *(cell_len(text[name]) for text in texts)) for name in names}
    numeric = {name for name in names if any(_is_number(row[name]) for row in rows)}
    # Long words share what is left of the screen; numbers, names of metrics and short words are never cut.
    short = _SHORT if not wrapped else WIDTH // 3
    whole = {
        name for name in names if name in numeric or name == "metric" or (widths[name] <= short and name not in wrapped)
    }
    room = WIDTH - len(names) - sum(widths[name] for name in whole)
    share = max(_SHORT, room // max(1, len(names) - len(whole)))
    for name in names:
        width = widths[name] if name in whole else min(widths[name], share)
        justify: Literal["left", "right"] = "right" if name in numeric else "left"
        overflow: Literal["fold", "ellipsis"] = "fold" if name in wrapped else "ellipsis"
        table.add_column(name, justify=justify, no_wrap=name not in wrapped, overflow=overflow, width=width)
    for text in texts:
        table.add_row(*text.values())
    console().print(table)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _text(name: str, row: dict[str, Any], currency: str) -> str:
    """One cell as a person reads it: numbers with their unit, changes as percent, status as icon and word."""
    value = row[name]
    if value is None:
        return ""
    if name in ("change", "threshold"):
        return _percent(value) if name == "change" else f"{value:.0%}"
    if name == "status" and value in _STATUS:
        return _STATUS[value][0]
    if name in ("value", "target", "previous_value", "numerator", "denominator") and row.get("unit"):
        plain = name in ("numerator", "denominator") and row["unit"] == "ratio"
        return _cell(value) if plain else shown(value, row["unit"], currency)
    return _cell(value)


def print_kpi(found: dict[str, Any], output: str, currency: str) -> None:
    """One KPI: definition, status, last values."""
    if output == "json":
        print(json.dumps(found, default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        print_rows(found["values"], "csv")
        return
    out, definition = console(), found["definition"]
    out.print(Text(f"{definition['title_en']} · {definition['title_zh']}", style="bold"))
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    for label, key in _FACTS:
        if definition.get(key) not in (None, ""):
            facts.add_row(label, f"{definition[key]:.0%}" if key == "threshold" else _cell(definition[key]))
    out.print(facts)
    out.print()
    grains = Table(box=None, pad_edge=False)
    for name, justify in (("grain", "left"), ("period", "left"), ("status", "left"), ("value", "right"),
                          ("target", "right"), ("change", "right"), ("last 13", "left")):  # fmt: skip
        grains.add_column(name, justify=justify, no_wrap=True)
    for row in found["status"]:
        word, style = _STATUS[row["status"]]
        grains.add_row(row["grain"], _period(row), Text(word, style=style),
                       _text("value", row, currency), _text("target", row, currency),
                       _percent(row["change"]), sparkline(row["trend_values"] or []))  # fmt: skip
    out.print(grains)
    out.print()
    print_rows([{**row, "unit": definition["unit"]} for row in found["values"]], "table", _VALUES, currency=currency)


def _period(row: dict[str, Any]) -> str:
    start = row["period_start"]
    if start is None:
        return ""
    return {
        "day": start.isoformat(),
        "week": f"{start.isocalendar().year} W{start.isocalendar().week:02}",
        "month": f"{start:%Y-%m}",
        "quarter": f"{start.year} Q{(start.month + 2) // 3}",
    }[row["grain"]]


def _number(value: float | None, row: dict[str, Any], ws: Workspace) -> str:
    return "" if value is None else shown(value, row["unit"], ws.currency)


def _percent(change: float | None) -> str:
    if change is None:
        return ""
    return f"{change:+.1%}" if abs(change) < 10 else f"x{change + 1:,.0f}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        if value.is_integer():
            return f"{value:,.0f}"
        return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.2f}"
    return str(value)
