"""Each kind of metric against an answer computed in pandas from the same rows, without any compiler or SQL engine.

A failure here means that a query can return a wrong number without an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from metrics.semantic import Query, SemanticLayer
from tests.soundness.conftest import fetch
from tests.soundness.data import CLOSED_DAYS, LAST, SPINE_LAST, fiscal_quarter, retail_week

Frames = dict[str, pd.DataFrame]
Ask = Callable[..., dict[tuple[Any, ...], Any]]
FEBRUARY = {"start": date(2024, 2, 1), "end": date(2024, 2, 29)}


@pytest.fixture
def ask(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> Ask:
    """Answer one metric: {key values: value}. A single key is not wrapped in a tuple; numbers are floats."""

    def asked(metric: str, *group_by: str, **options: Any) -> dict[Any, Any]:
        rows = fetch(con, layer.compile(Query([metric], list(group_by), **options)))
        found = {tuple(row[: len(group_by)]): _number(row[len(group_by)]) for row in rows}
        assert len(found) == len(rows), "a key came twice"
        return {key[0] if len(key) == 1 else key: value for key, value in found.items()}

    return asked


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def _grouped(frame: pd.DataFrame, keys: list[pd.Series[Any]], how: Callable[[pd.DataFrame], float]) -> dict[Any, float]:
    """Group by the given series, NULL members kept, and apply ``how`` to each group."""
    found: dict[Any, float] = {}
    labels = [[None if pd.isna(value) else value for value in series] for series in keys]
    positions: dict[Any, list[int]] = {}
    for index, label in enumerate(zip(*labels, strict=True)):
        positions.setdefault(label if len(keys) > 1 else label[0], []).append(index)
    for label, rows in positions.items():
        found[label] = how(frame.iloc[rows])
    return found


def _period(times: pd.Series[Any], grain: str) -> pd.Series[Any]:
    codes = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
    return times.dt.to_period(codes[grain]).dt.start_time.map(lambda moment: moment.date() if pd.notna(moment) else None)


def _sum(values: pd.Series[Any]) -> float:
    return float(values.sum(min_count=1))


def _same(found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        if missing:
            assert found[key] is None, (key, found[key])
        else:
            assert found[key] == pytest.approx(value, rel=1e-9, abs=1e-9), key


def _within(frame: pd.DataFrame, column: str, start: date, end: date) -> pd.DataFrame:
    days = frame[column].dt.date
    return frame[(days >= start) & (days <= end)]


AGGREGATIONS: dict[str, Callable[[pd.DataFrame], float]] = {
    "orders": lambda rows: float(rows["order_id"].count()),
    "order_rows": lambda rows: float(len(rows)),
    "amount": lambda rows: _sum(rows["amount"]),
    "amount_max": lambda rows: rows["amount"].max(),
    "amount_min": lambda rows: rows["amount"].min(),
    "amount_average": lambda rows: rows["amount"].mean(),
    "amount_median": lambda rows: rows["amount"].median(),
    "amount_p90": lambda rows: rows["amount"].quantile(0.9),
    "buyers": lambda rows: float(rows["customer_id"].nunique()),
    "first_orders": lambda rows: float(rows["is_first"].eq(True).sum()),
}


@pytest.mark.parametrize("metric", AGGREGATIONS)
@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_each_aggregation_at_each_grain(ask: Ask, frames: Frames, metric: str, grain: str) -> None:
    orders = frames["fct_orders"]
    expected = _grouped(orders, [_period(orders["ordered_on"], grain), orders["channel"]], AGGREGATIONS[metric])
    _same(ask(metric, f"metric_time__{grain}", "channel"), expected)


def test_a_discrete_percentile_is_a_value_that_occurs(ask: Ask, frames: Frames) -> None:
    orders = frames["fct_orders"]
    expected = _grouped(orders, [orders["channel"]], lambda rows: _discrete(rows["amount"], 0.75))
    _same(ask("amount_p75_discrete", "channel"), expected)


def _discrete(values: pd.Series[Any], share: float) -> float:
    """The first value whose share of values at or below it reaches ``share`` (SQL's percentile_disc)."""
    known = np.sort(values.dropna().to_numpy())
    return float(known[math.ceil(share * len(known)) - 1])


def test_a_ratio_across_facts_is_a_ratio_of_sums_and_keeps_what_one_fact_lacks(ask: Ask, frames: Frames) -> None:
    orders, sessions = frames["fct_orders"], frames["fct_sessions"]
    numerator = _grouped(orders, [_period(orders["ordered_on"], "month"), orders["channel"]], len)
    denominator = _grouped(sessions, [_period(sessions["started_at"], "month"), sessions["channel"]], len)
    expected = {
        key: numerator[key] / denominator[key] if key in numerator and key in denominator else None
        for key in numerator.keys() | denominator.keys()
    }
    march_search = (date(2024, 3, 1), "search")
    assert march_search in numerator
    assert march_search not in denominator
    _same(ask("conversion_rate", "metric_time__month", "channel"), expected)


def test_joins_to_a_fact_never_repeat_its_rows(ask: Ask, frames: Frames) -> None:
    """Chasm trap: orders and sessions both hang off customers; each is counted alone."""
    orders, sessions = frames["fct_orders"], frames["fct_sessions"]
    assert ask("orders") == {(): float(len(orders))}
    assert sum(ask("orders", "customer__segment").values()) == len(orders)
    assert sum(ask("sessions", "customer__segment").values()) == len(sessions)


def test_an_order_counts_for_the_last_day_with_a_session_of_its_customer(ask: Ask, frames: Frames) -> None:
    sessions, orders = frames["fct_sessions"], frames["fct_orders"]
    segment = frames["dim_customers"].set_index("customer_id")["segment"].to_dict()
    days: dict[float, set[date]] = {}
    for customer, started in zip(sessions["customer_id"], sessions["started_at"].dt.date, strict=True):
        days.setdefault(customer, set()).add(started)
    converted: dict[Any, float] = {}
    for customer, ordered in zip(orders["customer_id"], orders["ordered_on"].dt.date, strict=True):
        before = [day for day in days.get(customer, ()) if day <= ordered]
        if before and max(before) > ordered - timedelta(days=7):
            key = (max(before).replace(day=1), segment.get(customer) if isinstance(segment.get(customer), str) else None)
            converted[key] = converted.get(key, 0.0) + 1
    joined = sessions["customer_id"].map(segment)
    base = _grouped(sessions, [_period(sessions["started_at"], "month"), joined], lambda rows: float(len(rows)))
    assert len(converted) > 8
    expected = {key: converted[key] / count if key in converted else None for key, count in base.items()}
    _same(ask("session_to_order", "metric_time__month", "customer__segment"), expected)


def test_a_changing_plan_is_that_of_the_day_of_the_order(ask: Ask, frames: Frames) -> None:
    orders, plans = frames["fct_orders"], frames["dim_customer_plans"]

    def plan(row: Any) -> str | None:
        held = plans[(plans["customer_id"] == row.customer_id) & (plans["valid_from"] <= row.ordered_on)]
        held = held[held["valid_to"].isna() | (held["valid_to"] > row.ordered_on)]
        return None if held.empty else str(held["plan"].item())

    of_order = pd.Series([plan(row) for row in orders.itertuples()], index=orders.index, dtype="object")
    expected = _grouped(orders, [of_order], lambda rows: float(len(rows)))
    assert set(expected) == {"basic", "plus", None}
    _same(ask("orders", "customer__plan"), expected)


def test_periods_of_a_calendar_are_those_of_its_days(ask: Ask, frames: Frames) -> None:
    orders = frames["fct_orders"]
    quarter = orders["ordered_on"].map(lambda moment: fiscal_quarter(moment.date()))
    _same(ask("amount", "metric_time__fiscal_quarter"), _grouped(orders, [quarter], lambda rows: _sum(rows["amount"])))
    week = orders["ordered_on"].map(lambda moment: retail_week(moment.date()))
    _same(
        ask("buyers", "metric_time__retail_wk"), _grouped(orders, [week], lambda rows: float(rows["customer_id"].nunique()))
    )


def test_orphaned_and_null_keys_stay_in_one_group_of_their_own(ask: Ask, frames: Frames) -> None:
    orders = frames["fct_orders"].merge(frames["dim_customers"], on="customer_id", how="left")
    _same(ask("amount", "customer__country"), _grouped(orders, [orders["country"]], lambda rows: _sum(rows["amount"])))


def test_four_hops_are_walked_many_to_one(ask: Ask, frames: Frames) -> None:
    lines = frames["fct_order_lines"]
    hops = (("fct_orders", "order_id"), ("dim_customers", "customer_id"), ("dim_countries", "country"))
    for table, key in (*hops, ("dim_regions", "region")):
        lines = lines.merge(frames[table], on=key, how="left", suffixes=("", f"_{table}"))
    expected = _grouped(lines, [lines["climate"]], lambda rows: _sum(rows["quantity"]))
    _same(ask("items", "purchase__customer__country__region__climate"), expected)
    assert ask("items", "customer__country__region__climate") == ask("items", "region__climate")
    _same(ask("items", "region__climate"), expected)


def test_a_path_through_another_fact_is_a_path_like_any_other(ask: Ask, frames: Frames) -> None:
    """An orphaned session (888888) and an orphaned order line (order 999999) fall into the NULL member."""
    orders = frames["fct_orders"].merge(frames["fct_sessions"], on="session_id", how="left", suffixes=("", "_session"))
    expected = _grouped(orders, [orders["device"]], lambda rows: _sum(rows["amount"]))
    _same(ask("amount", "session__device"), expected)
    mobile = ask("amount", where=["{{ Dimension('session__device') }} = 'mobile'"])
    _same(mobile, {(): expected["mobile"]})


def test_filters_of_a_metric_and_of_its_inputs_meet(ask: Ask, frames: Frames) -> None:
    orders = frames["fct_orders"]
    paid = orders["status"].eq("paid")

    def share(rows: pd.DataFrame) -> float:
        return float(rows["status"].eq("paid").sum()) / len(rows)

    def large_share(rows: pd.DataFrame) -> float:
        among = rows[rows["status"].eq("paid")]
        large = among["amount"].ge(50)
        return float(large.sum()) / len(among) if len(among) and large.any() else math.nan

    _same(ask("paid_share", "customer"), _none_if_zero(_grouped(orders, [orders["customer_id"]], share)))
    expected = _grouped(orders[paid], [orders[paid]["channel"]], large_share)
    _same(ask("large_paid_share", "channel"), expected)


def _none_if_zero(values: dict[Any, float]) -> dict[Any, float | None]:
    """No paid order at all is no numerator: missing, not 0."""
    return {key: value or None for key, value in values.items()}


def test_a_zero_denominator_has_no_rate(ask: Ask, frames: Frames) -> None:
    spend = frames["fct_ad_spend"]
    keys = [_period(spend["spent_on"], "day"), spend["campaign"]]
    clicks = _grouped(spend, keys, lambda rows: _sum(rows["clicks"]))
    money = _grouped(spend, keys, lambda rows: _sum(rows["spend"]))
    assert 0.0 in clicks.values()
    expected = {key: money[key] / clicks[key] if clicks[key] else None for key in money}
    _same(ask("cost_per_click", "metric_time__day", "ad_day__campaign"), expected)


def test_a_stock_counts_its_last_day_in_each_period_only(ask: Ask, frames: Frames) -> None:
    balances = frames["fct_balances"]
    month = _period(balances["balance_on"], "month")
    last = balances["balance_on"] == balances.groupby(month)["balance_on"].transform("max")
    kept = balances[last]
    expected = _grouped(kept, [month[last], kept["product_line"]], lambda rows: _sum(rows["amount"]))
    _same(ask("balance", "metric_time__month", "balance__product_line"), expected)
    first = balances["balance_on"] == balances["balance_on"].min()
    _same(ask("balance_opening"), {(): _sum(balances[first]["amount"])})


@pytest.mark.parametrize("grain", ["week", "month"])
def test_a_stock_is_compared_with_that_at_the_end_of_the_period_before(
    con: duckdb.DuckDBPyConnection, layer: SemanticLayer, frames: Frames, grain: str
) -> None:
    balances = frames["fct_balances"]
    period = _period(balances["balance_on"], grain)
    last = balances["balance_on"] == balances.groupby(period)["balance_on"].transform("max")
    ends = _grouped(balances[last], [period[last]], lambda rows: _sum(rows["amount"]))
    query = Query(["balance"], [f"metric_time__{grain}"], compare=["previous_period"])
    found = {day: (now and float(now), then and float(then)) for day, now, then, _ in fetch(con, layer.compile(query))}
    after = {day: day + timedelta(days=7 if grain == "week" else 31) for day in ends}
    before = {day if grain == "week" else day.replace(day=1): ends[then] for then, day in after.items()}
    assert {day: now for day, (now, _) in found.items() if now is not None} == pytest.approx(ends)
    assert {day: then for day, (_, then) in found.items() if then is not None} == pytest.approx(before)


def test_a_stock_of_each_account_keeps_the_account_without_a_name(ask: Ask, frames: Frames) -> None:
    """MetricFlow drops it: its join on the grouping is an equality."""
    balances = frames["fct_balances"]
    grouped = balances.groupby([_period(balances["balance_on"], "month"), balances["account_id"]], dropna=False)
    last = balances["balance_on"] == grouped["balance_on"].transform("max")
    kept = balances[last]
    expected = _grouped(kept, [_period(kept["balance_on"], "month")], lambda rows: _sum(rows["amount"]))
    assert kept["account_id"].isna().any()
    _same(ask("balance_of_accounts", "metric_time__month"), expected)


def test_a_stock_is_read_as_of_the_end_of_the_range(ask: Ask, frames: Frames) -> None:
    balances = _within(frames["fct_balances"], "balance_on", date(2024, 2, 1), date(2024, 2, 20))
    last = balances[balances["balance_on"] == balances["balance_on"].max()]
    _same(ask("balance", start=date(2024, 2, 1), end=date(2024, 2, 20)), {(): _sum(last["amount"])})


def _daily(frames: Frames) -> pd.Series[Any]:
    """Amount by day on a calendar without gaps; NaN on days without orders."""
    orders = frames["fct_orders"]
    daily = orders.groupby("ordered_on")["amount"].sum(min_count=1)
    return daily.reindex(pd.date_range("2023-10-01", "2024-08-31"))


def _days_with_orders(frames: Frames) -> pd.Series[Any]:
    counts = frames["fct_orders"].groupby("ordered_on").size()
    return counts.reindex(pd.date_range("2023-10-01", "2024-08-31"), fill_value=0)


def test_a_trailing_window_counts_days_over_gaps_and_starts_before_the_range(ask: Ask, frames: Frames) -> None:
    daily, known = _daily(frames), _days_with_orders(frames)
    expected = {}
    for day in pd.date_range("2024-02-08", "2024-03-02"):
        window = slice(day - timedelta(days=6), day)
        if known[window].sum():
            expected[day.date()] = _sum(daily[window])
    assert any(day in CLOSED_DAYS for day in expected)
    _same(ask("amount_trailing_7d", "metric_time__day", start=date(2024, 2, 8), end=date(2024, 3, 2)), expected)
    alone = ask("amount_trailing_7d", "metric_time__day", start=date(2024, 2, 10), end=date(2024, 2, 10))
    _same(alone, {date(2024, 2, 10): expected[date(2024, 2, 10)]})
    where = ["{{ TimeDimension('metric_time', 'day') }} = '2024-02-10'"]
    _same(ask("amount_trailing_7d", "metric_time__day", where=where, start=date(2024, 2, 8)), alone)


def test_a_trailing_window_of_months_and_the_month_to_date(ask: Ask, frames: Frames) -> None:
    daily = _daily(frames)
    two_months, to_date = {}, {}
    for day in pd.date_range("2024-03-25", "2024-04-05"):
        two_months[day.date()] = _sum(daily[daily.index > day - pd.DateOffset(months=2)][:day])
        to_date[day.date()] = _sum(daily[day.replace(day=1) : day])
    days = {"start": date(2024, 3, 25), "end": date(2024, 4, 5)}
    _same(ask("amount_trailing_2m", "metric_time__day", **days), two_months)
    known = {day: value for day, value in to_date.items() if not math.isnan(value)}
    _same(ask("amount_month_to_date", "metric_time__day", **days), known)
    by_month = ask("amount_month_to_date", "metric_time__month", start=date(2024, 3, 1), end=date(2024, 4, 5))
    _same(by_month, {date(2024, 3, 1): to_date[date(2024, 3, 31)], date(2024, 4, 1): to_date[date(2024, 4, 5)]})


def test_since_the_beginning_starts_there_whatever_the_range(ask: Ask, frames: Frames) -> None:
    daily = _daily(frames)
    expected = _sum(daily[:"2024-03-20"])  # type: ignore[misc]
    _same(ask("amount_all_time", start=date(2024, 3, 1), end=date(2024, 3, 20)), {(): expected})
    found = ask("amount_all_time", "metric_time__day", start=date(2024, 3, 20), end=date(2024, 3, 20))
    _same(found, {date(2024, 3, 20): expected})


def test_without_a_range_nothing_is_said_about_days_after_the_data(ask: Ask, frames: Frames) -> None:
    """The spine goes on for months; a trailing sum that fades out there would look like a collapse."""
    last = frames["fct_orders"]["ordered_on"].max().date()
    assert last <= LAST < SPINE_LAST
    assert max(ask("amount_trailing_7d", "metric_time__day")) == last
    filled = ask("orders_filled", "metric_time__day")
    assert (min(filled), max(filled)) == (frames["fct_orders"]["ordered_on"].min().date(), last)
    assert filled[date(2024, 2, 10)] == 0


def test_distinct_counts_over_a_window_are_counted_again(ask: Ask, frames: Frames) -> None:
    sessions = frames["fct_sessions"]
    expected = {}
    for day in pd.date_range("2024-02-08", "2024-02-13"):
        start = day.date() - timedelta(days=2)
        rows = _within(sessions, "started_at", start, day.date())
        if len(rows):
            expected[day.date()] = float(rows["visitor_id"].nunique())
    found = ask("visitors_trailing_3d", "metric_time__day", start=date(2024, 2, 8), end=date(2024, 2, 13))
    _same(found, expected)
    by_week = ask("visitors_trailing_3d", "metric_time__week", start=date(2024, 2, 8), end=date(2024, 2, 13))
    week = [value for day, value in expected.items() if day < date(2024, 2, 12)]
    assert by_week[date(2024, 2, 5)] == pytest.approx(sum(week) / len(week))


def _change(now: float, before: float) -> float | None:
    known = not (math.isnan(now) or math.isnan(before)) and before != 0
    return (now - before) / before if known else None


@pytest.mark.parametrize(("grain", "months"), [("month", "M"), ("quarter", "Q"), ("year", "Y")])
def test_a_month_is_compared_with_the_whole_month_before(ask: Ask, frames: Frames, grain: str, months: str) -> None:
    """By quarter and year, each month looks one month back; 29 to 31 March are not all read from the end of February."""
    orders = frames["fct_orders"]
    by_month = orders.groupby(orders["ordered_on"].dt.to_period("M"))["amount"].sum(min_count=1)
    now = by_month.groupby(by_month.index.asfreq(months)).sum(min_count=1)
    shifted = by_month.copy()
    shifted.index = shifted.index + 1
    before = shifted.groupby(shifted.index.asfreq(months)).sum(min_count=1)
    periods = sorted(set(now.index) | set(before.index))
    expected = {
        period.start_time.date(): _change(now.get(period, math.nan), before.get(period, math.nan)) for period in periods
    }
    _same(ask("amount_growth", f"metric_time__{grain}"), expected)


def test_a_complete_february_is_compared_with_all_of_january(ask: Ask, frames: Frames) -> None:
    orders = frames["fct_orders"]
    january = _sum(_within(orders, "ordered_on", date(2024, 1, 1), date(2024, 1, 31))["amount"])
    february = _sum(_within(orders, "ordered_on", date(2024, 2, 1), date(2024, 2, 29))["amount"])
    found = ask("amount_growth", "metric_time__month", **FEBRUARY)
    _same(found, {date(2024, 2, 1): february / january - 1})


def test_a_month_cut_at_its_tenth_day_is_compared_with_ten_days(ask: Ask, frames: Frames) -> None:
    orders = frames["fct_orders"]
    before = _sum(_within(orders, "ordered_on", date(2024, 2, 1), date(2024, 2, 9))["amount"])
    now = _sum(_within(orders, "ordered_on", date(2024, 3, 1), date(2024, 3, 9))["amount"])
    found = ask("amount_growth", "metric_time__month", start=date(2024, 3, 1), end=date(2024, 3, 9))
    _same(found, {date(2024, 3, 1): now / before - 1})


def test_a_day_is_compared_with_its_day_of_the_month_before(ask: Ask, frames: Frames) -> None:
    daily = _daily(frames)
    expected = {}
    for day in pd.date_range("2024-03-26", "2024-04-02"):
        before = day - pd.DateOffset(months=1)
        if not (math.isnan(daily[day]) and math.isnan(daily[before])):
            expected[day.date()] = _change(daily[day], daily[before])
    found = ask("amount_growth", "metric_time__day", start=date(2024, 3, 26), end=date(2024, 4, 2))
    _same({key: value for key, value in found.items() if key in expected}, expected)
    assert all(found[key] is None for key in found.keys() - expected.keys())


def test_an_offset_of_a_derived_metric_under_a_filter_is_the_difference_of_totals(ask: Ask, frames: Frames) -> None:
    """MetricFlow takes the largest segment's value here."""
    orders = frames["fct_orders"].merge(frames["dim_customers"], on="customer_id", how="left")
    kept = orders[orders["segment"].isna() | orders["segment"].eq("loyal")]

    def net(start: date, end: date) -> float:
        rows = _within(kept, "ordered_on", start, end)
        return _sum(rows["amount"]) - float(rows[rows["status"].eq("refunded")]["amount"].sum())

    where = ["{{ Dimension('customer__segment') }} = 'loyal' or {{ Dimension('customer__segment') }} is null"]
    found = ask("net_growth", "metric_time__month", where=where, start=date(2024, 4, 1), end=date(2024, 4, 30))
    change = net(date(2024, 4, 1), date(2024, 4, 30)) / net(date(2024, 3, 1), date(2024, 3, 31)) - 1
    _same(found, {date(2024, 4, 1): change})


def test_a_trailing_week_is_compared_with_the_trailing_week_before(ask: Ask, frames: Frames) -> None:
    daily = _daily(frames)

    def week_up_to(day: pd.Timestamp) -> float:
        return _sum(daily[day - timedelta(days=6) : day])  # type: ignore[misc]

    days = pd.date_range("2024-02-20", "2024-03-05")
    expected = {day.date(): week_up_to(day) - week_up_to(day - timedelta(days=7)) for day in days}
    _same(ask("trailing_change", "metric_time__day", start=date(2024, 2, 20), end=date(2024, 3, 5)), expected)


def test_the_first_day_of_the_month_is_looked_up_for_each_day(ask: Ask, frames: Frames) -> None:
    daily = _daily(frames)
    first = daily[pd.Timestamp("2024-04-01")]
    days = pd.date_range("2024-04-01", "2024-04-10")
    expected = {day.date(): daily[day] - first for day in days}
    _same(ask("amount_since_month_start", "metric_time__day", start=date(2024, 4, 1), end=date(2024, 4, 10)), expected)


def test_filling_belongs_to_the_metric_that_asks_for_it(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    """10 and 11 February have no orders: a filled metric is 0 there, any other missing, even side by side."""
    query = Query(
        ["orders_filled", "orders", "filled_change", "conversion_rate", "net_amount"],
        ["metric_time__day"],
        start=date(2024, 2, 9),
        end=date(2024, 2, 12),
        order_by=["metric_time__day"],
    )
    rows = fetch(con, layer.compile(query))
    assert [row[0] for row in rows] == [date(2024, 2, day) for day in (9, 10, 11, 12)]
    assert [(row[1], row[2], row[4], row[5]) for row in rows[1:3]] == [(0, None, None, None)] * 2
    assert rows[1][3] == 0 - rows[0][1]


def test_days_that_a_condition_cuts_out_of_a_week_are_cut_out_of_the_week_before_it(ask: Ask, frames: Frames) -> None:
    """Two weeks before Thursday to Sunday, 8 to 11 February, are 25 to 28 January; MetricFlow counts from the 22nd."""
    where = ["{{ TimeDimension('metric_time', 'day') }} > '2024-02-07'"]
    before = _within(frames["fct_orders"], "ordered_on", date(2024, 1, 25), date(2024, 1, 28))["customer_id"].nunique()
    whole = _within(frames["fct_orders"], "ordered_on", date(2024, 1, 22), date(2024, 1, 28))["customer_id"].nunique()
    assert before != whole
    found = ask("buyers_before", "metric_time__week", where=where, start=date(2024, 2, 5), end=date(2024, 2, 11))
    _same(found, {date(2024, 2, 5): float(before)})


def test_a_filled_metric_is_not_zero_in_periods_that_a_condition_excludes(ask: Ask, frames: Frames) -> None:
    """Days after Wednesday 7 February, by week: the weeks before were not asked for, so that they have no 0 either."""
    where = ["{{ TimeDimension('metric_time', 'day') }} > '2024-02-07'"]
    orders = _within(frames["fct_orders"], "ordered_on", date(2024, 2, 8), date(2024, 3, 3))
    expected = {date(2024, 2, 5) + timedelta(weeks=week): 0.0 for week in range(4)}
    expected |= {
        week: float(count) for week, count in _grouped(orders, [_period(orders["ordered_on"], "week")], len).items()
    }
    _same(ask("orders_filled", "metric_time__week", where=where, start=date(2024, 1, 1), end=date(2024, 3, 3)), expected)
    nobody = ["{{ Dimension('purchase__status') }} = 'nobody'", *where]
    found = ask("orders_filled", "metric_time__week", where=nobody, start=date(2024, 1, 1), end=date(2024, 3, 3))
    _same(found, dict.fromkeys(expected, 0.0))


def test_the_order_of_dates_decides_nothing_else(ask: Ask, frames: Frames) -> None:
    """One model, two time dimensions: tickets solved are counted on the day of the solution."""
    tickets = frames["fct_tickets"]
    solved = tickets[tickets["solved_on"].notna()]
    expected = _grouped(solved, [_period(solved["solved_on"], "month")], len)
    found = ask("tickets_solved", "metric_time__month", start=date(2024, 1, 1), end=date(2024, 12, 31))
    _same(found, {key: float(value) for key, value in expected.items()})
    assert None in ask("tickets_solved", "metric_time__month")


def test_money_stays_decimal_and_rates_are_doubles(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    sql = layer.compile(Query(["amount", "net_amount", "average_order_value", "orders"], parts=True))
    kinds = {row[0]: row[1] for row in fetch(con, f"describe {sql}")}
    assert kinds["amount"] == kinds["amount__numerator"] == "DECIMAL(38,2)"
    assert kinds["net_amount"].startswith("DECIMAL")
    assert (kinds["average_order_value"], kinds["orders"]) == ("DOUBLE", "BIGINT")


def test_parts_of_a_ratio_are_its_inputs(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    query = Query(["conversion_rate", "amount", "net_amount"], ["channel"], parts=True)
    cursor = con.execute(layer.compile(query))
    names = [item[0] for item in cursor.description]
    assert names == [
        "channel",
        *("conversion_rate", "conversion_rate__numerator", "conversion_rate__denominator"),
        *("amount", "amount__numerator", "amount__denominator"),
        *("net_amount", "net_amount__numerator", "net_amount__denominator"),
    ]
    for row in cursor.fetchall():
        values = dict(zip(names, row, strict=True))
        top, bottom = values["conversion_rate__numerator"], values["conversion_rate__denominator"]
        assert values["conversion_rate"] == (None if top is None or not bottom else pytest.approx(top / bottom))
        assert values["amount__numerator"] == values["amount"]
        assert values["amount__denominator"] is values["net_amount__numerator"] is None


def test_totals_are_the_sum_of_their_parts(ask: Ask) -> None:
    for metric, name in (("amount", "session__device"), ("sessions", "customer"), ("items", "product__category")):
        total = sum(value or 0 for value in ask(metric, name).values())
        assert ask(metric)[()] == pytest.approx(total)


def test_the_order_and_number_of_rows_asked_for_are_returned(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    query = Query(["amount", "orders"], ["customer"], order_by=["-amount", "customer"], limit=5)
    amounts = [row[1] for row in fetch(con, layer.compile(query))]
    assert len(amounts) == 5
    assert amounts == sorted(amounts, reverse=True)


def test_a_metric_does_not_depend_on_what_else_is_asked(con: duckdb.DuckDBPyConnection, layer: SemanticLayer) -> None:
    metrics = [name for name, metric in layer.metrics.items() if metric.type != "conversion"]
    together = [name for name in metrics if "metric_time__month" in layer.dimensions(name)]
    keys = ["metric_time__month", "customer__segment"]
    together = [name for name in together if "customer__segment" in layer.dimensions(name)]
    assert len(together) > 30
    days = {"start": date(2024, 1, 1), "end": date(2024, 4, 30)}
    at_once = {row[:2]: row[2:] for row in fetch(con, layer.compile(Query(together, keys, **days)))}
    for index, name in enumerate(together):
        alone = {row[:2]: row[2] for row in fetch(con, layer.compile(Query([name], keys, **days)))}
        for key, values in at_once.items():
            filled = values[index] == 0 and key not in alone
            assert alone.get(key) == values[index] or filled, (name, key)


@pytest.mark.parametrize("condition", ["Entity('channel')", "Entity('purchase__channel')"])
def test_a_row_for_every_period_obeys_the_conditions_on_what_it_shows(ask: Ask, frames: Frames, condition: str) -> None:
    orders = frames["fct_orders"]
    days = orders[orders["channel"].isin(["search", "mail"])].groupby(["ordered_on", "channel"])["order_id"].count()
    first = date(2024, 2, 28)
    wanted = {(day.date(), channel): count for (day, channel), count in days.items() if day.date() == first}
    asked = {"where": [f"{{{{ {condition} }}}} in ('search', 'mail')"], "start": first, "end": first}
    for name in ("channel", "purchase__channel"):
        assert ask("orders_filled", "metric_time__day", name, **asked) == wanted
