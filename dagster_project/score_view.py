"""What `kpi scorecard` and `kpi okr` print, and the scores at the foot of a run."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.console import console, percent, period, print_rows, sparkline, status_text
from dagster_project.words import Words
from metrics.alerts.events import shown
from metrics.scorecards.okrs import began_beyond
from metrics.workspace import Workspace
from serving.alignment import guardrail_flags
from serving.scorecards import kpi_sets, list_scorecards, okr_progress, scorecard_items

_REASONS = {"not_connected": "not connected", "no_target": "no target", "no_data": "no data", "too_few": "too few"}
_MOST_FLAGS = 3
_SCORE_LEGEND = "100 points: every target is reached. Coverage: the weight of what could be scored."


def print_scores(out: Console, ws: Workspace, say: Words) -> None:
    """One line of scores, one of the North Star, and the flags of the last periods; nothing where there is none."""
    cards = [card for card in list_scorecards(ws) if card["period_start"] is not None]
    if cards:
        parts = [say("{title} {score} ({coverage})", title=card["title"], score=_points(card["score"]),
                     coverage=f"{card['coverage']:.0%}") for card in cards]  # fmt: skip
        out.print(Text(say("Scores (and coverage): {scores}", scores=say(", ").join(parts))))
    stars = [row for row in kpi_sets(ws) if row["kind"] == "north_star"]
    if stars:
        named = [f"{row['title'] or row['metric']} {_member(row, ws, say)}" for row in stars]
        out.print(Text(say("North Star and auxiliaries: {kpis}", kpis=say(", ").join(named))))
    for flag in guardrail_flags(ws, latest=True)[:_MOST_FLAGS]:
        out.print(Text(f"! {flag['sentence']}", style="yellow"))


def print_scorecards(ws: Workspace, name: str | None, output: str, *, all_sets: bool) -> None:
    """All scorecards with the sets and flags, or one with its items."""
    say = Words(ws.language)
    if name is not None:
        card, items = scorecard_items(ws, name)
        if output != "table":
            _machine([{**card, "items": items}] if output == "json" else items, output)
            return
        _print_card(ws, card, items, say)
        return
    cards = list_scorecards(ws)
    if output != "table":
        sets = kpi_sets(ws, everything=all_sets)
        _machine({"scorecards": cards, "sets": sets, "flags": guardrail_flags(ws, latest=True)}
                 if output == "json" else cards, output)  # fmt: skip
        return
    out = console()
    out.print(_cards_table(cards, say))
    out.print(Text(say(_SCORE_LEGEND), style="dim"))
    for _, members in groupby(kpi_sets(ws, everything=all_sets), key=lambda row: row["kpi_set"]):
        _print_set(out, ws, list(members), say)
    for flag in guardrail_flags(ws, latest=True):
        out.print(Text(f"! {flag['sentence']}", style="yellow"))


def _machine(found: Any, output: str) -> None:
    if output == "json":
        print(json.dumps(found, default=str, ensure_ascii=False, indent=2))
    else:
        print_rows(found, "csv")


def _points(score: float | None) -> str:
    return "–" if score is None else f"{score:.0f}"


def _cards_table(cards: list[dict[str, Any]], say: Words) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("scorecard", "title", "period", "score", "previous", "coverage", "last 13"):
        table.add_column(say(name), justify="right" if name in ("score", "previous", "coverage") else "left", no_wrap=True)
    for card in cards:
        coverage = "" if card["coverage"] is None else f"{card['coverage']:.0%}"
        table.add_row(card["scorecard"], card["title"], period(card), _points(card["score"]),
                      _points(card["previous_score"]), coverage, sparkline(card["trend"] or []))  # fmt: skip
    return table


def _print_card(ws: Workspace, card: dict[str, Any], items: list[dict[str, Any]], say: Words) -> None:
    out = console()
    if card["period_start"] is None:
        out.print(say("No period is scored yet."))
        return
    numbers = {
        "score": _points(card["score"]),
        "coverage": f"{card['coverage']:.0%}",
        "before": _points(card["previous_score"]),
    }
    line = say("{score} points (before: {before}), coverage {coverage}", **numbers)
    out.print(Text(f"{card['title']}  {period(card)}  {line}  {sparkline(card['trend'] or [])}", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("KPI", "period", "value", "target", "points", "weight"):
        table.add_column(say(name), justify="left" if name in ("KPI", "period") else "right", no_wrap=True)
    table.add_column(say("note"), overflow="fold")
    for item in items:
        title = item["title"] or item["metric"]
        title = say("{title} ({period})", title=title, period=item["segment_value"]) if item["segment_value"] else title
        value, target = (
            "" if item[k] is None else shown(item[k], item["unit"], ws.currency, ws.language) for k in ("value", "target")
        )
        points = "" if item["points"] is None else f"{item['points']:.0f}"
        table.add_row(title, period(item), value, target, points, f"{item['weight']:.0%}", _note(item, say))
    out.print(table)
    if card["score"] is None:
        out.print(say("Too little could be scored for a score."))
    out.print(Text(say(_SCORE_LEGEND), style="dim"))


def _note(item: dict[str, Any], say: Words) -> str:
    if item["reason"] == "not_connected" and item["missing_entities"]:
        return say("not connected: map {entities}", entities=item["missing_entities"])
    if item["reason"]:
        return say(_REASONS[item["reason"]])
    if item["rule_metric"] and item["rule_value"] is not None:
        written = {"metric": item["rule_metric"], "value": f"{item['rule_value']:.4g}"}
        return say("weight by {metric} = {value}", **written)
    return ""


def _member(row: dict[str, Any], ws: Workspace, say: Words) -> str:
    if not row["is_connected"]:
        needed = row["missing_entities"]
        return say("not connected: map {entities}", entities=needed) if needed else say("not connected")
    if row["value"] is None:
        return say("no data")
    return f"{shown(row['value'], row['unit'], ws.currency, ws.language)} {status_text(row['status'], say).plain}"


def _print_set(out: Console, ws: Workspace, members: list[dict[str, Any]], say: Words) -> None:
    out.print(Text(f"\n{members[0]['set_title']}", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for _ in range(6):
        table.add_column(no_wrap=False)
    for row in members:
        table.add_row(
            say(row["role"]), row["title"] or row["metric"], period(row) if row["grain"] else "", _member(row, ws, say),
            percent(row["change"]), sparkline(row["trend_values"] or []),
        )  # fmt: skip
    out.print(table)


def print_okrs(ws: Workspace, output: str) -> None:
    """Objectives with key results and floors."""
    found, say = okr_progress(ws), Words(ws.language)
    if output != "table":
        _machine(found, output)
        return
    out = console()
    if not found:
        out.print(say("No objective yet: write kpis/okrs.yml."))
    for row in found:
        if row["kind"] == "objective":
            out.print(_objective_line(row, say))
        else:
            out.print(_part_line(row, ws, say))
    if any(row["kind"] == "key_result" for row in found):
        out.print(Text(say("Key results: value at the start → last closed period → value to reach."), style="dim"))


def _objective_line(row: dict[str, Any], say: Words) -> Text:
    line = Text(f"{row['title']}", style="bold")
    done = "–" if row["progress"] is None else f"{row['progress']:.0%}"
    expected = f"{row['expected_progress']:.0%}"
    line.append(say("  {done} done, {expected} expected by now  ", done=done, expected=expected), style="not bold")
    line.append_text(status_text(row["status"], say))
    if row["floors_broken"]:
        line.append("  " + say("floors broken: {count}", count=row["floors_broken"]), style="red")
    return line


def _part_line(row: dict[str, Any], ws: Workspace, say: Words) -> Text:
    shown_numbers = {
        name: "–" if row[name] is None else shown(row[name], row["unit"] or "count", ws.currency, ws.language)
        for name in ("value", "floor")
    }
    if row["kind"] == "floor":
        mark, style = {"held": ("✓", "green"), "broken": ("✗", "red")}.get(row["status"], ("·", "dim"))
        sentence = say("floor {floor}: {value}", floor=shown_numbers["floor"], value=shown_numbers["value"])
        return Text(f"  {mark} ", style=style).append(f"{row['title']}  {sentence}  {period(row)}", style="dim")
    done = "  –" if row["progress"] is None else f"{row['progress']:>4.0%}"
    numbers = way(
        [row[name] for name in ("start_value", "value", "stretch")], row["unit"] or "count", ws.currency, ws.language
    )
    line = Text(f"  {done} {row['title']}  {numbers}  {period(row)}  ")
    line.append_text(status_text(row["status"], say))
    ends = row["start_value"], row["stretch"]
    if row["value"] is not None and None not in ends and began_beyond(*ends, str(row["direction"])):
        line.append("  " + say("it began there already: 100% while it stays, else 0%"), style="dim")
    return line


def way(numbers: list[float | None], unit: str, currency: str, language: str = "en") -> str:
    """Start, value and goal with arrows between them; shares that look alike get the digits that tell them apart."""
    texts = ["–" if number is None else shown(number, unit, currency, language) for number in numbers]
    if unit == "ratio" and len(set(texts)) < len(set(numbers)):
        texts = ["–" if number is None else f"{number:.4%}" for number in numbers]
    return " → ".join(texts)
