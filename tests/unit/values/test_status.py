"""Status: direction, hysteresis, targets with dates, changes, and the reasons why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from metrics.catalogue import Kpi, Thresholds
from metrics.values import append_targets, compute_values, write_definitions, write_status
from metrics.values.status import PeriodTarget, Point, attainment, change, judged, walk
from tests.unit.values.company import TODAY, Company, build, random_frames

LINES = Thresholds(at_risk=0.98, off_track=0.9, hysteresis=0.02)

TEXTS = "{en: text, zh: 文字}"
KPIS = f"""
version: 1
kpis:
  - id: orders
    title: {{en: Orders, zh: 订单}}
    description: {TEXTS}
    question: {TEXTS}
    owner: Head of sales
    level: operational
    scope: company
    timing: lagging
    role: output
    minimum_n: 30
    playbook: {TEXTS}
    leading_indicators: [{{kpi: sessions, lag_days: 1}}]
    targets:
      - {{from: 2026-01-01, to: 2026-04-30, grain: month, value: 100}}
      - {{from: 2026-05-01, to: 2026-12-31, grain: month, path: linear, start: 100, value: 344, stretch: 400}}
      - {{from: 2026-01-01, grain: month, scope: {{channel: email}}, value: 10}}
"""


@pytest.mark.parametrize(
    ("value", "target", "direction", "share"),
    [(90, 100, "up", 0.9), (90, 100, "down", 100 / 90), (0, 100, "down", None), (5, -1, "up", None), (-5, 10, "up", None)],
)
def test_attainment(value: float, target: float, direction: str, share: float | None) -> None:
    assert attainment(value, target, direction) == share


@pytest.mark.parametrize(
    ("value", "direction", "before", "expected"),
    [
        (98, "up", None, "on_track"),
        (97.9, "up", None, "at_risk"),
        (89.9, "up", None, "off_track"),
        (99, "up", "at_risk", "at_risk"),  # recovered, but not by the hysteresis
        (100, "up", "at_risk", "on_track"),
        (91, "up", "off_track", "off_track"),
        (92, "up", "off_track", "at_risk"),
        (110, "up", "off_track", "on_track"),
        (97.9, "up", "on_track", "at_risk"),  # no hysteresis downwards
        (101, "down", None, "on_track"),
        (115, "down", None, "off_track"),
        (0, "down", None, "on_track"),
        (-1, "up", None, "off_track"),
    ],
)
def test_status_of_one_period(value: float, direction: str, before: object, expected: str) -> None:
    assert judged(value, 100, direction, LINES, before) == expected  # type: ignore[arg-type]


def test_a_month_of_loss_is_the_one_before() -> None:
    """A loss has no share of the target but a verdict: after it 92 % (90 and the hysteresis) are needed to be better."""
    assert judged(-5, 100, "up", LINES, None) == "off_track"
    assert [judged(value, 100, "up", LINES, judged(-5, 100, "up", LINES, None)) for value in (91, 92)] == [
        "off_track", "at_risk",
    ]  # fmt: skip


def test_change_needs_a_positive_base() -> None:
    assert change(115, 100) == pytest.approx(0.15)
    assert [change(5, 0), change(5, -1), change(None, 5), change(5, None)] == [None] * 4


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Company:
    found = build(tmp_path_factory.mktemp("status"), KPIS)
    found.load(random_frames(seed=3))
    found.set_time(TODAY, date(2026, 6, 9), date(2026, 5, 10))
    compute_values(found.con, found.ws, found.layer, found.catalogue, None, "run")
    write_definitions(found.con, found.catalogue)
    append_targets(found.con, found.catalogue, "run")
    return found


@pytest.fixture
def company(computed: Company) -> Iterator[Company]:
    """The computed company with its status; what a test deletes or moves comes back."""
    write_status(computed.con, computed.ws, computed.catalogue)
    computed.con.execute("create or replace temp table kept as select * from mart.kpi_values")
    yield computed
    computed.con.execute("delete from mart.kpi_values")
    computed.con.execute("insert into mart.kpi_values select * from kept")
    computed.set_time(TODAY, date(2026, 6, 9), date(2026, 5, 10))


def row(company: Company, grain: str) -> dict[str, object]:
    answer = company.con.execute(
        "select * from mart.kpi_status where metric = 'orders' and grain = ? and segment_value = ''", [grain]
    )
    names = [column[0] for column in answer.description]
    found = answer.fetchall()
    assert len(found) == 1
    return dict(zip(names, found[0], strict=True))


def test_the_latest_closed_month_is_judged_against_its_target(company: Company) -> None:
    month = row(company, "month")
    orders = company.frames["fct_orders"]["business_date"]
    may, april = ((orders.map(lambda day: day.month) == number).sum() for number in (5, 4))
    assert (month["period_start"], month["period_end"], month["is_headline"]) == (date(2026, 5, 1), date(2026, 5, 31), True)
    assert (month["value"], month["previous_value"], month["change"]) == (may, april, pytest.approx(may / april - 1))
    assert (month["target"], month["stretch"]) == (100, 400)
    assert month["attainment"] == pytest.approx(may / 100)
    assert month["status"] == "on_track"
    trend = month["trend_values"]
    assert isinstance(trend, list)
    assert (len(trend), trend[0], trend[-1]) == (13, None, may)


def test_a_cohort_is_judged_when_it_is_mature(company: Company) -> None:
    young = company.catalogue.kpis["orders"]
    object.__setattr__(company.catalogue, "kpis", {"orders": young.model_copy(update={"matures_after_days": 30})})
    write_status(company.con, company.ws, company.catalogue)
    object.__setattr__(company.catalogue, "kpis", {"orders": young})
    assert row(company, "month")["period_start"] == date(2026, 4, 1)


def test_days_are_too_few_and_weeks_have_no_target(company: Company) -> None:
    assert row(company, "day")["status"] == "too_few"
    assert row(company, "week")["status"] == "no_target"
    assert row(company, "week")["period_start"] == date(2026, 6, 1)


def test_a_closed_period_without_a_value_is_no_data(company: Company) -> None:
    company.con.execute("delete from mart.kpi_values where metric = 'orders' and period_start = date '2026-05-01'")
    write_status(company.con, company.ws, company.catalogue)
    assert row(company, "month")["status"] == "no_data"


def test_nothing_closed_is_no_data(company: Company) -> None:
    company.set_time(TODAY, None, None)
    write_status(company.con, company.ws, company.catalogue)
    assert (row(company, "month")["status"], row(company, "month")["period_start"]) == ("no_data", None)


def test_a_linear_target_moves_in_a_straight_line(company: Company) -> None:
    kpi = company.catalogue.kpis["orders"]
    target = next(target for target in kpi.targets if target.grain == "month" and target.holds_on(date(2026, 7, 1)))
    assert target.value_on(date(2026, 7, 1)) == pytest.approx(100 + 244 * 61 / 244)


def test_hysteresis_walks_through_the_periods(company: Company) -> None:
    kpi: Kpi = company.catalogue.kpis["orders"].model_copy(update={"thresholds": LINES})
    starts = [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
    points = {start: Point(value, 100, "settled") for start, value in zip(starts, (97, 99, 100), strict=True)}
    target = PeriodTarget(100, None, None, date(2026, 1, 1), "step")
    found = [score.status for score in walk(kpi, "up", starts, points, lambda _: target)]
    assert found == ["at_risk", "at_risk", "on_track"]


def test_definitions_are_described(company: Company) -> None:
    answer = company.con.execute(
        "select kind, title_zh, formula, owner, is_connected, segments, defined_at from mart.dim_kpi where metric = 'orders'"
    ).fetchone()
    assert answer is not None
    assert answer[:6] == ("kpi", "订单", "sum(1)", "Head of sales", True, "channel")
    assert answer[6].endswith("own.yml:4")
    plain = company.con.execute("select kind, owner, formula from mart.dim_kpi where metric = 'csat'").fetchone()
    assert plain == ("metric", None, "csat_satisfied / csat_answers")
    targets = company.con.execute(
        "select segment_dimension, segment_value, target from mart.kpi_targets order by all"
    ).fetchall()
    assert targets == [("", "", 100), ("", "", 344), ("channel", "email", 10)]
    leaders = company.con.execute("select leading_metric, lag_days from mart.kpi_leading_indicators").fetchall()
    assert leaders == [("sessions", 1)]


def test_writing_twice_leaves_one_row_each(company: Company) -> None:
    # four grains, and the month of the segment that has a target of its own
    assert write_status(company.con, company.ws, company.catalogue).rows == 5
    assert company.con.execute("select count(*) from mart.kpi_status").fetchone() == (5,)
