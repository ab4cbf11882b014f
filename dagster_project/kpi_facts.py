"""The facts of `kpi show` in the order in which a newcomer asks: what is it, is it good, whose is it, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from dagster_project.console import cell_text, percent, status_icon, within
from dagster_project.kpi_verdict import formula_with_numbers, formula_words, verdict
from dagster_project.outlook_view import projection_line
from dagster_project.period_words import day_words, period_words
from dagster_project.words import Words
from dagster_project.words_people import owner_words, team_words
from metrics.alerts.events import shown

Languages = tuple[str, ...]
_TEXTS = {"Question": "question", "What": "description", "New definition": "break", "When off track": "playbook"}
_STEP = re.compile(r"(?:(?<=^)|(?<=[.。!！?？;；]))\s*(?=(\d)\. ?\D)")


def facts_table(found: dict[str, Any], currency: str, languages: Languages, say: Words, width: int) -> Table:
    """Label and text of every fact that is known of a KPI, as `describe_kpi` gives it; ``width`` cells wide at most."""
    facts = [(say(label), text) for label, text in _facts(found, currency, languages, say)]
    widest = max(cell_len(label) for label, _ in facts)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    before = None
    for label, text in facts:
        table.add_row("" if label == before else label, within(text, width - widest - 2))
        before = label
    return table


def in_steps(text: str) -> str:
    """A text that counts its steps (1. ... 2. ... 3. ...) with each on a line of its own; any other as it is."""
    starts = list(_STEP.finditer(text))
    if len(starts) < 2 or [int(match.group(1)) for match in starts] != list(range(1, len(starts) + 1)):
        return text
    ends = [*(match.start() for match in starts[1:]), len(text)]
    return "\n".join(text[match.end() : end].strip() for match, end in zip(starts, ends, strict=True))


def _facts(found: dict[str, Any], currency: str, languages: Languages, say: Words) -> Iterator[tuple[str, str | Text]]:
    definition = found["definition"]
    yield from _texts("Question", definition, languages)
    yield from _texts("What", definition, languages)
    yield from _plain("Formula", formula_words(definition))
    yield from _plain("Formula", formula_with_numbers(found, currency, say))
    yield from _texts("New definition", definition, languages)
    if definition["is_connected"] and definition["kind"] == "kpi":
        yield "Is it good", verdict(found, currency, say)
        ahead = next((row for row in found["projection"] if row["grain"] == found["grain"]), None)
        yield from _plain("Where it is heading", projection_line(ahead, currency, say) if ahead else None)
    yield from _plain("To connect, map", definition["missing_entities"])
    yield from _plain("Owner", _owner(definition, say))
    yield from _texts("When off track", definition, languages)
    for row in found["leading_indicators"]:
        days = row["lag_days"]
        early = say("usually {days} days ahead", days=days) if days else say("moves on the same day")
        yield "Moves before it", _neighbour(row, currency, say, early)
    for row in found["guardrails"]:
        yield "Must not suffer", _neighbour(row, currency, say)
    for row in found["siblings"]:
        yield "Read beside", _neighbour(row, currency, say)
    yield from _plain("Goals", say(", ").join(found["goals"]))
    if definition.get("benchmark") is not None:
        value = shown(definition["benchmark"], definition["unit"], currency, say.language)
        yield "Benchmark", say("{value} ({source})", value=value, source=definition["benchmark_source"])
    if definition.get("baseline_until") is not None:
        day = day_words(definition["baseline_until"], say, with_year=True)
        yield "Target", say("none until {day}: it is only measured until then", day=day)
    yield from _plain("Timing", say(definition["timing"]) if definition["timing"] else None)
    yield from _plain("Alert", _alert(definition, say))
    for label, column in (("Made from", "entities"), ("Tables", "models")):
        yield from _plain(label, say(", ").join(name for name in (definition.get(column) or "").split(",") if name))


def _texts(label: str, definition: dict[str, Any], languages: Languages) -> Iterator[tuple[str, str]]:
    for language in languages:
        for label_, text in _plain(label, definition.get(f"{_TEXTS[label]}_{language}")):
            yield label_, in_steps(text)


def _plain(label: str, value: Any) -> Iterator[tuple[str, str]]:
    if value not in (None, ""):
        yield label, cell_text(value)


def _owner(definition: dict[str, Any], say: Words) -> str | None:
    owner, team = definition["owner"], definition.get("team")
    if not owner or not team:
        return owner and owner_words(owner, say)
    return say("{owner}, team {team}", owner=owner_words(owner, say), team=team_words(team, say))


def _alert(definition: dict[str, Any], say: Words) -> str | None:
    """When a day opens an alert; None where none does: without days there is nothing that moves from one to the next."""
    rule = definition.get("alert") or "any"
    if definition["threshold"] is None or "day" not in (definition["grains"] or "").split(",") or rule == "none":
        return None
    sentence = {
        "any": "when a day moves by more than {threshold} against the day before",
        "bad": "when a day gets worse by more than {threshold} against the day before",
        "good": "when a day gets better by more than {threshold} against the day before",
    }[rule]
    return say(sentence, threshold=f"{definition['threshold']:.0%}")


def _neighbour(row: dict[str, Any], currency: str, say: Words, more: str = "") -> Text:
    """Another metric with its own status: ``✓ Orders: 549 in May 2026, on track``; without a target how it moved."""
    if not row["is_connected"]:
        return Text(say("· {title}: not connected", title=row["title"]))
    status = row["status"] or "no_target"
    icon, style = status_icon(status)
    parts = [say(status.replace("_", " ")), *([more] if more else [])]
    if row["value"] is not None:
        when = period_words(row["period_start"], row["grain"], say)
        value = shown(row["value"], row["unit"], currency, say.language)
        if status == "no_target" and row.get("change") is not None:
            change = percent(row["change"])
            parts.insert(0, say("{change} against the {grain} before", change=change, grain=say.grain(row["grain"])))
        parts.insert(0, say("{value} in {period}", value=value, period=when))
    return Text.assemble((icon, style), " ", say("{title}: {facts}", title=row["title"], facts=say.clauses(parts)))
