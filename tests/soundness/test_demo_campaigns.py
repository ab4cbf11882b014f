"""`mart.campaign_performance` of the demo company against pandas, from the raw files; and what `kpi campaigns` prints of it."""

from __future__ import annotations

import json
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.kpi_definitions import load_definitions
from metrics.campaigns import write_campaigns
from metrics.catalogue.model import Target
from metrics.warehouse import open_warehouse
from metrics.workspace import load_workspace
from tests.conftest import BuiltWorkspace, Kpi
from tests.soundness.demo_truth import WORKSPACE, closed_days
from tests.soundness.demo_truth_files import DemoFiles, _csv, _lookup
from tests.soundness.demo_truth_marketing_files import MarketingFiles
from tests.soundness.demo_truth_time import is_closed, period_of, read_settings

pytestmark = pytest.mark.integration

Facts = tuple[dict[str, tuple[pd.DataFrame, str]], pd.Timestamp, pd.Timestamp]
KEY = ["period_start", "channel", "campaign"]
MEASURES = ["ad_spend", "impressions", "clicks", "ad_conversions", "sessions", "orders", "new_customers",
            "ad_attributed_orders", "ad_attributed_revenue"]  # fmt: skip
# A source that says nothing of orders says that there were none; of visits, ads and newcomers it says nothing.
COUNTED_AS_NONE = ["orders", "ad_attributed_orders", "ad_attributed_revenue"]


@pytest.fixture(scope="module")
def published(demo: BuiltWorkspace) -> pd.DataFrame:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        rows = con.execute("select * from mart.campaign_performance").df()
    return rows.assign(period_start=pd.to_datetime(rows["period_start"]))


@pytest.fixture(scope="module")
def facts(demo: BuiltWorkspace) -> Facts:
    """Rows of each measure with the column to add up (empty: count rows); start of history and the last closed day."""
    settings = read_settings(WORKSPACE)
    files = DemoFiles(demo.files, settings)
    more = MarketingFiles(demo.files, files)
    raw = _csv(demo.files, "ads/ad_performance_*.csv")
    raw = raw.drop_duplicates(["data_source", "report_date", "campaign_id", "geo"], keep="last")
    ads = files.ads.assign(conversions=raw["conversions"].astype("float64").to_numpy())
    landing = _csv(demo.files, "shop/orders_*.csv").drop_duplicates("id", keep="last").set_index("id")["landing_session_id"]

    def with_campaign(orders: pd.DataFrame) -> pd.DataFrame:
        visit = orders["order_id"].map(landing)
        return orders.join(_lookup(visit, files.sessions, "session_id", ["campaign"]))

    found = {
        "ad_spend": (ads, "spend"), "impressions": (ads, "impressions"), "clicks": (ads, "clicks"),
        "ad_conversions": (ads, "conversions"), "sessions": (files.sessions, ""),
        "orders": (with_campaign(files.orders), ""), "new_customers": (with_campaign(files.first_orders), ""),
        "ad_attributed_orders": (more.attributed, ""), "ad_attributed_revenue": (more.attributed, "gross"),
    }  # fmt: skip
    days = closed_days(files)
    return found, settings.history_start, min(days["ads"], days["web"], days["shop"])


def expected(facts: Facts, grain: str) -> pd.DataFrame:
    """Every measure by period, channel and campaign; a group without rows is NaN."""
    sources, start, closed = facts
    columns = {}
    for name, (rows, weight) in sources.items():
        by = rows.assign(
            period_start=period_of(rows["day"], grain), weight=rows[weight].astype("float64") if weight else 1.0
        )
        columns[name] = by.groupby(KEY, dropna=False)["weight"].sum()
    table = pd.concat([column.rename(name).reset_index() for name, column in columns.items()])
    # parts meet by name, also where there is none
    table = table.fillna({"channel": "", "campaign": ""}).groupby(KEY)[MEASURES].sum(min_count=1).reset_index()
    table = table[is_closed(table["period_start"], grain, closed) & (table["period_start"] >= start)]
    return table[(table[MEASURES].fillna(0) != 0).any(axis=1)].fillna(dict.fromkeys(COUNTED_AS_NONE, 0.0)).set_index(KEY)


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_every_number_equals_the_truth(published: pd.DataFrame, facts: Facts, grain: str) -> None:
    ours = published[published["grain"] == grain].fillna({"channel": "", "campaign": ""}).set_index(KEY).sort_index()
    truth = expected(facts, grain).sort_index()
    assert list(ours.index) == list(truth.index)
    assert len(truth) > 100
    for name in MEASURES:
        np.testing.assert_allclose(
            ours[name].astype("float64"), truth[name], rtol=1e-9, atol=1e-6, equal_nan=True, err_msg=name
        )
    spent, newcomers = truth["ad_spend"], truth["new_customers"].replace(0, np.nan)
    judged = {
        "cac": spent / newcomers,
        "roas": truth["ad_attributed_revenue"] / spent.replace(0, np.nan),
        "cpa": spent / truth["ad_conversions"].replace(0, np.nan),
    }
    for name, values in judged.items():
        np.testing.assert_allclose(ours[name].astype("float64"), values, rtol=1e-9, equal_nan=True, err_msg=name)


def test_campaigns_without_visits_and_visits_without_campaigns_stay(published: pd.DataFrame) -> None:
    months = published[published["grain"] == "month"]
    assert months["ad_spend"].isna().any(), "visits that nobody paid for"
    assert not (months["ad_spend"].fillna(1) == 0).any(), "what is not known to be spent is not 0"
    assert months["campaign"].isna().any()


def test_targets_are_those_of_the_company_and_few_newcomers_are_not_judged(published: pd.DataFrame) -> None:
    """The demo has monthly targets: CAC 42, CPA 24, ROAS 1.5 and from 2026 on 1.7; minimum_n is 20 newcomers for CAC."""
    months = published[published["grain"] == "month"]
    assert set(months["cac_target"]) == {42.0}
    assert set(months["cpa_target"]) == {24.0}
    of_2026 = months["period_start"] >= "2026-01-01"
    assert set(months.loc[of_2026, "roas_target"]) == {1.7}
    assert set(months.loc[~of_2026, "roas_target"]) == {1.5}
    assert set(months["cac_target_scope"]) == {"company"}
    known = months[months["cac"].notna()]
    assert set(known.loc[known["cac_n"] < 20, "cac_status"]) == {"too_few"}
    assert set(months.loc[months["cac"].isna(), "cac_status"]) == {"no_data"}
    assert set(published.loc[published["grain"] == "quarter", "cac_status"]) <= {"no_target", "too_few", "no_data"}


def test_the_narrowest_target_judges(demo_copy: BuiltWorkspace) -> None:
    """Company 42, paid search 60, one campaign 200: each campaign is held against the narrowest. 2 newcomers suffice here."""
    ws = load_workspace(demo_copy.root)
    definitions = load_definitions(ws)
    layer, catalogue = definitions.layer, definitions.catalogue
    kpi = catalogue.kpis["cac"]
    valid = {"from": "2024-07-01", "grain": "month"}
    narrow = [
        Target.model_validate({**valid, "value": 60, "scope": {"channel": "paid_search"}}),
        Target.model_validate({**valid, "value": 200, "scope": {"campaign": "shopping_all"}}),
    ]
    changed = kpi.model_copy(update={"targets": (*kpi.targets, *narrow), "minimum_n": 2})
    with open_warehouse(ws) as con:
        write_campaigns(con, ws, layer, replace(catalogue, kpis={**catalogue.kpis, "cac": changed}))
        rows = con.execute(
            """select channel, campaign, cac, cac_n, cac_target, cac_target_scope, cac_status
            from mart.campaign_performance where grain = 'month' order by period_start, channel, campaign"""
        ).fetchall()
    for channel, campaign, _, _, target, scope, _ in rows:
        if campaign == "shopping_all":
            assert (target, scope) == (200, "campaign")
        elif channel == "paid_search":
            assert (target, scope) == (60, "channel")
        else:
            assert (target, scope) == (42, "company")
    judged = [row for row in rows if row[2] is not None and row[3] >= 2]
    # up to the target it is on track, and more than a ninth above it it is off track: 0.9 of the target is reached no more
    assert {row[6] for row in judged if row[2] <= row[4]} == {"on_track"}
    assert {row[6] for row in judged if row[2] > row[4] / 0.9} == {"off_track"}
    assert {row[6] for row in rows if row[2] is not None and row[3] < 2} == {"too_few"}


def test_the_command_prints_the_last_closed_month_within_100_columns(demo: BuiltWorkspace, kpi: Kpi) -> None:
    printed = kpi("campaigns", "-w", demo.root).stdout.splitlines()
    assert printed[0].startswith("Campaigns in 2026-05, money in EUR")
    assert max(map(len, printed)) <= 100
    assert any("cac: Cost of a new customer (CAC), target 42.00 EUR" in line for line in printed)
    asked = kpi("campaigns", "--month", "2026-04", "--channel", "paid_search", "--format", "json", "-w", demo.root)
    rows = json.loads(asked.stdout)
    assert {(row["channel"], row["period_start"]) for row in rows} == {("paid_search", "2026-04-01")}
    assert "search_brand" in {row["campaign"] for row in rows}
    refused = kpi("campaigns", "--month", "2030-01", "-w", demo.root)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "2030-01 is no closed month with campaigns; there are those from 2024-07 to 2026-05." in refused.stderr
    assert kpi("campaigns", "--month", "May", "-w", demo.root).returncode == 2
