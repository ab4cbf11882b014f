"""Two campaigns in files with ``;`` and d.m.yyyy; one day of one of them has no values.

Independent figures: SOURCES.md beside the files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.real_workspaces import RealWorkspace, run_real_workspace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def campaigns(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealWorkspace:
    return run_real_workspace("ab_campaign", tmp_path_factory.mktemp("ab"), shared_data)


@pytest.mark.parametrize(
    ("campaign", "ctr", "cpc", "purchases"),
    [("Control Campaign", "4.857%", "0.4330", "9.83%"), ("Test Campaign", "8.088%", "0.4249", "8.64%")],
)
def test_campaign(campaigns: RealWorkspace, campaign: str, ctr: str, cpc: str, purchases: str) -> None:
    """Ratios of sums over the month; the mean of the daily ratios would be 5.10 % and 10.24 %."""
    where = ("month", "2019-08-01", "campaign", campaign)
    assert f"{campaigns.value('ctr', *where):.3%}" == ctr
    assert f"{campaigns.value('cpc', *where):.4f}" == cpc
    assert f"{campaigns.value('purchases_per_click', *where):.2%}" == purchases


def test_the_test_campaign_gains_two_thirds(campaigns: RealWorkspace) -> None:
    rates = [campaigns.value("ctr", "month", "2019-08-01", "campaign", f"{name} Campaign") for name in ("Test", "Control")]
    assert f"{rates[0] / rates[1] - 1:+.0%}" == "+67%"


def test_the_day_without_values_is_missing_and_not_zero(campaigns: RealWorkspace) -> None:
    day = "2019-08-05"
    for metric in ("ad_spend", "impressions", "clicks", "ctr", "cpc", "campaign_purchases"):
        assert campaigns.value(metric, "day", day, "campaign", "Control Campaign") is None
        # What the day shows in total is what the other campaign did.
        assert campaigns.value(metric, "day", day) == campaigns.value(metric, "day", day, "campaign", "Test Campaign")
    assert campaigns.value("clicks", "day", day) == 5863
    assert "control_group.csv line 6" in campaigns.output
