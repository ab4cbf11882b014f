"""Why a KPI is not judged, from its row of the scorecard."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dagster_project.words import Words
from serving.reasons import missing_entities, reason

START = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"status": "on_track"}, None),
        ({"status": "no_target"}, None),
        ({"status": "too_few"}, "too_few"),
        ({"status": "no_data", "period_start": None}, "nothing_closed"),
        ({"status": "no_data", "period_start": date(2025, 12, 1), "matures_after_days": 0}, "no_whole_period"),
        ({"status": "no_data", "period_start": date(2025, 12, 1), "matures_after_days": 30}, "not_mature"),
        ({"status": "no_data", "period_start": START, "matures_after_days": 30}, "no_rows"),
    ],
)
def test_reasons(row: dict[str, Any], expected: str | None) -> None:
    assert reason(row, START) == expected


def test_what_most_kpis_need_comes_first() -> None:
    rows = [{"missing_entities": names} for names in ("leads", "orders,leads", "deals")]
    assert list(missing_entities(rows).items()) == [("leads", 2), ("deals", 1), ("orders", 1)]


def test_words_without_chinese_are_an_error_not_half_a_sentence() -> None:
    assert (Words("zh")("on track"), Words("en")("on track")) == ("达标", "on track")
    with pytest.raises(KeyError):
        Words("zh")("of the moon")
    # A value of the data may be anything.
    assert Words("zh").cell("of the moon") == "of the moon"
