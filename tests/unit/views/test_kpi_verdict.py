"""Is it good, in one sentence: the percentages are worked out by hand beside each case."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dagster_project.kpi_verdict import formula_with_numbers, formula_words, legend, verdict
from dagster_project.words import Words


def kpi(value: float, target: float | None, status: str, *, direction: str = "up", unit: str = "count", **more: Any) -> dict:
    """What `describe_kpi` gives, as far as the sentence needs it: May 2026 of one KPI with the usual lines."""
    both = value > 0 and target is not None and target > 0
    row = {
        "period_start": date(2026, 5, 1), "grain": "month", "value": value, "target": target, "status": status,
        "direction": direction, "unit": unit, "state": more.pop("state", "settled"), "floor": more.pop("floor", None),
        "attainment": (value / target if direction == "up" else target / value) if both else None, "n": 100,
    }  # fmt: skip
    lines = {"at_risk_below": 0.98, "off_track_below": 0.9, "hysteresis": 0.01, "direction": direction, "unit": unit}
    return {"status": [row], "definition": {**lines, **more}}


@pytest.mark.parametrize(
    ("found", "english"),
    [
        # 36 of 42 is 6 / 42 = 14 % less, which is good
        (kpi(36, 42, "on_track", direction="down", unit="currency"),
         "On track: 36.00 EUR in May 2026, 14% better than the target of 42.00 EUR (lower is better)."),
        # 31.69 / 32 = 0.990
        (kpi(31.69, 32, "on_track", unit="score", at_risk_below=0.95, off_track_below=0.8),
         "On track: 31.69 in May 2026, 1% short of the target of 32; on track from 95% of it (higher is better)."),
        (kpi(100, 100, "on_track"), "On track: 100 in May 2026, which is the target (higher is better)."),
        # 94 / 100, between the lines
        (kpi(94, 100, "at_risk"),
         "At risk: 94 in May 2026, 6% short of the target of 100; at risk between 90% and 98% of it (higher is better)."),
        # the floor of 93 is nearer than the line of 90 %
        (kpi(94, 100, "at_risk", floor=93),
         "At risk: 94 in May 2026, 6% short of the target of 100; at risk between 93% and 98% of it (higher is better)."),
        # 104 / 100: the lines are 1 / 0.98 = 102.04 % and 1 / 0.9 = 111.1 %
        (kpi(104, 100, "at_risk", direction="down"),
         "At risk: 104 in May 2026, 4% worse than the target of 100; at risk between 102% and 111% of it (lower is better)."),
        # above the line of 98 %, but it has been at risk and needs one point more
        (kpi(98.5, 100, "at_risk"),
         "At risk: 98.50 in May 2026, 2% short of the target of 100; on track again at 99% of it (higher is better)."),
        (kpi(90.4, 100, "off_track"),
         "Off track: 90.40 in May 2026, 10% short of the target of 100; at risk again at 91% of it (higher is better)."),
        # 28.89 / 38 = 0.760
        (kpi(0.2889, 0.38, "off_track", unit="ratio"),
         "Off track: 28.89% in May 2026, 24% short of the target of 38.00% (higher is better)."),
        # no share of a loss: -0.19 % to 2 % are 2.19 points
        (kpi(-0.0019, 0.02, "off_track", unit="ratio"),
         "Off track: -0.19% in May 2026, 2.19 percentage points short of the target of 2.00% (higher is better)."),
        (kpi(3, 0, "off_track", direction="down"),
         "Off track: 3 in May 2026, 3 worse than the target of 0 (lower is better)."),
        (kpi(-5, -10, "at_risk", direction="down", floor=-2),
         "At risk: -5 in May 2026, 5 worse than the target of -10; at risk because its floor of -2 holds (lower is better)."),
        (kpi(100, 100, "on_track", state="provisional"),
         "On track: 100 in May 2026, which is the target (higher is better). The value is provisional and may still change."),
        (kpi(7, None, "no_target", state="provisional"),
         "No target to judge it by: 7 in May 2026 (higher is better). The value is provisional and may still change."),
        # published by a version that did not have the lines
        (kpi(94, 100, "at_risk", at_risk_below=None), "At risk: 94 in May 2026, 6% short of the target of 100 (higher is better)."),
    ],
)  # fmt: skip
def test_the_sentence(found: dict, english: str) -> None:
    assert verdict(found, "EUR", Words()) == english


def test_the_sentence_in_chinese_does_not_say_that_a_missed_target_is_reached() -> None:
    found = kpi(31.69, 32, "on_track", unit="score", at_risk_below=0.95, state="provisional")
    said = verdict(found, "EUR", Words("zh"))
    assert said == (
        "正常：2026年5月为 31.69，比目标 32 差 1%；达到目标的 95% 即为正常（越高越好）。数值为暂定，可能还会变化。"
    )
    late = kpi(104, 100, "at_risk", direction="down", unit="minutes")
    assert verdict(late, "EUR", Words("zh")) == (
        "有风险：2026年5月为 104.0 分钟，比目标 100.0 分钟差 4%；介于目标的 102% 与 111% 之间为有风险（越低越好）。"
    )


def test_the_signs_are_explained_with_the_lines_of_the_kpi() -> None:
    up, down = ({"at_risk_below": 0.8, "off_track_below": 0.4, "direction": way} for way in ("up", "down"))
    assert legend(up, Words()) == "✓ on track from 80% of the target, ! at risk from 40%, ✗ off track below."
    # 1 / 0.8 and 1 / 0.4
    assert legend(down, Words()) == "✓ on track up to 125% of the target, ! at risk up to 250%, ✗ off track above."
    assert legend({**up, "direction": "none"}, Words()) is None


GROWTH = {"formula": "mrr / nullif(mrr_at_start, 0) - 1", "unit": "ratio"}


def growth(start: float | None) -> dict:
    value = {"period_start": date(2026, 5, 1), "value": 0.03, "numerator": None, "denominator": None}
    parts = [{"metric": "mrr", "value": 20600.0}, {"metric": "mrr_at_start", "value": start}]
    status = [{"period_start": date(2026, 5, 1), "grain": "month"}]
    return {"definition": GROWTH, "status": status, "values": [value], "formula_values": parts}


def test_a_formula_is_shown_without_what_protects_a_database_and_with_its_numbers() -> None:
    assert formula_words(GROWTH) == "mrr / mrr_at_start - 1"
    assert formula_words({"formula": "cost / nullif(year - first, 0)"}) == "cost / (year - first)"
    assert formula_with_numbers(growth(20000.0), "EUR", Words()) == "20,600 / 20,000 - 1 = 3.00% in May 2026"


@pytest.mark.parametrize("start", [None, 19000.0])
def test_numbers_that_do_not_give_the_value_are_not_shown(start: float | None) -> None:
    assert formula_with_numbers(growth(start), "EUR", Words()) is None
