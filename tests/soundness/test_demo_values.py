"""Every published value of the demo company against an independent computation in pandas from its raw files.

A failure here means that a number is wrong, or that it is not the number its description promises.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.conftest import BuiltWorkspace
from tests.soundness.demo_truth import WORKSPACE, Metric, truth
from tests.soundness.demo_truth_time import ExchangeRates, business_minutes, is_closed, read_settings

pytestmark = pytest.mark.integration

METRICS = (
    *("impressions", "clicks", "ad_spend", "ctr", "cpc"),
    *("sessions", "page_views", "bounced_sessions", "bounce_rate", "add_to_cart_sessions", "add_to_cart_rate"),
    *("orders", "gross_revenue", "refunds", "revenue", "revenue_growth", "conversion_rate", "average_order_value"),
    *("new_customers", "cac", "first_orders_mature", "first_orders_repeated", "repurchase_rate_30d"),
    *("orders_with_refund", "return_rate", "items_sold", "refunded_items", "item_return_rate"),
    *("leads", "valid_leads", "valid_lead_rate", "deals_won_from_leads", "lead_to_deal_rate"),
    *("opportunities_closed", "opportunities_won", "opportunity_win_rate"),
    *("qualified_leads", "accepted_leads", "qualified_leads_accepted", "mql_to_sql_rate"),
    *("rated_leads", "sales_rating_points", "sales_acceptance_score", "sales_cycles_known", "sales_cycle_days"),
    *("calls", "emails_to_prospects", "meetings", "pipeline_value", "open_opportunities"),
    *("won_amount", "sales_quota", "quotas_set", "quota_attainment"),
    *("tickets_created", "tickets_solved", "first_responses", "first_response_minutes"),
    *("tickets_solved_at_first_contact", "first_contact_resolution_rate"),
    *("csat_answers", "csat_satisfied", "csat"),
    *("visitors", "engaged_visitors", "observed_visitors", "engagement_index", "social_traffic"),
    *("traffic_source_share", "pages_per_session", "scroll_depth_sum", "sessions_with_scroll_depth", "scroll_depth"),
    *("forms_submitted", "form_conversion_rate", "cta_impressions", "cta_interactions", "cta_response_rate"),
    *("checkout_rate", "thousand_impressions", "cpm", "ad_conversions", "cpa"),
    *("cpl", "ad_attributed_orders", "ad_attributed_revenue", "ad_attributed_gross_profit", "roas"),
    *("marketing_profit", "marketing_roi", "emails_sent", "emails_delivered", "email_opens"),
    *("email_clicks", "email_open_rate", "email_click_rate", "social_posts", "social_reactions"),
    *("social_shares", "social_influence_index", "social_followers", "new_followers", "content_items"),
    *("blog_posts_published", "video_impressions", "video_views", "video_views_15s", "video_views_30s"),
    *(
        "video_completion_rate_3s",
        "video_completion_rate_15s",
        "video_completion_rate_30s",
        "brand_recall_answers",
        "brand_recalled",
    ),
    *("brand_recall",),
    *("nps_answers", "nps_promoters", "nps_detractors", "nps_points", "nps"),
    *("refunds_by_order_date", "revenue_by_order_date", "cost_of_goods", "gross_profit", "gross_margin"),
    *("operating_costs", "net_profit", "net_profit_margin"),
    *("market_share", "market_share_entries", "market_share_weighted", "market_share_weight"),
    *("return_on_assets", "return_on_assets_entries", "return_on_assets_weighted", "return_on_assets_weight"),
    *("ratings", "rating_stars", "positive_ratings", "review_rating", "positive_review_share"),
    *("signups_mature", "signups_activated", "activation_rate"),
    *(
        "cohort_customers",
        "cohort_gross_profit",
        "cohort_first_order_profit",
        "customer_lifetime_value",
        "first_order_profit",
    ),
    *("ltv_to_cac", "cac_payback_days"),
    *("active_subscriptions", "subscriptions_at_start", "new_subscriptions", "cancelled_subscriptions"),
    *("mrr", "mrr_at_start", "new_mrr", "churned_mrr", "retained_mrr", "mrr_growth", "churn_rate", "retention_rate"),
    *("first_response_minutes_p90", "resolution_hours", "resolution_hours_p90", "ticket_backlog"),
    *("agent_days", "staffed_days", "agents_on_shift"),
    *("csat_invitations", "csat_invitations_answered", "csat_response_rate"),
    *("deliveries_with_promise", "deliveries_on_time", "on_time_delivery_rate"),
    *("delivery_minutes_ahead", "minutes_ahead_of_promise"),
    *("shipping_cost", "orders_with_shipping_cost", "average_shipping_cost"),
    *("inventory_units_lost", "inventory_units_out", "inventory_loss_rate"),
    *("headcount", "headcount_at_start", "headcount_months", "headcount_month_sum", "mean_headcount"),
    *("employees_left", "employee_turnover_rate", "employees_stayed", "employee_retention_rate"),
    *("employee_answers", "employee_satisfaction_points", "employee_satisfaction"),
)
KEY = ["period_start", "member"]
close = partial(np.isclose, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.fixture(scope="module")
def expected(demo: BuiltWorkspace) -> Mapping[str, Metric]:
    return truth(demo.files, demo.root / "workspace.yml")


@pytest.fixture(scope="module")
def con(demo: BuiltWorkspace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as connection:
        yield connection


def published(con: duckdb.DuckDBPyConnection, metric: str) -> pd.DataFrame:
    """Current rows of a metric, parts as doubles."""
    rows = con.execute(
        """select grain, segment_dimension, period_start, segment_value as member, state, currency,
            numerator::double as numerator, denominator::double as denominator, value, n::double as n, ci_low, ci_high
        from mart.kpi_current where metric = ?""",
        [metric],
    ).df()
    return rows.assign(period_start=pd.to_datetime(rows["period_start"]))


def disagreements(ours: pd.DataFrame, wanted: pd.DataFrame, is_additive: bool) -> list[str]:
    """What differs between two frames with index KEY.

    A sum over no rows is 0 to its reader, whether it is stored as 0 or not at all. Any other value that is not defined
    (0 / 0, a median of nothing) must be absent or NULL, and must never be 0.
    """
    if is_additive:
        index = ours.index.union(wanted.index)
        ours, wanted = ours.reindex(index), wanted.reindex(index)
        zero = {"value": 0.0, "numerator": 0.0}
        ours, wanted = ours.fillna(zero), wanted.fillna(zero)
    else:
        ours, wanted = ours[ours["value"].notna()], wanted[wanted["value"].notna()]
        lost, extra = wanted.index.difference(ours.index), ours.index.difference(wanted.index)
        found = [f"{key}: no value, truth {wanted.loc[key, 'value']}" for key in lost[:5]]
        found += [f"{key}: {ours.loc[key, 'value']}, truth has none" for key in extra[:5]]
        if found:
            return [f"{len(lost)} lost, {len(extra)} too many", *found]
    found = []
    for column in ("value", "numerator", "denominator", "n"):
        known = wanted[column].notna()
        left, right = ours.loc[wanted.index[known], column], wanted.loc[known, column]
        wrong = ~close(left.to_numpy(dtype="float64"), right.to_numpy(dtype="float64"))
        found += [f"{column} of {key}: {left[key]}, truth {right[key]}" for key in left.index[wrong][:5]]
    return found


@pytest.mark.parametrize("name", METRICS)
def test_every_closed_value_equals_the_truth(
    name: str, con: duckdb.DuckDBPyConnection, expected: Mapping[str, Metric]
) -> None:
    """All grains, the total and every declared dimension; states say exactly which periods are closed."""
    metric, rows = expected[name], published(con, name)
    problems = []
    for grain in metric.grains:
        for dimension in ("", *metric.segments):
            ours = rows[(rows["grain"] == grain) & (rows["segment_dimension"] == dimension)]
            closed = is_closed(ours["period_start"], grain, metric.closed_through)
            problems += [
                f"{grain} {row.period_start.date()} {dimension} {row.member}: state {row.state}"
                for row in ours[closed.eq(ours["state"].eq("open"))].head(3).itertuples()
            ]
            assert not ours.duplicated(KEY).any()
            wanted = metric.values(grain, dimension)
            found = disagreements(ours[closed].set_index(KEY).sort_index(), wanted, metric.is_additive)
            problems += [f"{grain} {dimension} {line}" for line in found]
    assert not problems, f"{name}:\n" + "\n".join(problems[:40])


def test_a_truth_exists_for_every_connected_metric(con: duckdb.DuckDBPyConnection, expected: Mapping[str, Metric]) -> None:
    found = con.execute("select metric, grains, segments from mart.dim_kpi where is_connected").fetchall()
    assert set(METRICS) == set(expected) == {metric for metric, _, _ in found}
    declared = {
        metric: (set(grains.split(",")), set(filter(None, segments.split(",")))) for metric, grains, segments in found
    }
    assert declared == {name: (set(metric.grains), set(metric.segments)) for name, metric in expected.items()}


def test_nothing_is_published_beyond_the_declared_grains_and_segments(
    con: duckdb.DuckDBPyConnection, expected: Mapping[str, Metric]
) -> None:
    found = con.execute("select distinct metric, grain, segment_dimension from mart.kpi_current").fetchall()
    wanted = {
        (name, grain, dimension)
        for name, metric in expected.items()
        for grain in metric.grains
        for dimension in ("", *metric.segments)
    }
    assert set(found) == wanted


def test_money_carries_the_currency_and_nothing_else_does(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        """select distinct v.metric, v.currency, d.unit from mart.kpi_current v join mart.dim_kpi d using (metric)
        where v.currency <> case when d.unit = 'currency' then 'EUR' else '' end"""
    ).fetchall()
    assert found == []


def test_satisfaction_comes_with_its_wilson_interval(con: duckdb.DuckDBPyConnection) -> None:
    """Wilson (1927), 95 %: (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n)."""
    rows = published(con, "csat")
    rows = rows[rows["value"].notna()]
    share, n, z = rows["value"], rows["denominator"], 1.959963984540054
    middle = share + z**2 / (2 * n)
    reach = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = (middle - reach) / (1 + z**2 / n), (middle + reach) / (1 + z**2 / n)
    assert len(rows) > 100
    np.testing.assert_allclose(rows["ci_low"], low.clip(0, 1), atol=1e-9)
    np.testing.assert_allclose(rows["ci_high"], high.clip(0, 1), atol=1e-9)


def test_the_truth_agrees_with_what_the_generator_planted(demo: BuiltWorkspace, expected: Mapping[str, Metric]) -> None:
    """A second witness: the generator's totals over the whole history, the open day included, money to the cent."""
    planted = json.loads((demo.files / "truth.json").read_text(encoding="utf-8"))
    totals = planted["totals"]["metrics"]
    # the generator counts leads without tests
    totals["leads"] += planted["faults"]["leads"]["test"]["count"]
    found = {name: expected[name].compute("quarter", "")["value"].sum() for name in totals}
    assert {name: round(value, 2) for name, value in found.items()} == totals


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2025-03-07 17:30", "2025-03-10 09:30", 60.0),  # Friday to Monday
        ("2025-03-08 11:00", "2025-03-09 15:00", 0.0),  # a weekend
        ("2025-03-28 17:59:30", "2025-03-31 09:00:30", 1.0),  # over the change to summer time
        ("2025-04-17 12:00", "2025-04-22 10:00", 420.0),  # over Good Friday and Easter Monday
        ("2025-03-11 20:00", "2025-03-13 07:00", 540.0),  # from closing time to before opening: the day between
        ("2025-03-11 20:00", "2025-03-11 23:00", 0.0),  # an answer at night
    ],
)
def test_business_minutes_counted_by_hand(start: str, end: str, minutes: float) -> None:
    """Local times of Berlin; the truth itself is worth no more than its clock."""
    utc = [
        pd.Series([pd.Timestamp(time)]).dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC").dt.tz_localize(None)
        for time in (start, end)
    ]
    assert business_minutes(utc[0], utc[1], read_settings(WORKSPACE)).tolist() == [minutes]


def test_rates_of_the_day_or_the_latest_before_and_never_one_to_one() -> None:
    friday, sunday = pd.Timestamp("2025-03-07"), pd.Timestamp("2025-03-09")
    quotes = pd.DataFrame({"day": [friday], "currency": ["USD"], "units": [1.25]})
    rates = ExchangeRates(quotes, "EUR")
    amounts, days = pd.Series(["10.00", "10.00"]), pd.Series([sunday, friday - pd.Timedelta(days=1)])
    assert rates.convert(amounts, pd.Series(["USD", "EUR"]), days).tolist() == [8.0, 10.0]
    with pytest.raises(ValueError, match="USD"):
        rates.convert(amounts, pd.Series(["USD", "USD"]), days)
