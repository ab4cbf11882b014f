"""Is it good? One sentence on the last closed period against its target, and the formula with that period's numbers."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

from dagster_project.console import cell_text, percent_of
from dagster_project.words import Words
from metrics.alerts.events import shown
from metrics.semantic.days import period_name

_DIRECTIONS = {"up": "higher is better", "down": "lower is better", "none": "neither more nor less is better by itself"}
_JUDGED = {"on_track": "On track", "at_risk": "At risk", "off_track": "Off track"}


def verdict(found: dict[str, Any], currency: str, say: Words) -> str:
    """The status of the headline period in words; without one, why there is none."""
    definition = found["definition"]
    row = found["status"][0] if found["status"] else None
    if row is None or row["period_start"] is None:
        return say("No data: no period is closed yet.")
    when = period_words(row["period_start"], row["grain"], say)
    facts: dict[str, Any] = {"period": when, "direction": say(_DIRECTIONS[row["direction"]])}
    for name in ("value", "target"):
        facts[name] = "" if row[name] is None else shown(row[name], row["unit"], currency)
    if row["status"] in _JUDGED:
        facts["status"] = say(_JUDGED[row["status"]])
        if row["attainment"] is None:
            return say("{status}: {value} in {period}, target {target}; {direction}.", **facts)
        reached = percent_of(row["attainment"])
        return say(
            "{status}: {value} in {period}, target {target} (reached to {reached}); {direction}.", **facts, reached=reached
        )
    if row["status"] == "too_few":
        return say(
            "Too few observations to judge: {value} in {period} from {n}, at least {minimum} are needed; {direction}.",
            **facts, n=cell_text(row["n"] or 0), minimum=cell_text(definition["minimum_n"]),
        )  # fmt: skip
    if row["status"] == "too_early":
        return say(
            "Too early: no whole {grain} ended {days} days ago, which it needs to be judged; {direction}.",
            **facts, grain=say.grain(row["grain"]), days=definition["matures_after_days"],
        )  # fmt: skip
    if row["status"] == "no_data":
        return say("No data: there is no value in {period}; {direction}.", **facts)
    return say("No target to judge it by: {value} in {period}; {direction}.", **facts)


def formula_with_numbers(found: dict[str, Any], currency: str, say: Words) -> str | None:
    """``1,127.53 / 42 = 26.85 EUR (May 2026)`` of the period that is judged; None where the value is no quotient."""
    row = found["status"][0] if found["status"] else None
    values = found["values"]
    start = row["period_start"] if row else None
    value = next((one for one in values if one["period_start"] == start), None)
    if row is None or value is None or None in (value["value"], value["numerator"], value["denominator"]):
        return None
    return say(
        "{numerator} / {denominator} = {value} in {period}",
        numerator=cell_text(value["numerator"]), denominator=cell_text(value["denominator"]),
        value=shown(value["value"], found["definition"]["unit"], currency),
        period=period_words(row["period_start"], row["grain"], say),
    )  # fmt: skip


def period_words(start: date, grain: str, say: Words) -> str:
    """A period as a person says it: ``May 2026``, ``2026年5月``; ``Q1 2026``, ``week 26 of 2026``, ``2026-05-03``."""
    if grain == "month":
        return say("{month} {year}", month=calendar.month_name[start.month], number=start.month, year=start.year)
    if grain == "quarter":
        return say("Q{number} {year}", number=(start.month + 2) // 3, year=start.year)
    if grain == "week":
        year, week, _ = start.isocalendar()
        return say("week {number} of {year}", number=week, year=year)
    return period_name(start, grain)
