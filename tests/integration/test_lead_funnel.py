"""Leads joined to the deals won from them; origins become channels by rule. Independent figures: SOURCES.md beside the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.real_workspaces import RealWorkspace, run_real_workspace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def funnel(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealWorkspace:
    return run_real_workspace("lead_funnel", tmp_path_factory.mktemp("funnel"), shared_data)


def test_leads_that_became_deals(funnel: RealWorkspace) -> None:
    sums = "select sum(numerator), sum(denominator) from mart.kpi_current where metric = 'lead_to_deal_rate'"
    assert funnel.read(f"{sums} and grain = 'month' and segment_dimension = ''") == [(842, 8000)]
    assert f"{funnel.share('lead_to_deal_rate'):.3%}" == "10.525%"


@pytest.mark.parametrize(
    ("channel", "rate"),
    [
        ("organic_search", "11.80%"),
        ("paid_search", "12.30%"),
        ("social", "5.56%"),
        ("email", "3.04%"),
        ("display", "5.08%"),
    ],
)
def test_rate_by_origin(funnel: RealWorkspace, channel: str, rate: str) -> None:
    assert f"{funnel.share('lead_to_deal_rate', 'channel', channel):.2%}" == rate


def test_channels_add_up_to_all_leads(funnel: RealWorkspace) -> None:
    """Counted in the file: 150 leads of origin other and 65 of other publicities are one channel, unknown ones none."""
    rows = funnel.read(
        "select segment_value, sum(numerator)::integer from mart.kpi_current where metric = 'leads' and grain = 'month'"
        " and segment_dimension = 'channel' group by 1"
    )
    assert dict(rows) == {
        "organic_search": 2296, "paid_search": 1586, "social": 1350, "email": 493, "display": 118, "direct": 499,
        "referral": 284, "other": 215, "(none)": 1159,
    }  # fmt: skip


def test_days_from_first_contact_to_deal(funnel: RealWorkspace) -> None:
    assert funnel.value("days_to_deal_median_to_date", "quarter", "2018-10-01") == 14
    assert f"{funnel.value('days_to_deal_mean_to_date', 'quarter', '2018-10-01'):.2f}" == "48.44"
