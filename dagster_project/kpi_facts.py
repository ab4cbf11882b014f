"""The facts of `kpi show` in the order in which a newcomer asks: what is it, is it good, whose is it, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from dagster_project.console import cell_text, status_icon
from dagster_project.kpi_verdict import formula_with_numbers, period_words, verdict
from dagster_project.words import Words
from metrics.alerts.events import shown

Languages = tuple[str, str]
# Texts come in both languages, the workspace's own first.
_TEXTS = {"Question": "question", "What": "description", "New definition": "break", "When red": "playbook"}


def facts_table(found: dict[str, Any], currency: str, languages: Languages, say: Words) -> Table:
    """Label and text of every fact that is known of a KPI, as `describe_kpi` gives it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    # A text without spaces, as Chinese is, goes on in the next line and is never cut.
    table.add_column(overflow="fold")
    before = None
    for label, text in _facts(found, currency, languages, say):
        table.add_row("" if label == before else say(label), text if isinstance(text, Text) else Text(text))
        before = label
    return table


def _facts(found: dict[str, Any], currency: str, languages: Languages, say: Words) -> Iterator[tuple[str, str | Text]]:
    definition = found["definition"]
    yield from _texts("Question", definition, languages)
    yield from _texts("What", definition, languages)
    yield from _plain("Formula", definition["formula"])
    yield from _plain("Formula", formula_with_numbers(found, currency, say))
    yield from _texts("New definition", definition, languages)
    if definition["is_connected"] and definition["kind"] == "kpi":
        yield "Is it good", verdict(found, currency, say)
    yield from _plain("To connect, map", definition["missing_entities"])
    owner = definition["owner"]
    if owner and definition.get("team"):
        owner = say("{owner}, team {team}", owner=owner, team=definition["team"])
    yield from _plain("Owner", owner)
    yield from _texts("When red", definition, languages)
    for row in found["leading_indicators"]:
        days = row["lag_days"]
        early = say("{days} days before", days=days) if days else say("on the same day")
        yield "Moves before it", _neighbour(row, currency, say, early)
    for row in found["guardrails"]:
        yield "Must not suffer", _neighbour(row, currency, say)
    for row in found["siblings"]:
        yield "Read beside", _neighbour(row, currency, say)
    yield from _plain("Goals", say(", ").join(found["goals"]))
    if definition.get("benchmark") is not None:
        value = shown(definition["benchmark"], definition["unit"], currency)
        yield "Benchmark", f"{value} ({definition['benchmark_source']})"
    if definition.get("baseline_until") is not None:
        yield "Target", say("none until {day}: it is only measured until then", day=definition["baseline_until"])
    yield from _plain("Timing", say(definition["timing"]) if definition["timing"] else None)
    yield from _plain("Threshold", None if definition["threshold"] is None else f"{definition['threshold']:.0%}")
    for label, column in (("Made from", "entities"), ("Tables", "models")):
        yield from _plain(label, say(", ").join(name for name in (definition.get(column) or "").split(",") if name))


def _texts(label: str, definition: dict[str, Any], languages: Languages) -> Iterator[tuple[str, str]]:
    for language in languages:
        yield from _plain(label, definition.get(f"{_TEXTS[label]}_{language}"))


def _plain(label: str, value: Any) -> Iterator[tuple[str, str]]:
    if value not in (None, ""):
        yield label, cell_text(value)


def _neighbour(row: dict[str, Any], currency: str, say: Words, more: str = "") -> Text:
    """Another metric with its own status: ``✓ Orders: 549 in May 2026, on track``."""
    if not row["is_connected"]:
        return Text(say("· {title}: not connected", title=row["title"]))
    status = row["status"] or "no_target"
    icon, style = status_icon(status)
    parts = [say(status.replace("_", " ")), *([more] if more else [])]
    if row["value"] is not None:
        when = period_words(row["period_start"], row["grain"], say)
        value = shown(row["value"], row["unit"], currency)
        parts.insert(0, say("{value} in {period}", value=value, period=when))
    return Text.assemble((icon, style), " ", say("{title}: {facts}", title=row["title"], facts=say(", ").join(parts)))
