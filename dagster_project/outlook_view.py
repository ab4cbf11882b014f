"""Where a KPI is heading and how likely that is, in plain words: for `kpi show` and `kpi target`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
        return say("less than 1 %")
    return say("more than 99 %") if chance > 0.99 else f"{chance:.0%}"


def projection_lines(rows: Sequence[dict[str, Any]], currency: str, say: Words) -> list[str]:
    """One sentence for each open period, or why there is nothing to say yet."""
    return [_line(row, currency, say) for row in rows]


def _line(row: dict[str, Any], currency: str, say: Words) -> str:
    grain, day = say.grain(row["grain"]), row["period_end"]
    if row["value"] is None:
        return say(
            "Too early to say where the {grain} to {day} is heading: {has} {unit} of history, at least {needs} are needed.",
            grain=grain, day=day, has=row["history"], unit=say.units(row["history_unit"]), needs=row["history_needed"],
        )  # fmt: skip
    numbers = {name: rounded(row[name], row, currency) for name in ("value", "low", "high")}
    sentence = "Heading for {value} by {day} ({grain}), between {low} and {high} in 4 of 5 cases"
    if row["target"] is None:
        return say(sentence + ".", day=day, grain=grain, **numbers)
    chance = say("{percent} likely", percent=chance_in_percent(row["target_probability"], say))
    target = shown(row["target"], row["unit"], currency)
    return say(sentence + "; target {target}: {chance}.", day=day, grain=grain, target=target, chance=chance, **numbers)


def rounded(value: float, row: dict[str, Any], currency: str) -> str:
    """A value to come with its unit; a count without the decimals that nobody will see."""
    return shown(round(value) if row["unit"] == "count" else value, row["unit"], currency)
