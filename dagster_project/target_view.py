"""What `kpi target` prints: where a KPI stands and is heading, the steps, its drivers, lines to paste."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from dagster_project.console import console, percent, print_rows, within
from dagster_project.outlook_view import between, chance_in_percent, chance_in_words, rounded
from dagster_project.words import Words
from metrics.catalogue.target_files import COLUMNS
from metrics.forecast.advice import Advice, DriverNeed, WhatIf, suggestion
from metrics.forecast.steps import PERIODS_OF_NOW

if TYPE_CHECKING:
    from metrics.workspace import Workspace


def print_advice(advice: Advice, output: str, ws: Workspace) -> None:
    """The advice in words, or for machines: csv is the steps, json everything."""
    if output == "json":
        print(json.dumps(_plain(advice), default=str, ensure_ascii=False, indent=2))
        return
    if output == "csv":
        print_rows([{"kpi": advice.metric, **asdict(step)} for step in advice.steps], "csv")
        return
    say = Words(ws.language)
    out = console()
    for line in _standing(advice, ws, say):
        out.print(within(line, out.width))
    out.print()
    out.print(_steps(advice, ws, say))
    for found in advice.what_if:
        out.print()
        for line in _drivers(found, advice, ws, say):
            out.print(within(line, out.width))
    out.print()
    out.print(Text(say("Ready to paste under targets: of {kpi}:", kpi=advice.metric)))
    out.print(Text(yaml_line(advice)), soft_wrap=True)
    out.print(Text(say("Or as a line of a CSV file in kpis/:")))
    out.print(Text(csv_lines(advice)), soft_wrap=True)


def yaml_line(advice: Advice) -> str:
    """The target as one line of a KPI file."""
    inner = ", ".join(f"{name}: {_number(value)}" for name, value in suggestion(advice).items())
    return f"  - {{{inner}}}"


def csv_lines(advice: Advice) -> str:
    """Head and line of a target file, with the columns that have something in them."""
    found = {"kpi": advice.metric, **suggestion(advice)}
    names = [name for name in COLUMNS if name in found]
    return ",".join(names) + "\n" + ",".join(_number(found[name]) for name in names)


def _number(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _plain(advice: Advice) -> dict[str, Any]:
    outlook = advice.outlook
    found = asdict(advice)
    found["outlook"] = {"value": outlook.value, "low": outlook.low, "high": outlook.high}
    return {**found, "suggestion": suggestion(advice)}


def _shown(value: float, advice: Advice, ws: Workspace) -> str:
    return rounded(value, {"unit": advice.unit}, ws.currency, Words(ws.language))


def _standing(advice: Advice, ws: Workspace, say: Words) -> list[str]:
    outlook, grain = advice.outlook, say.grain(advice.grain)
    shown = {name: _shown(getattr(outlook, name), advice, ws) for name in ("value", "low", "high")}
    sentence = "If things go on as they do: {value} in the {grain} to {day}, {range}."
    now = _shown(advice.now, advice, ws)
    lines = [
        say("Now {now} (middle of the last {count} closed {unit}).", now=now, count=PERIODS_OF_NOW,
            unit=say.units(advice.grain)),
        say(sentence, grain=grain, day=advice.end, value=shown["value"], range=between(shown["low"], shown["high"], say)),
    ]  # fmt: skip
    if _is_worse(next(step.value for step in advice.steps if step.name == "stretch"), advice):
        lines.append(say("It is heading for worse than now: a step that is worse than now limits the loss, no more."))
    if advice.benchmark is None:
        return [*lines, say("No benchmark is known: give one with --benchmark and --source, or in the KPI file.")]
    lines.append(
        say("Benchmark: {value} ({source}).", value=_shown(advice.benchmark, advice, ws), source=advice.source or "")
    )
    if all(step.name != "benchmark" for step in advice.steps):
        lines.append(say("The benchmark is reached already: the next step comes from the KPI's own past."))
    return lines


def _is_worse(value: float, advice: Advice) -> bool:
    return value > advice.now if advice.direction == "down" else value < advice.now


def _steps(advice: Advice, ws: Workspace, say: Words) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(say("step"), no_wrap=True)
    table.add_column(say("value"), justify="right", no_wrap=True)
    table.add_column(say("chance"), justify="right", no_wrap=True)
    table.add_column(say("in words"), no_wrap=True)
    table.add_column(say("why"), overflow="fold")
    for step in advice.steps:
        table.add_row(
            say(step.name), _shown(step.value, advice, ws), chance_in_percent(step.probability, say),
            chance_in_words(step.probability, say), say(step.why),
        )  # fmt: skip
    return table


def _drivers(found: WhatIf, advice: Advice, ws: Workspace, say: Words) -> list[str]:
    value, name = _shown(found.step.value, advice, ws), say(found.step.name)
    head = "To reach {value} ({step}), with all else as it is now:"
    together = "Or all of them together: each {change}."
    change = "" if found.together is None else percent(abs(found.together))
    if found.is_worse:
        head = "To get no worse than {value} ({step}), with all else as it is now:"
        together = "Or all of them together: each worse by no more than {change}."
        change = change.removeprefix("+")
    lines = [say(head, value=value, step=name)]
    lines += [f"  {_driver(need, found.is_worse, ws, say)}" for need in found.drivers]
    if found.together is not None and len(found.drivers) > 1:
        lines.append("  " + say(together, change=change))
    return lines


def _driver(need: DriverNeed, is_worse: bool, ws: Workspace, say: Words) -> str:
    if need.needed is None:
        sentence = "{driver} alone does not take it that far." if is_worse else "{driver} alone cannot do it."
        return say(sentence, driver=need.metric)
    numbers = {
        "driver": need.metric, "now": rounded(need.now, {"unit": need.unit}, ws.currency, say),
        "needed": rounded(need.needed, {"unit": need.unit}, ws.currency, say), "change": percent(need.needed / need.now - 1),
    }  # fmt: skip
    sentence = "{driver} would have to go from {now} to {needed} ({change})"
    if is_worse:
        sentence = "{driver} may go from {now} to {needed} ({change}), but no further"
    if need.probability is None:
        return say(f"{sentence}.", **numbers)
    chance = say("{percent} likely", percent=chance_in_percent(need.probability, say))
    return say(f"{sentence}: {{chance}}.", **numbers, chance=chance)
