"""What the scorecards and objectives look like: nothing is cut off, and no two different numbers look alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.console import Console

from dagster_project.score_view import _part_line, way
from dagster_project.scorecard_view import kpi_table
from dagster_project.words import Words
from tests.unit.corner_shop import corner_shop


def test_shares_that_look_alike_get_the_digits_that_tell_them_apart() -> None:
    assert way([0.032983, 0.032992, 0.033], "ratio", "EUR") == "3.2983% → 3.2992% → 3.3000%"
    assert way([0.03, None, 0.04], "ratio", "EUR") == "3.00% → – → 4.00%"
    assert way([0.03, 0.03, 0.03], "ratio", "EUR") == "3.00% → 3.00% → 3.00%"
    assert way([54428.0, 49078.0, 57000.0], "currency", "EUR") == "54,428 EUR → 49,078 EUR → 57,000 EUR"


def test_a_key_result_that_began_beyond_its_stretch_says_so(tmp_path: Path) -> None:
    """58.8 minutes at the start are fewer than the 60 to reach: its 100 % is no progress."""
    row = {
        "kind": "key_result", "title": "Time to first answer", "unit": "minutes", "start_value": 58.8, "value": 51.4,
        "stretch": 60.0, "floor": None, "progress": 1.0, "status": "on_track", "direction": "down", "grain": "week",
        "period_start": date(2026, 6, 22),
    }  # fmt: skip
    ws = corner_shop(tmp_path)
    said = "it began there already: 100% while it stays, else 0%"
    assert said in _part_line(row, ws, Words()).plain
    assert "起始时已达到" in _part_line(row, ws, Words("zh")).plain
    assert said not in _part_line({**row, "stretch": 45.0}, ws, Words()).plain
    for missing in ("start_value", "value"):
        assert said not in _part_line({**row, missing: None}, ws, Words()).plain
    # without a good way the way is the one from start to stretch: there is none
    assert said in _part_line({**row, "start_value": 60.0, "direction": "none"}, ws, Words()).plain


def test_a_long_title_goes_on_in_the_next_line(tmp_path: Path) -> None:
    row = {
        "title": "Time to first answer of the slow tenth", "unit": "minutes", "value": 365.0, "target": 240.0,
        "status": "off_track", "change": 0.1, "trend_values": [], "timing": "leading", "grain": "month",
        "period_start": date(2026, 5, 1),
    }  # fmt: skip
    out = Console(width=100)
    with out.capture() as captured:
        out.print(kpi_table(corner_shop(tmp_path), [row], Words()))
    lines = captured.get().splitlines()
    assert [line[:25].strip() for line in lines] == ["KPI", "Time to first answer of", "the slow tenth"]
    assert "…" not in captured.get()


def test_the_head_of_a_dimension_is_in_the_readers_language() -> None:
    assert (Words("zh").dimension("channel"), Words("zh").dimension("shelf"), Words().dimension("channel")) == (
        "渠道", "shelf", "channel",
    )  # fmt: skip
