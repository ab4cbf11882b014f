"""What `kpi target` says where the forecast is worse than now."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dagster_project.target_view import print_advice, yaml_line
from metrics.forecast.advice import Advice, DriverNeed, WhatIf
from metrics.forecast.outlook import Outlook
from metrics.forecast.steps import Step
from tests.unit.corner_shop import corner_shop


def falling(stretch: float, *, is_worse: bool) -> Advice:
    """From 3.30 % now to 2.88 %: ``stretch`` is what is reached in 1 of 5 cases."""
    outlook = Outlook(0.0288, 0.0261, 0.0317, "share", 0.001, stretches=100)
    step = Step("stretch", stretch, 0.2, "20% likely if nothing changes")
    safe = Step("safe", 0.027, 0.8, "80% likely if nothing changes")
    needs = (DriverNeed("carts", "ratio", 0.11, 0.103, 0.37), DriverNeed("orders", "count", 500.0, None, None))
    return Advice("conversion_rate", "ratio", "up", "month", date(2026, 8, 1), date(2026, 8, 31), 0.033, outlook, None,
                  None, (safe, step), (WhatIf(step, is_worse, needs, -0.033),))  # fmt: skip


def test_a_step_worse_than_now_is_a_limit_and_not_a_goal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_advice(falling(0.0306, is_worse=True), "table", corner_shop(tmp_path, "en"))
    said = " ".join(capsys.readouterr().out.split())
    assert "It is heading for worse than now: a step that is worse than now limits the loss, no more." in said
    assert "To get no worse than 3.06% (stretch), with all else as it is now:" in said
    assert "carts may go from 11.00% to 10.30% (-6.4%), but no further: 37% likely." in said
    assert "orders alone does not take it that far." in said
    assert "Or all of them together: each worse by no more than 3.3%." in said
    assert "would have to" not in said


def test_a_step_better_than_now_is_a_goal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_advice(falling(0.035, is_worse=False), "table", corner_shop(tmp_path, "en"))
    said = " ".join(capsys.readouterr().out.split())
    assert "heading for worse" not in said
    assert "To reach 3.50% (stretch), with all else as it is now:" in said
    assert "carts would have to go from 11.00% to 10.30% (-6.4%): 37% likely." in said


def test_the_same_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_advice(falling(0.0306, is_worse=True), "table", corner_shop(tmp_path, "zh"))
    said = capsys.readouterr().out
    assert "走势变差：比当前更差的台阶只是止损，并非进步。" in said
    assert "carts 最多可从 11.00% 变为 10.30%（-6.4%）：达成可能性 37%。" in said


def test_a_kpi_that_never_moves_gets_no_floor_that_validate_would_refuse() -> None:
    steps = (Step("safe", 5.0, 1.0, ""), Step("stretch", 5.0, 1.0, ""))
    outlook = Outlook(5.0, 5.0, 5.0, "linear", 0.0, stretches=100)
    day = date(2026, 8, 1), date(2026, 8, 31)
    still = Advice("agents", "count", "up", "month", *day, 5.0, outlook, None, None, steps)
    assert yaml_line(still) == "  - {from: 2026-08-01, to: 2026-08-31, grain: month, value: 5}"
