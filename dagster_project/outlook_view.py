"""Where a KPI is heading and how likely that is, in plain words: for `kpi show` and `kpi target`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagster_project.period_words import day_words, period_words
from dagster_project.words import Words
from metrics.alerts.events import shown

# From which probability on a newcomer would say so.
_WORDS = (
    (0.95, "almost certain"), (0.75, "likely"), (0.6, "rather likely"), (0.4, "as likely as not"),
    (0.25, "rather unlikely"), (0.05, "unlikely"), (0.0, "very unlikely"),
)  # fmt: skip


def chance_in_words(chance: float, say: Words) -> str:
    """``likely``, ``very unlikely`` ... for a probability of 0 to 1."""
    return say(next(word for least, word in _WORDS if chance >= least))


def chance_in_percent(chance: float, say: Words) -> str:
    """A probability without claiming more than the past can tell: never 0 and never 100 %."""
    if chance < 0.01:
        return say("less than 1%")
    return say("more than 99%") if chance > 0.99 else f"{chance:.0%}"


def projection_lines(rows: Sequence[dict[str, Any]], currency: str, say: Words) -> list[str]:
    """One sentence for each open period, or why there is no forecast of it."""
    return [projection_line(row, currency, say) for row in rows]


def projection_line(row: dict[str, Any], currency: str, say: Words) -> str:
    """``June 2026 so far: 51.93 EUR; heading for 51.90 EUR by 30 June, 80% likely between ...``."""
    told = _told(row, currency, say)
    return told[0].upper() + told[1:]


def _told(row: dict[str, Any], currency: str, say: Words) -> str:
    period = period_words(row["period_start"], row["grain"], say)
    if row.get("so_far") is None:
        so_far = say("{period}: ", period=period)
    else:
        known = _days_known(row, say) if row["status"] == "half_known" else ""
        so_far = say("{period} so far: {value}{known}; ", period=period, known=known,
                     value=rounded(row["so_far"], row, currency, say))  # fmt: skip
    if row["status"] == "half_known":
        none = say("no forecast, as no daily values are kept that add up to it")
        target = _target(row, currency, say)
        return so_far + say.end(f"{none}{target}")
    if row["value"] is None:
        return so_far + say.end(_too_early(row, say))
    return so_far + say.end(_heading(row, currency, say))


def between(low: str, high: str, say: Words) -> str:
    """``80% likely between 50.85 and 52.97 EUR``: a unit behind both is said once."""
    number, space, unit = low.rpartition(" ")
    if space and high.endswith(f" {unit}"):
        low = number
    return say("80% likely between {low} and {high}", low=low, high=high)


def rounded(value: float, row: dict[str, Any], currency: str, say: Words) -> str:
    """A value to come with its unit; a count without the decimals that nobody will see."""
    # a mean of counts, such as agents on a shift, is small and keeps them
    number = round(value) if row["unit"] == "count" and abs(value) >= 10 else value
    return shown(number, row["unit"], currency, say.language)


def _heading(row: dict[str, Any], currency: str, say: Words) -> str:
    value, low, high = (rounded(row[name], row, currency, say) for name in ("value", "low", "high"))
    sentence = say("heading for {value} by {day}, {range}", value=value, day=day_words(row["period_end"], say),
                   range=between(low, high, say))  # fmt: skip
    if row["history_unit"] != "day":
        sentence += say(" (judged by closed {units} alone)", units=say.units(row["grain"]), grain=say.grain(row["grain"]))
    if row["target"] is None:
        return sentence
    chance = say("{percent} likely", percent=chance_in_percent(row["target_probability"], say))
    return f"{sentence}{_target(row, currency, say)}{say(': ')}{chance}"


def _too_early(row: dict[str, Any], say: Words) -> str:
    """How much history there is and it takes; why, where others take less; or that enough of it says nothing."""
    if row["history"] >= row["history_needed"]:
        units = say.units(row["history_unit"])
        return say("no forecast, as too many of its recent {unit} have no value", unit=units)
    sentence = say(
        "too early to say where it is heading: {has} {unit} of history, at least {needs} are needed",
        has=row["history"], unit=say.units(row["history_unit"]), needs=row["history_needed"],
    )  # fmt: skip
    if row["history_unit"] != "day":
        sentence += say(", as it is judged by closed {units} alone: no daily values are kept that add up to it",
                        units=say.units(row["grain"]), grain=say.grain(row["grain"]))  # fmt: skip
    return sentence


def _target(row: dict[str, Any], currency: str, say: Words) -> str:
    if row["target"] is None:
        return ""
    return say("; target {target}", target=shown(row["target"], row["unit"], currency, say.language))


def _days_known(row: dict[str, Any], say: Words) -> str:
    days = {
        "known": (row["known_through"] - row["period_start"]).days + 1,
        "days": (row["period_end"] - row["period_start"]).days + 1,
    }
    return say(" ({known} of {days} days known)", **days)
