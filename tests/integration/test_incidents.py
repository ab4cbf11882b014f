"""Tickets out of a zipped event log, with a model of the workspace's own beside the entity.

Independent figures: SOURCES.md beside the files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.real_workspaces import RealWorkspace, run_real_workspace

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def desk(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> RealWorkspace:
    return run_real_workspace("incidents", tmp_path_factory.mktemp("incidents"), shared_data)


def test_one_row_per_ticket(desk: RealWorkspace) -> None:
    """141,712 events are 24,918 tickets."""
    rows = desk.read(
        "select metric, sum(numerator)::integer from mart.kpi_current where grain = 'month' and segment_dimension = ''"
        " and metric in ('tickets_created', 'tickets_solved', 'incidents_opened') group by 1"
    )
    assert dict(rows) == {"tickets_created": 24918, "tickets_solved": 24918, "incidents_opened": 24918}


@pytest.mark.parametrize(
    ("metric", "rate"),
    [
        ("first_contact_resolution_rate", "54.13%"),
        ("sla_rate", "63.42%"),
        ("never_reassigned_rate", "54.37%"),
        ("reopened_rate", "1.10%"),
    ],
)
def test_rate_over_all_tickets(desk: RealWorkspace, metric: str, rate: str) -> None:
    assert f"{desk.share(metric):.2%}" == rate


@pytest.mark.parametrize(("month", "resolved"), [("2016-03-01", 6878), ("2016-04-01", 7794), ("2016-05-01", 7150)])
def test_resolved_in_a_month(desk: RealWorkspace, month: str, resolved: int) -> None:
    assert desk.value("incidents_resolved", "month", month) == resolved


def test_tickets_without_a_resolution_time(desk: RealWorkspace) -> None:
    rows = desk.read(
        "select sum(numerator)::integer from mart.kpi_current where metric = 'incidents_resolved' and grain = 'month'"
    )
    assert rows == [(24918 - 1556,)]


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("resolution_hours_median_to_date", "22.1"),
        ("resolution_hours_mean_to_date", "178.2"),
        ("first_touch_minutes_median_to_date", "21.0"),
        ("first_touch_minutes_mean_to_date", "2616.4"),
    ],
)
def test_over_all_tickets_to_date(desk: RealWorkspace, metric: str, figure: str) -> None:
    """The quarter in which the log ends has seen all tickets."""
    assert f"{desk.value(metric, 'quarter', '2017-01-01'):.1f}" == figure
