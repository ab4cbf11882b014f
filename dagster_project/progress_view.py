"""How far the open period is, streaks, records and reached targets, in a line each."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from dagster_project.console import percent_of, status_icon
from dagster_project.period_words import period_words
from dagster_project.words import Words
from metrics.alerts.events import shown

_JUDGED = ("on_track", "at_risk", "off_track")
_MOST_BEHIND = 6
_MOST_EVENTS = 6
_SENTENCES = {
    "reached": ("✓", "green", "{title} reached its target in {period}: {value} (target {target})."),
    "record": ("★", "green", "{title}: the best {grain} so far was {period}: {value} (best before: {previous})."),
    "streak_broken": (
        "!", "yellow", "{title}: {count} {units} on track in a row ended in {period}: {value} (target {target}).",
    ),
}  # fmt: skip


def pace_line(rows: list[dict[str, Any]], say: Words) -> str | None:
    """How many KPIs are on pace in their open periods, and which are behind; None while all is too early to tell."""
    judged = [row for row in rows if row.get("pace_status") in _JUDGED]
    if not judged:
        return None
    behind = [row for row in judged if row["pace_status"] != "on_track"]
    counts = {"on": len(judged) - len(behind), "all": len(judged)}
    if not behind:
        return say("Open periods so far: {on} of {all} KPIs on pace.", **counts)
    behind.sort(key=lambda row: row["pace"] if row["pace"] is not None else 0.0)
    named = [
        say("{title} ({pace} of the pace)", title=row["title"], pace=percent_of(row["pace"]))
        if row["pace"] is not None
        else row["title"]
        for row in behind[:_MOST_BEHIND]
    ]
    more = [say("and {count} more", count=len(behind) - _MOST_BEHIND)] if len(behind) > _MOST_BEHIND else []
    listed = say(", ").join([*named, *more])
    return say("Open periods so far: {on} of {all} KPIs on pace. Behind: {titles}.", **counts, titles=listed)


def pace_cell(row: dict[str, Any], say: Words) -> Text:
    """The pace of one line: icon and share of what should be reached by now, or that it is too early."""
    status = row.get("pace_status")
    if status == "too_early":
        return Text(say("too early"), style="dim")
    if status not in _JUDGED:
        return Text("")
    icon, style = status_icon(str(status))
    return Text(f"{icon} {percent_of(row['pace'])}" if row["pace"] is not None else icon, style=style)


def milestone_lines(events: list[dict[str, Any]], currency: str, say: Words) -> list[Text]:
    """One sentence per event (with title, grain, unit); what does not fit is counted."""
    lines = [_sentence(event, currency, say) for event in events[:_MOST_EVENTS]]
    if len(events) > _MOST_EVENTS:
        lines.append(Text("  " + say("... and {count} more: mart.kpi_milestones", count=len(events) - _MOST_EVENTS)))
    return lines


def _sentence(event: dict[str, Any], currency: str, say: Words) -> Text:
    icon, style, sentence = _SENTENCES[event["kind"]]
    numbers = {
        name: "" if event[column] is None else shown(event[column], event["unit"], currency, say.language)
        for name, column in (("value", "value"), ("target", "target"), ("previous", "previous_best"))
    }
    text = say(
        sentence,
        title=event["title"],
        period=period_words(event["period_start"], event["grain"], say),
        grain=say.grain(event["grain"]),
        count=event["streak"],
        units=say.units(event["grain"]),
        **numbers,
    )
    return Text(f"{icon} {text}", style=style)


def best_line(status: list[dict[str, Any]], currency: str, say: Words) -> str | None:
    """The best settled value of the first line of `kpi show`, with its period; None before there is one."""
    if not status or status[0].get("best_value") is None:
        return None
    row = status[0]
    at = period_words(row["best_period_start"], row["grain"], say)
    value = shown(row["best_value"], row["unit"], currency, say.language)
    return say("Best ever: {value} in {period}.", value=value, period=at)
