"""What `kpi show` prints: what a KPI is, its status at every grain, where it is heading, its last values."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table
from rich.text import Text

from dagster_project.console import console, formatted, percent, period, print_rows, sparkline, status_text
from dagster_project.kpi_facts import facts_table
from dagster_project.outlook_view import projection_lines
from dagster_project.progress_view import best_line, milestone_lines, pace_cell
from dagster_project.words import Words

_MOST_FLAGS = 3
_VALUES = ("period_start", "value", "numerator", "denominator", "n", "ci_low", "ci_high", "missing_days", "state")


def print_kpi(found: dict[str, Any], output: str, currency: str, language: str) -> None:
    """One KPI: definition, status, last values."""
    if output == "json":
        print(json.dumps(found, default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        print_rows(found["values"], "csv")
        return
    out, say, definition = console(), Words(language), found["definition"]
    languages = ("zh", "en") if language == "zh" else ("en", "zh")
    titles = [definition[f"title_{one}"] for one in languages]
    out.print(Text(" · ".join(title for title in titles if title), style="bold"))
    # The last change of the definition, beside what it says now: older ones are in mart.kpi_breaks.
    changed = {f"break_{one}": found["breaks"][-1][f"break_{one}"] for one in languages} if found["breaks"] else {}
    out.print(facts_table({**found, "definition": {**definition, **changed}}, currency, languages, say))
    out.print()
    out.print(_grains(found["status"], currency, say))
    best = best_line(found["status"], currency, say)
    if best is not None:
        out.print(Text(best))
    named = [{**event, "title": titles[0], "unit": definition["unit"]} for event in found["milestones"]]
    for line in milestone_lines(named, currency, say):
        out.print(line)
    out.print()
    for line in projection_lines(found["projection"], currency, say):
        out.print(Text(line))
    if found["projection"]:
        out.print()
    for flag in found["flags"][:_MOST_FLAGS]:
        out.print(Text(f"! {flag['sentence']}", style="yellow"))
    rows = [{**row, "unit": definition["unit"]} for row in found["values"]]
    with_gaps = [row for row in rows if row.get("missing_days")]
    columns = [name for name in _VALUES if name != "missing_days" or with_gaps]
    print_rows(rows, "table", columns, currency=currency, say=say)
    if with_gaps:
        out.print(say("missing_days: closed days without the rows that were to be expected. Is a file missing?"))


def _grains(rows: list[dict[str, Any]], currency: str, say: Words) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("grain", "period", "status"):
        # the line of a segment is named by its member, which may be long
        table.add_column(say(name), no_wrap=True, max_width=16 if name == "grain" else None)
    for name in ("value", "target", "change"):
        table.add_column(say(name), justify="right", no_wrap=True)
    table.add_column(say("last 13"), no_wrap=True)
    table.add_column(say("pace"), no_wrap=True)
    table.add_column(say("streak"), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            f"{say.grain(row['grain'])} {row.get('segment_value') or ''}".rstrip(), period(row),
            status_text(row["status"], say), formatted("value", row, currency, say),
            formatted("target", row, currency, say), percent(row["change"]), sparkline(row["trend_values"] or []),
            pace_cell(row, say), str(row.get("streak") or ""),
        )  # fmt: skip
    return table
