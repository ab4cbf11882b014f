"""A margin has no days of its own: they are put together from the days of what its profit is the difference of."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics.forecast.history import Stored, days_of, metrics_to_read, sum_of
from metrics.forecast.periods import outlook_for
from tests.unit.alignment.made_up import company as made_up
from tests.unit.values import company
from tests.unit.values.company import Company

FIRST, CLOSED = date(2025, 6, 1), date(2026, 6, 8)
JUNE = date(2026, 6, 1)


def _derived(name: str, formula: str, *names: str, **meta: Any) -> dict[str, Any]:
    params = {"expr": formula, "metrics": [company._input(one) for one in names]}
    return company._metric(name, "derived", params, additivity="derived", direction="up", **meta)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    money = {"unit": "currency", "direction": "up", "additivity": "additive"}
    extra = [
        company._simple("costs", "orders", **money),
        company._simple("wages", "orders", **money, grains=["month"]),
        _derived("profit", "gross_revenue - costs", "gross_revenue", "costs", unit="currency"),
        _derived("profit_after_wages", "profit - wages", "profit", "wages", unit="currency"),
        _derived("scaled", "gross_revenue * costs", "gross_revenue", "costs", unit="currency"),
        company._ratio("margin", "profit", "gross_revenue", unit="ratio", direction="up"),
        company._ratio("net_margin", "profit_after_wages", "gross_revenue", unit="ratio", direction="up"),
    ]
    monkeypatch.setattr(company, "METRICS", [*company.METRICS, *extra])
    return made_up(tmp_path)


def days(of: float, first: date = FIRST) -> dict[date, tuple[float | None, float | None, float | None]]:
    """``of`` a day, a tenth more on Mondays, until CLOSED."""
    count = (CLOSED - first).days + 1
    every = (first + timedelta(days=one) for one in range(count))
    return {day: (of * (1.1 if day.weekday() == 0 else 1.0), None, None) for day in every}


def test_a_difference_counts_what_it_adds_and_what_it_takes_off(shop: Company) -> None:
    assert sum_of(shop.catalogue, "profit") == {"gross_revenue": 1, "costs": -1}
    # wages are typed in by month, a product adds nothing up, growth compares two months
    assert [sum_of(shop.catalogue, name) for name in ("profit_after_wages", "scaled", "revenue_growth")] == [None] * 3
    assert metrics_to_read(shop.catalogue, ["margin"]) == {"margin", "gross_revenue", "costs"}


def test_a_margin_is_forecast_from_its_days_late_in_the_month(shop: Company) -> None:
    """100 of revenue and 60 of costs a day are a margin of 40 %, whatever the weekday."""
    closed = JUNE + timedelta(days=7)
    stored = Stored({("gross_revenue", "day"): days(100), ("costs", "day"): days(60)})
    found = outlook_for(stored, shop.catalogue, "margin", "month", JUNE, closed)
    assert found.outlook is not None
    assert (found.unit, found.known_through, found.outlook.value) == ("day", closed, pytest.approx(0.4))


def test_days_before_any_cost_was_noted_have_no_margin(shop: Company) -> None:
    noted = FIRST + timedelta(days=100)
    stored = Stored({("gross_revenue", "day"): days(100), ("costs", "day"): days(60, noted)})
    found = days_of(stored, shop.catalogue, "margin", CLOSED)
    assert found is not None
    assert found.series.denominator is not None
    assert found.first == noted
    assert found.series.numerator / found.series.denominator == pytest.approx(0.4)
    profit = days_of(stored, shop.catalogue, "profit", CLOSED)
    assert profit is not None
    assert (profit.first, profit.series.numerator[-1]) == (noted, pytest.approx(44))


def test_costs_by_month_alone_are_not_spread_over_days(shop: Company) -> None:
    stored = Stored({("gross_revenue", "day"): days(100), ("costs", "day"): days(60), ("wages", "day"): {}})
    assert days_of(stored, shop.catalogue, "net_margin", CLOSED) is None
    found = outlook_for(stored, shop.catalogue, "net_margin", "month", JUNE, JUNE + timedelta(days=20))
    assert (found.outlook, found.is_half_known) == (None, True)
