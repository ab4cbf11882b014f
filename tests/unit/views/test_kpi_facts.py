"""Steps, owners, alerts and recent trade-offs, as `kpi show` tells them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dagster_project.kpi_facts import in_steps
from dagster_project.kpi_view import recent_flags
from dagster_project.words import Words
from dagster_project.words_people import owner_words, team_words
from metrics.alerts.events import shown


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("1. Look. 2. Ask 3 people? 3. Mend.", ["1. Look.", "2. Ask 3 people?", "3. Mend."]),
        ("1. 拆开看：期初 + 新增。2. 新增减少：检查。3. 流失增多：看流失率。", ["1. 拆开看：期初 + 新增。", "2. 新增减少：检查。", "3. 流失增多：看流失率。"]),
        # no steps: a number at the end of a sentence, a decimal, an order that skips
        ("Below 2. Look again at 1.5 of it.", ["Below 2. Look again at 1.5 of it."]),
        ("1. First. 3. Third.", ["1. First. 3. Third."]),
        ("Look at visits first.", ["Look at visits first."]),
    ],
)  # fmt: skip
def test_steps_stand_on_lines_of_their_own(text: str, lines: list[str]) -> None:
    assert in_steps(text).split("\n") == lines


def test_roles_and_teams_that_ship_have_chinese_names_and_others_stay() -> None:
    zh, en = Words("zh"), Words()
    assert owner_words("Tomas Brandt (head of marketing)", zh) == "Tomas Brandt（市场负责人）"
    assert owner_words("Managing director", zh) == "总经理"
    assert owner_words("Ana from the shop", zh) == "Ana from the shop"
    assert (team_words("support", zh), team_words("night shift", zh)) == ("客服", "night shift")
    assert (owner_words("Managing director", en), team_words("support", en)) == ("Managing director", "support")


def test_units_are_written_in_the_language_of_the_sentence() -> None:
    assert [shown(value, unit, "EUR", "zh") for value, unit in ((51.44, "minutes"), (3.46, "days"), (30.0, "hours"))] == [
        "51.4 分钟", "3.5 天", "30.0 小时",
    ]  # fmt: skip


def flag(start: date, grain: str, *, is_latest: bool = False) -> dict[str, Any]:
    return {"period_start": start, "grain": grain, "is_latest": is_latest}


def test_a_trade_off_is_shown_for_eight_weeks_or_while_its_period_is_the_latest() -> None:
    today = date(2026, 6, 30)
    # the week ended on Sunday 3 May: 58 days ago; the next one 51 days ago, within the 56
    old, new = flag(date(2026, 4, 27), "week"), flag(date(2026, 5, 4), "week")
    latest = flag(date(2026, 1, 1), "quarter", is_latest=True)
    assert recent_flags({"today": today, "flags": [new, old, latest]}) == [new, latest]
