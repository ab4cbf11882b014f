"""Is it good? One sentence on the last closed period against its target, and the formula with that period's numbers."""

from __future__ import annotations

import re
from typing import Any

from dagster_project.console import cell_text
from dagster_project.period_words import period_words
from dagster_project.words import Words
from metrics.alerts.events import shown
from metrics.catalogue.drivers import DriversError, parse_drivers

_DIRECTIONS = {"up": "higher is better", "down": "lower is better", "none": "neither more nor less is better by itself"}
_JUDGED = {"on_track": "On track", "at_risk": "At risk", "off_track": "Off track"}
# Nearer to the target than this share of it: no difference that a reader would see.
_SAME = 0.0005


def verdict(found: dict[str, Any], currency: str, say: Words) -> str:
    """The status of the headline period in words; without one, why there is none."""
    definition = found["definition"]
    row = found["status"][0] if found["status"] else None
    if row is None or row["period_start"] is None:
        return say("No data: no period is closed yet.")
    facts: dict[str, Any] = {
        "period": period_words(row["period_start"], row["grain"], say),
        "direction": say(_DIRECTIONS[row["direction"]]),
        "value": "" if row["value"] is None else shown(row["value"], row["unit"], currency, say.language),
    }
    if row["status"] in _JUDGED:
        line = _line(row, definition, currency, say)
        sentence = say(
            "{status}: {value} in {period}, {comparison}{line} ({direction}).",
            **facts, status=say(_JUDGED[row["status"]]), comparison=_comparison(row, currency, say),
            line=say("; {line}", line=line) if line else "",
        )  # fmt: skip
    elif row["status"] == "too_few":
        sentence = say(
            "Too few observations to judge: {value} in {period} from {n}, at least {minimum} are needed ({direction}).",
            **facts, n=cell_text(row["n"] or 0), minimum=cell_text(definition["minimum_n"]),
        )  # fmt: skip
    elif row["status"] == "too_early":
        return say(
            "Too early: no whole {grain} ended {days} days ago, which it needs to be judged ({direction}).",
            **facts, grain=say.grain(row["grain"]), days=definition["matures_after_days"],
        )  # fmt: skip
    elif row["status"] == "no_data":
        return say("No data: there is no value in {period} ({direction}).", **facts)
    else:
        sentence = say("No target to judge it by: {value} in {period} ({direction}).", **facts)
    if row["state"] != "provisional":
        return sentence
    return say.sentences(sentence, say("The value is provisional and may still change."))


def _comparison(row: dict[str, Any], currency: str, say: Words) -> str:
    """``14% better than the target of 42.00 EUR``; a share only where both numbers are above zero, else the difference."""
    value, wanted = row["value"], row["target"]
    target = shown(wanted, row["unit"], currency, say.language)
    gap = value - wanted if row["attainment"] is None else value / wanted - 1
    if gap == 0 or (row["attainment"] is not None and abs(gap) < _SAME):
        return say("which is the target")
    is_worse = gap < 0 if row["direction"] == "up" else gap > 0
    worse = (
        "{gap} short of the target of {target}" if row["direction"] == "up" else "{gap} worse than the target of {target}"
    )
    sentence = worse if is_worse else "{gap} better than the target of {target}"
    return say(sentence, gap=_gap(abs(gap), row, currency, say), target=target)


def _gap(gap: float, row: dict[str, Any], currency: str, say: Words) -> str:
    if row["attainment"] is not None:
        return f"{gap:,.0%}" if gap >= 0.0095 else f"{gap:.1%}"
    if row["unit"] == "ratio":
        return say("{points} percentage points", points=f"{gap * 100:,.2f}")
    return shown(gap, row["unit"], currency, say.language)


def _line(row: dict[str, Any], definition: dict[str, Any], currency: str, say: Words) -> str | None:
    """What makes a value that misses its target on track or at risk all the same; None where the comparison says it.

    None as well from a version that was published without the lines.
    """
    share, status = row["attainment"], row["status"]
    at_risk, off_track = definition.get("at_risk_below"), definition.get("off_track_below")
    if at_risk is None or off_track is None:
        return None
    if share is None:
        floor = None if row["floor"] is None else shown(row["floor"], row["unit"], currency, say.language)
        return say("at risk because its floor of {floor} holds", floor=floor) if status == "at_risk" and floor else None
    down = row["direction"] != "up"
    if row["floor"] is not None and row["floor"] > 0:
        off_track = max(off_track, row["target"] / row["floor"] if down else row["floor"] / row["target"])
    lines = {name: _of_target(1 / at if down else at) for name, at in (("at_risk", at_risk), ("off_track", off_track))}
    if status == "on_track":
        sentence = "on track up to {at_risk} of it" if down else "on track from {at_risk} of it"
        return say(sentence, **lines) if share < 1 - _SAME else None
    least = at_risk if status == "at_risk" else off_track
    if share >= least:
        again = _of_target(1 / (least + definition["hysteresis"]) if down else least + definition["hysteresis"])
        return say(
            "on track again at {again} of it" if status == "at_risk" else "at risk again at {again} of it", again=again
        )
    if status == "off_track":
        return None
    between = (
        "at risk between {at_risk} and {off_track} of it" if down else "at risk between {off_track} and {at_risk} of it"
    )
    return say(between, **lines)


def _of_target(share: float) -> str:
    """A line as a share of the target: 98%, 97.5%; one that is no whole number (1 / 0.98) rounded: 102%."""
    return f"{share * 100:.1f}".removesuffix(".0") + "%" if abs(share * 200 - round(share * 200)) < 1e-6 else f"{share:.0%}"


def legend(definition: dict[str, Any], say: Words) -> str | None:
    """What the signs of this KPI mean, with its own lines; None without them."""
    if definition.get("at_risk_below") is None or definition["direction"] not in ("up", "down"):
        return None
    down = definition["direction"] == "down"
    lines = {
        name: _of_target(1 / definition[column] if down else definition[column])
        for name, column in (("at_risk", "at_risk_below"), ("off_track", "off_track_below"))
    }
    if down:
        return say("✓ on track up to {at_risk} of the target, ! at risk up to {off_track}, ✗ off track above.", **lines)
    return say("✓ on track from {at_risk} of the target, ! at risk from {off_track}, ✗ off track below.", **lines)


def formula_words(definition: dict[str, Any]) -> str | None:
    """The formula without what only protects a database: ``mrr / nullif(mrr_at_start, 0) - 1`` divides all the same.

    A divisor of several terms keeps its brackets.
    """
    formula = definition["formula"]
    return None if formula is None else re.sub(r"nullif\(([^(),]+), 0\)", _divisor, formula)


def _divisor(found: re.Match[str]) -> str:
    term = found.group(1)
    return term if re.fullmatch(r"\w+", term) else f"({term})"


def formula_with_numbers(found: dict[str, Any], currency: str, say: Words) -> str | None:
    """``1,127.53 / 42 = 26.85 EUR in May 2026`` of the period that is judged; None where the parts are not known."""
    row = found["status"][0] if found["status"] else None
    start = row["period_start"] if row else None
    value = next((one for one in found["values"] if one["period_start"] == start), None)
    if row is None or value is None or value["value"] is None:
        return None
    numbers = _numbers(found, value)
    if numbers is None:
        return None
    return say(
        "{numbers} = {value} in {period}", numbers=numbers,
        value=shown(value["value"], found["definition"]["unit"], currency, say.language),
        period=period_words(row["period_start"], row["grain"], say),
    )  # fmt: skip


def _numbers(found: dict[str, Any], value: dict[str, Any]) -> str | None:
    """The formula with the parts of the quotient, else with the values of the metrics it names where they give the value."""
    if None not in (value["numerator"], value["denominator"]):
        return f"{_part(value['numerator'])} / {_part(value['denominator'])}"
    text = formula_words(found["definition"]) or ""
    parts = {row["metric"]: row["value"] for row in found["formula_values"]}
    try:
        formula = parse_drivers(text)
        result = formula.evaluate(parts) if len(formula.metrics) > 1 else None
    except (DriversError, KeyError):
        # a formula of SQL, or over names that are no metrics
        return None
    if result is None or abs(result - value["value"]) > 1e-6 * max(1.0, abs(value["value"])):
        return None
    return re.sub(r"[a-z_]\w*", lambda name: _part(parts[name.group()]), text)


def _part(number: Any) -> str:
    """A number of a formula: at most two decimals from 10 on."""
    return cell_text(round(float(number), 2) if abs(number) >= 10 else number)
