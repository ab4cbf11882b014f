"""What `kpi show` prints: what a KPI is, its status at every grain, where it is heading, its last values."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

from dagster_project.console import (
    cell_text,
    console,
    formatted,
    percent,
    period,
    print_rows,
    sparkline,
    status_text,
    within,
)
from dagster_project.kpi_facts import facts_table
from dagster_project.kpi_verdict import legend
from dagster_project.outlook_view import projection_lines
from dagster_project.period_words import day_words
from dagster_project.progress_view import best_line, milestone_lines, pace_cell
from dagster_project.words import Words
from metrics.alerts.events import shown
from metrics.values.periods import period_end

_MOST_FLAGS = 3
_STREAK = "In a row: periods on track one after the other. A target is reached only when its full value is."
# A trade-off of a period that ended longer ago is history and no warning.
_FLAG_DAYS = timedelta(weeks=8)


def print_kpi(found: dict[str, Any], output: str, currency: str, language: str, texts: tuple[str, ...]) -> None:
    """One KPI: definition, status, last values. ``language``: of our words; ``texts``: languages of the KPI's own texts."""
    if output == "json":
        print(json.dumps(found, default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        print_rows(found["values"], "csv")
        return
    out, say, definition = console(), Words(language), found["definition"]

    def lines(text: str | Text, style: str = "") -> None:
        out.print(within(text, out.width, style))

    titles = [definition[f"title_{one}"] for one in (language, "en" if language == "zh" else "zh")]
    lines(" · ".join(title for title in titles if title), "bold")
    lines(_as_of(found, say), "dim")
    # The last change of the definition, beside what it says now: older ones are in mart.kpi_breaks.
    changed = {f"break_{one}": found["breaks"][-1][f"break_{one}"] for one in ("en", "zh")} if found["breaks"] else {}
    out.print(facts_table({**found, "definition": {**definition, **changed}}, currency, texts, say, out.width))
    if found["status"]:
        out.print()
        out.print(_grains(found["status"], currency, say))
        signs = legend(definition, say)
        if signs is not None:
            lines(signs, "dim")
        if any(row.get("streak") for row in found["status"]):
            lines(say(_STREAK), "dim")
    best = best_line(found["status"], currency, say)
    if best is not None:
        lines(best)
    named = [{**event, "title": titles[0], "unit": definition["unit"]} for event in found["milestones"]]
    for line in milestone_lines(named, currency, say):
        lines(line)
    others = [row for row in found["projection"] if row["grain"] != found["grain"]]
    if others:
        out.print()
    for sentence in projection_lines(others, currency, say):
        lines(sentence)
    flags = recent_flags(found)
    if flags:
        out.print()
    for flag in flags[:_MOST_FLAGS]:
        lines(f"! {flag['sentence']}", "yellow")
    out.print()
    if found["values"]:
        out.print(_values(found, currency, say))
    else:
        lines(say("No rows."))
    for note in _notes(found["values"], say):
        lines(note, "dim")


def recent_flags(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The trade-offs of the latest closed period, or of one that ended within the last eight weeks."""
    today: date | None = found["today"]
    return [
        flag
        for flag in found["flags"]
        if flag["is_latest"] or today is None or today - period_end(flag["period_start"], flag["grain"]) <= _FLAG_DAYS
    ]


def _as_of(found: dict[str, Any], say: Words) -> str:
    """Until when the data of this KPI reaches, and when it was published."""
    said = []
    marks = [row["watermark"] for row in found["status"] if row["watermark"] is not None]
    if marks:
        said.append(say("Complete up to {day}", day=day_words(max(marks), say, with_year=True)))
    if found["published_at"] is not None:
        at = found["published_at"]
        said.append(say("published on {day}, {time} UTC", day=day_words(at.date(), say, with_year=True), time=f"{at:%H:%M}"))
    return say.clauses(said)


def _grains(rows: list[dict[str, Any]], currency: str, say: Words) -> Table:
    """Status by grain; columns in which nothing stands are left out."""
    cells: dict[str, tuple[Literal["left", "right"], list[str | Text]]] = {
        # the line of a segment is named by its member, which may be long
        "every": ("left", [f"{say.grain(row['grain'])} {row.get('segment_value') or ''}".rstrip() for row in rows]),
        "latest": ("left", [period(row) for row in rows]),
        "status": ("left", [status_text(row["status"], say) for row in rows]),
        "value": ("right", [formatted("value", row, currency, say) for row in rows]),
        "target": ("right", [formatted("target", row, currency, say) for row in rows]),
        "vs. before": ("right", [percent(row["change"]) for row in rows]),
        "last 13": ("left", [sparkline(row["trend_values"] or []) for row in rows]),
        "pace": ("left", [pace_cell(row, say) for row in rows]),
        "in a row": ("right", [str(row.get("streak") or "") for row in rows]),
    }
    return _table(cells, say, widest={"every": 16})


def _values(found: dict[str, Any], currency: str, say: Words) -> Table:
    """The last values of the headline grain."""
    definition, rows = found["definition"], found["values"]
    above, below = _parts(found, say)
    cells: dict[str, tuple[Literal["left", "right"], list[str | Text]]] = {
        "period": ("left", [period({**row, "grain": found["grain"]}) for row in rows]),
        "value": ("right", [_shown(row["value"], definition, currency, say) for row in rows]),
        "95% interval": ("right", [_interval(row, definition, currency, say) for row in rows]),
        # without a denominator the numerator is the value
        above: ("right", ["" if row["denominator"] is None else cell_text(row["numerator"]) for row in rows]),
        below: ("right", [cell_text(row["denominator"]) for row in rows]),
        "count": ("right", [cell_text(row["n"]) for row in rows]),
        "days without data": ("right", [cell_text(row.get("missing_days") or None) for row in rows]),
        "data": ("left", [say(row["state"]) for row in rows]),
    }
    if all(row["n"] in (row["denominator"], row["value"]) for row in rows):
        # the count stands there already
        del cells["count"]
    return _table(cells, say, words={above: above, below: below})


def _parts(found: dict[str, Any], say: Words) -> tuple[str, str]:
    """What a ratio divides, by the titles of the two metrics; ``numerator`` and ``denominator`` without them."""
    names = re.fullmatch(r"(\w+) / (\w+)", found["definition"]["formula"] or "")
    titles = {row["metric"]: row[f"title_{say.language}"] or row["title_en"] for row in found["formula_values"]}
    above, below = (titles.get(name) for name in names.groups()) if names else (None, None)
    if above is None or below is None or above == below:
        return say("numerator"), say("denominator")
    return above, below


def _shown(value: float | None, definition: dict[str, Any], currency: str, say: Words) -> str:
    return "" if value is None else shown(value, definition["unit"], currency, say.language)


def _interval(row: dict[str, Any], definition: dict[str, Any], currency: str, say: Words) -> str:
    if row["ci_low"] is None or row["ci_high"] is None:
        return ""
    return f"{_shown(row['ci_low'], definition, currency, say)} – {_shown(row['ci_high'], definition, currency, say)}"


def _table(
    cells: dict[str, tuple[Literal["left", "right"], list[str | Text]]],
    say: Words,
    *,
    words: dict[str, str] | None = None,
    widest: dict[str, int] | None = None,
) -> Table:
    """The columns that hold something. ``words``: heads that are in the reader's language already."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    filled = {name: column for name, column in cells.items() if any(len(cell) for cell in column[1])}
    for name, (justify, _) in filled.items():
        table.add_column((words or {}).get(name) or say(name), justify=justify, no_wrap=True,
                         max_width=(widest or {}).get(name))  # fmt: skip
    for row in zip(*(column for _, column in filled.values()), strict=True):
        table.add_row(*row)
    return table


def _notes(rows: list[dict[str, Any]], say: Words) -> list[str]:
    """What the words in the last table mean, as far as they stand in it."""
    states = {row["state"] for row in rows}
    notes = [
        say(sentence)
        for state, sentence in (
            ("provisional", "provisional: late rows may still change it."),
            ("open", "open: the period has not ended; so far: with rows of days that are not complete yet, too."),
        )
        if state in states
    ]
    found = [say.sentences(*notes)] if notes else []
    if any(row.get("missing_days") for row in rows):
        found.append(say("days without data: closed days without the rows that were to be expected. Is a file missing?"))
    return found
