"""Display advertising whose file names month and day but no year. Independent figures: SOURCES.md beside the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.real_workspaces import RealWorkspace, run_real_workspace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def ads(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealWorkspace:
    return run_real_workspace("ads", tmp_path_factory.mktemp("ads"), shared_data)


@pytest.mark.parametrize(
    ("month", "cost", "clicks", "revenue", "roas"),
    [
        ("2020-04-01", "88816.15", 1661125, "168344.80", "1.895"),
        ("2020-05-01", "55581.46", 539904, "79488.69", "1.430"),
        ("2020-06-01", "30795.39", 291808, "28431.08", "0.923"),
    ],
)
def test_month(ads: RealWorkspace, month: str, cost: str, clicks: int, revenue: str, roas: str) -> None:
    assert f"{ads.value('ad_spend', 'month', month):.2f}" == cost
    assert ads.value("clicks", "month", month) == clicks
    assert f"{ads.value('display_revenue', 'month', month):.2f}" == revenue
    assert f"{ads.value('display_roas', 'month', month):.3f}" == roas
