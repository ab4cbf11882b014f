"""Why a KPI is not judged, from its row of the scorecard."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

import duckdb
import pytest

from dagster_project.console import formatted
from dagster_project.words import Words
from metrics.catalogue.model import GRAINS
from metrics.semantic import Metric
from metrics.semantic.manifest import MetricInput, Window
from metrics.values.status import Status
from metrics.values.tables import ensure_tables
from serving.reasons import missing_entities, missing_part, reason

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


def part(name: str, offset: Window | None = None) -> MetricInput:
    return MetricInput(name, name, (), offset, None)


def metric(name: str, kind: str, **parts: Any) -> Metric:
    return Metric(name, name, "", kind, {}, (), None, **parts)


METRICS = {
    found.name: found
    for found in (
        metric("sales", "simple"),
        metric("growth", "derived", input_metrics=(part("sales"), part("sales", Window(1, "month")))),
        metric("growth_of_a_year", "derived", input_metrics=(part("sales"), part("sales", Window(1, "year")))),
        metric("cost_per_lead", "ratio", numerator=part("cost"), denominator=part("leads")),
        metric("cost_per_day", "ratio", numerator=part("cost"), denominator=part("days")),
    )
}


@pytest.mark.parametrize(
    ("name", "period", "expected"),
    [
        ("growth", date(2026, 1, 1), "first_period"),  # sales of January 2026 are there, the history starts with them
        ("growth", date(2026, 3, 1), "no_earlier"),  # sales of March are there, those of February are not
        ("growth", date(2026, 2, 1), "no_rows"),
        ("growth_of_a_year", date(2026, 3, 1), "first_period"),
        ("cost_per_lead", date(2026, 1, 1), "no_divisor"),  # 50 for 0 leads
        ("cost_per_lead", date(2026, 3, 1), "no_divisor"),  # 50, leads are not known
        ("cost_per_day", date(2026, 1, 1), "no_rows"),  # neither
        ("sales", date(2026, 2, 1), "no_rows"),
    ],
)
def test_what_a_formula_lacks(name: str, period: date, expected: str) -> None:
    with duckdb.connect() as con:
        con.execute("create schema mart")
        ensure_tables(con)
        for stored, start, numerator, denominator in (
            ("sales", "2026-01-01", 900, None), ("sales", "2026-03-01", 700, None),
            ("cost_per_lead", "2026-01-01", 50, 0), ("cost_per_lead", "2026-03-01", 50, None),
        ):  # fmt: skip
            con.execute(
                "insert into mart.kpi_values (metric, grain, period_start, numerator, denominator, value, state,"
                " definition_hash, run_id, recorded_at) select $1, 'month', $2, $3, $4,"
                " case when $1 = 'sales' then $3 end, 'settled', '', '', now()::timestamp",
                [stored, start, numerator, denominator],
            )
        row = {"metric": name, "grain": "month", "period_start": period}
        assert missing_part(con, METRICS, row, START) == expected


def test_what_most_kpis_need_comes_first() -> None:
    rows = [{"missing_entities": names} for names in ("leads", "orders,leads", "deals")]
    assert list(missing_entities(rows).items()) == [("leads", 2), ("deals", 1), ("orders", 1)]


def test_words_without_chinese_are_an_error_not_half_a_sentence() -> None:
    assert (Words("zh")("on track"), Words("en")("on track")) == ("正常", "on track")
    with pytest.raises(KeyError):
        Words("zh")("of the moon")


def test_a_grain_is_not_the_head_of_a_column() -> None:
    zh, en = Words("zh"), Words("en")
    assert [zh.grain(grain) for grain in GRAINS] == ["日", "周", "月", "季度"]
    assert [en.grain(grain) for grain in GRAINS] == list(GRAINS)
    assert (zh("day"), zh("grain")) == ("日期", "周期")


def test_a_check_is_called_by_its_name_and_one_of_the_workspaces_own_by_its_own() -> None:
    assert [Words(language).check("gaps") for language in ("zh", "en")] == ["日期缺口", "gaps"]
    assert Words("zh").check("order_verdicts") == "order_verdicts"


def test_every_status_severity_and_state_has_chinese() -> None:
    """What stands in the columns that are translated; a word that is not known is an error, never English in between."""
    words = {
        "status": [*get_args(Status), "new", "historic", "withdrawn"],
        "severity": ["critical", "warning", "info"],
        "state": ["open", "provisional", "settled", "restated"],
        "timing": ["leading", "lagging"],
        "kind": ["kpi", "metric"],
    }
    for name, values in words.items():
        for value in values:
            assert not re.search("[a-z]", formatted(name, {name: value}, "EUR", Words("zh"))), (name, value)
    assert formatted("status", {"status": "withdrawn"}, "EUR", Words("zh")) == "已撤回"
    with pytest.raises(KeyError):
        formatted("status", {"status": "postponed"}, "EUR", Words("zh"))
