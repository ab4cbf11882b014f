"""Where a KPI is heading in one sentence, in every state of mart.kpi_projection."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dagster_project.outlook_view import projection_line
from dagster_project.words import Words


def row(status: str, **more: Any) -> dict[str, Any]:
    return {
        "grain": "month", "period_start": date(2026, 6, 1), "period_end": date(2026, 6, 30),
        "known_through": date(2026, 6, 28), "value": None, "low": None, "high": None, "target": None,
        "target_probability": None, "unit": "currency", "history": 729, "history_needed": 85, "history_unit": "day",
        "status": status, "so_far": None, **more,
    }  # fmt: skip


COMING = {"value": 51.9, "low": 50.85, "high": 52.97, "so_far": 51.93}
SHARE = {"unit": "ratio", "so_far": -0.0077}


@pytest.mark.parametrize(
    ("found", "english", "chinese"),
    [
        (row("projected", **COMING, target=42.0, target_probability=0.004),
         "June 2026 so far: 51.93 EUR; heading for 51.90 EUR by 30 June, 80% likely between 50.85 and 52.97 EUR; target 42.00 EUR: "
         "less than 1% likely.",
         "2026年6月至今为 51.93 EUR；预计到6月30日为 51.90 EUR，有八成可能介于 50.85 与 52.97 EUR 之间；目标 42.00 EUR："
         "达成可能性低于 1%。"),
        (row("projected", **{**COMING, "so_far": None}, history_unit="month"),
         "June 2026: heading for 51.90 EUR by 30 June, 80% likely between 50.85 and 52.97 EUR (judged by closed months alone).",
         "2026年6月：预计到6月30日为 51.90 EUR，有八成可能介于 50.85 与 52.97 EUR 之间（仅按已结束的月推算）。"),
        (row("half_known", **SHARE, target=0.02, history_unit="month"),
         "June 2026 so far: -0.77% (28 of 30 days known); no forecast, as no daily values are kept that add up to it; "
         "target 2.00%.",
         "2026年6月至今为 -0.77%（30 天中已知 28 天）；不作预测：没有保存可以逐日累加的数值；目标 2.00%。"),
        (row("too_early", history=7, history_needed=11, history_unit="quarter", grain="quarter",
             period_start=date(2026, 4, 1)),
         "Q2 2026: too early to say where it is heading: 7 quarters of history, at least 11 are needed, as it is judged by closed "
         "quarters alone: no daily values are kept that add up to it.",
         "2026年第2季度：现在还无法预计：已有历史 7 个季度，至少需要 11 个季度，因为没有保存可以逐日累加的数值，"
         "只能按已结束的季度推算。"),
        (row("too_early", history=40),
         "June 2026: too early to say where it is heading: 40 days of history, at least 85 are needed.",
         "2026年6月：现在还无法预计：已有历史 40 天，至少需要 85 天。"),
        # enough of it, but without a value lately: waiting alone does not help
        (row("too_early", history=400),
         "June 2026: no forecast, as too many of its recent days have no value.",
         "2026年6月：不作预测：最近有太多天没有数值。"),
        (row("projected", value=8.6, low=7.0, high=10.2, unit="minutes", so_far=9.0, grain="week",
             period_start=date(2026, 6, 29), period_end=date(2026, 7, 5)),
         "Week 27 of 2026 so far: 9.0 min; heading for 8.6 min by 5 July, 80% likely between 7.0 and 10.2 min.",
         "2026年第27周至今为 9.0 分钟；预计到7月5日为 8.6 分钟，有八成可能介于 7.0 与 10.2 分钟之间。"),
    ],
)  # fmt: skip
def test_each_state_in_both_languages(found: dict[str, Any], english: str, chinese: str) -> None:
    assert projection_line(found, "EUR", Words()) == english
    assert projection_line(found, "EUR", Words("zh")) == chinese
