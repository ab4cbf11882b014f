"""Intervals hold what they say: over a fixed set of series, 4 of 5 intervals hold the value that came.

The series are drawn from known processes with a fixed seed: what the product knows of them are their days. The back-test
over the demo company and real files is `python -m benchmarks.forecast_calibration`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

from benchmarks.forecast_calibration import Case, day_cases, report
from metrics.forecast.history import Days
from metrics.forecast.outlook import DailySeries

DAYS = 500
WEEKDAYS = np.resize([1.2, 1.1, 1.0, 1.0, 1.1, 0.7, 0.6], DAYS)


def series(seed: int) -> Iterator[tuple[str, DailySeries]]:
    draw = np.random.default_rng(seed)
    level = np.exp(np.cumsum(draw.normal(0, 0.01, DAYS)))
    visits = draw.poisson(400 * WEEKDAYS * level).astype(float)
    yield "visits, a level that wanders", DailySeries("sum", visits)
    yield "orders, a steady growth", DailySeries("sum", draw.poisson(np.linspace(5, 15, DAYS) * WEEKDAYS).astype(float))
    yield "revenue, few and uneven", DailySeries("sum", draw.poisson(15, DAYS) * draw.lognormal(4, 0.4, DAYS))
    yield "conversion", DailySeries("ratio", draw.binomial(visits.astype(int), 0.03).astype(float), visits, is_share=True)
    yield "subscribers", DailySeries("stock", 1000 + np.cumsum(draw.normal(0.5, 4, DAYS)))


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [
        case
        for seed in range(3)
        for name, one in series(seed)
        for grain in ("month", "quarter")
        for case in day_cases(("drawn", "kpi", grain), name, Days(date(2024, 7, 1), one), grain)
    ]


def test_four_of_five_intervals_hold_the_value_that_came(cases: list[Case]) -> None:
    found = {row["group"]: row for row in report(cases)}["drawn"]
    assert found["forecasts"] > 500
    assert 0.75 <= found["coverage_80"] <= 0.85, found
    assert 0.42 <= found["coverage_50"] <= 0.58, found
    assert found["coverage_95"] >= 0.90, found


def test_the_forecast_beats_the_last_week_repeated(cases: list[Case]) -> None:
    sums = [case for case in cases if case.metric != "subscribers"]
    assert {row["group"]: row for row in report(sums)}["drawn"]["skill"] > 0.15
