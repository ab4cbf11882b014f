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
from rich.table import Table
from rich.text import Text

from dagster_project.line_breaks import broken
from dagster_project.words import Words
from metrics.alerts.events import shown

WIDTH = 100
_SHORT = 12
_BARS = "▁▂▃▄▅▆▇█"
_STATUS = {
    "on_track": ("✓", "on track", "green"),
    "at_risk": ("!", "at risk", "yellow"),
    "off_track": ("✗", "off track", "red"),
    "no_target": ("·", "no target", "dim"),
    "no_data": ("·", "no data", "dim"),
    "too_few": ("·", "too few", "dim"),
    "too_early": ("·", "too early", "dim"),
}
# Values that are words of ours, as alerts and lists hold them; never those of a query.
_WORDED = ("timing", "kind", "severity", "status", "state")


def console() -> Console:
    """A console of at most 100 columns; a terminal that is narrower is respected."""
    found = Console(highlight=False)
    return Console(width=min(found.width, WIDTH) if sys.stdout.isatty() else WIDTH, highlight=False)


def within(text: str | Text, width: int, style: str = "") -> Text:
    """The text in lines of at most ``width`` cells that end where its language lets them; a sign at its start keeps its
    colour."""
    whole = text if isinstance(text, Text) else Text(text, style=style)
    return Text("\n".join(broken(whole.plain, width)), style=whole.style, spans=whole.spans)


def sparkline(values: Sequence[float | None]) -> str:
    """The values as bars between their smallest and largest; a gap is a space, because missing is not zero."""
    known = [v for v in values if v is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    return "".join(" " if v is None else _BARS[round((v - low) / span * 7) if span else 3] for v in values)


def status_text(status: str, say: Words) -> Text:
    """The status as icon and word, in its colour."""
    icon, word, style = _STATUS[status]
    return Text(f"{icon} {say(word)}", style=style)


def status_icon(status: str) -> tuple[str, str]:
    """Icon and colour of a status."""
    icon, _, style = _STATUS[status]
    return icon, style


def print_rows(
    rows: list[dict[str, Any]],
    output: str,
    columns: Sequence[str] | None = None,
    *,
    currency: str = "",
    empty: str | None = None,
    wrapped: Sequence[str] = (),
    say: Words | None = None,
) -> None:
    """Rows as a table, CSV or JSON. ``columns``: what of them fits a table; machines get everything, unformatted.

    In a table the numbers of a row that has a ``unit`` are written with it; ``empty`` is said instead of a table
    ("No rows.").
    ``say``: the language of heads and fixed words; without it names stand as they are.
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
        print(empty or (say or Words())("No rows."))
        return
    names = list(columns or rows[0])
    texts = [{name: formatted(name, row, currency, say) for name in names} for row in rows]
    heads = {name: say(name) if say else name for name in names}
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    widths = {name: max(cell_len(heads[name]), *(cell_len(text[name]) for text in texts)) for name in names}
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
        table.add_column(heads[name], justify=justify, no_wrap=name not in wrapped, overflow=overflow, width=width)
    for text in texts:
        table.add_row(*text.values())
    console().print(table)


def once_per_group(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Sorted rows for a table in which a value of ``name`` stands only in the first line that has it."""
    before = [None, *(row[name] for row in rows)]
    return [{**row, name: None} if row[name] == last else row for row, last in zip(rows, before, strict=False)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def formatted(name: str, row: dict[str, Any], currency: str, say: Words | None = None) -> str:
    """One cell as a person reads it: numbers with their unit, changes as percent, status as icon and word."""
    value = row[name]
    if value is None:
        return ""
    if name in ("change", "threshold"):
        return percent(value) if name == "change" else f"{value:.0%}"
    if name == "status" and value in _STATUS:
        return status_text(value, say or Words()).plain
    if say and name in _WORDED:
        return say(str(value))
    # The parts of a ratio have units of their own: euros divided by customers are not euros divided by euros.
    if name in ("value", "target", "previous_value") and row.get("unit"):
        return shown(value, row["unit"], currency, (say or Words()).language)
    return cell_text(value)


def period(row: dict[str, Any]) -> str:
    """The period of a row with ``grain`` and ``period_start``; empty without one."""
    from metrics.semantic.days import period_name

    start = row["period_start"]
    return "" if start is None else period_name(start, row["grain"])


def percent(change: float | None) -> str:
    """A change with its sign; from ten times on as a factor."""
    if change is None:
        return ""
    return f"{change:+.1%}" if abs(change) < 10 else f"x{change + 1:,.0f}"


def percent_of(share: float) -> str:
    """A share of something reached: 88 %; from ten times on as a factor."""
    return f"{share:.0%}" if share < 10 else f"x{share:,.0f}"


def cell_text(value: Any) -> str:
    """A value without a unit: numbers grouped, at most four decimals."""
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
