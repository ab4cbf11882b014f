"""Scorecards, tree, goals and objectives of the demo company after a real run, as tables and on the command line."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from rich.cells import cell_len

from tests.conftest import BuiltWorkspace, Kpi

pytestmark = pytest.mark.integration


def read(workspace: BuiltWorkspace, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(workspace.published.resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_every_formula_holds_in_every_closed_period(demo: BuiltWorkspace) -> None:
    found = read(demo, "select metric, grain, periods_checked, periods_failed from mart.kpi_tree_checks")
    assert {("gross_revenue", "month"), ("revenue", "day"), ("cac", "week")} <= {
        (metric, grain) for metric, grain, _, _ in found
    }
    assert all(checked > 0 and failed == 0 for _, _, checked, failed in found), found


def test_a_score_is_the_weighted_mean_of_its_items(demo: BuiltWorkspace) -> None:
    # the same sum in SQL: sum(weight x points) / sum(weight) over what has points
    wrong = read(
        demo,
        """with again as (
            select scorecard, period_start, sum(weight * points) / sum(weight) as score, sum(weight) as coverage
            from mart.scorecard_items_current where points is not null group by all)
        select * from mart.scorecard_current as s join again as a using (scorecard, period_start)
        where abs(s.score - a.score) > 1e-9 or abs(s.coverage - a.coverage) > 1e-9""",
    )
    assert wrong == []
    cards = {name for (name,) in read(demo, "select distinct scorecard from mart.scorecard_current where score is not null")}
    assert {"marketing", "sales", "support", "website"} <= cards


def test_weights_of_every_scored_period_add_up_to_1(demo: BuiltWorkspace) -> None:
    sums = read(demo, "select sum(weight) from mart.scorecard_items_current group by scorecard, period_start")
    assert sums
    assert all(total == pytest.approx(1) for (total,) in sums)


def test_revenue_points_by_hand(demo: BuiltWorkspace) -> None:
    # no floor: one point for each percent of the target; beyond it 20 more points up to the stretch
    (found,) = read(
        demo,
        """select i.value, i.points, t.start_value, t.target, t.stretch, t.valid_from, t.valid_to, i.item_period_start
        from mart.scorecard_items_current as i
        join mart.kpi_targets as t on t.metric = i.metric and i.item_period_start between t.valid_from and t.valid_to
        where i.scorecard = 'company' and i.metric = 'revenue' order by i.period_start desc limit 1""",
    )
    value, points, start, last, stretch, first_day, last_day, day = found
    target = start + (last - start) * (day - first_day).days / (last_day - first_day).days
    expected = 100 * value / target if value <= target else min(120, 100 + 20 * (value - target) / (stretch - target))
    assert points == pytest.approx(expected)


def test_the_goal_of_the_demo_has_its_cascade(demo: BuiltWorkspace) -> None:
    found = read(demo, "select team, metric, computed_change, stated_change, verdict from mart.goal_cascade order by team")
    assert [(team, metric) for team, metric, *_ in found] == [
        ("", "gross_revenue"),
        ("marketing", "sessions"),
        ("sales", "orders"),
    ]
    # sessions x rate x order value is all of the revenue: 70 % of +10 % are +7 % visits, 30 % are +3 % orders
    assert found[1][2] == pytest.approx(0.07, rel=0.02)
    assert found[2][2:] == (pytest.approx(0.03, rel=0.02), pytest.approx(0.04), "enough")


@pytest.mark.parametrize("command", [
    ("tree",), ("tree", "gross_revenue"), ("pairs",), ("scorecard",), ("scorecard", "company"), ("okr",),
])  # fmt: skip
def test_what_is_printed_fits_100_columns(demo: BuiltWorkspace, kpi: Kpi, command: tuple[str, ...]) -> None:
    done = kpi(*command, "-w", demo.root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert max(cell_len(line) for line in done.stdout.splitlines()) <= 100
    machine = kpi(*command, "-w", demo.root, "--output", "json")
    assert json.loads(machine.stdout)


def test_the_tree_of_a_kpi(demo: BuiltWorkspace, kpi: Kpi) -> None:
    said = kpi("tree", "gross_revenue", "-w", demo.root).stdout
    assert "Grow revenue" in said.splitlines()[0]
    assert "= sessions * conversion_rate * average_or" in said
    for child in ("= Website visits", "= Conversion rate", "= Average order value", "~ Orders"):
        assert child in said
    (root,) = json.loads(kpi("tree", "gross_revenue", "-w", demo.root, "--output", "json").stdout)["tree"]
    values = {child["id"]: child["value"] for child in root["children"]}
    product = values["sessions"] * values["conversion_rate"] * values["average_order_value"]
    assert root["value"] == pytest.approx(product, rel=1e-9)


@pytest.mark.parametrize(("command", "message"), [
    (("tree", "gross_revenu"), "there is no KPI or goal 'gross_revenu'. Did you mean 'gross_revenue'"),
    (("pairs", "marketing_sale"), "there is no pair 'marketing_sale'. Did you mean 'marketing_sales'?"),
    (("scorecard", "compny"), "there is no scorecard 'compny'. Did you mean 'company'?"),
])  # fmt: skip
def test_an_unknown_name_is_one_line(demo: BuiltWorkspace, kpi: Kpi, command: tuple[str, ...], message: str) -> None:
    done = kpi(*command, "-w", demo.root)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_second_run_scores_nothing_again_and_says_what_is_wrong_at_once(demo_copy: BuiltWorkspace, kpi: Kpi) -> None:
    before = read(demo_copy, "select count(*), max(recorded_at) from mart.scorecard_scores")
    goals = demo_copy.root / "kpis" / "goals.yml"
    text = goals.read_text()
    goals.write_text(text.replace("kpi: sessions", "kpi: session"))
    done = kpi("run", "-w", demo_copy.root)
    assert done.returncode == 1
    assert (
        "goals.yml:17: goal revenue_autumn_2026: kpi names unknown metric 'session'. Did you mean 'sessions'" in done.stderr
    )
    assert "extract" not in done.stdout
    goals.write_text(text.replace("change: 0.10", "change: 0.20"))
    done = kpi("run", "-w", demo_copy.root)
    assert done.returncode == 0, done.stderr
    assert "Scores (and coverage): The company" in done.stdout
    assert read(demo_copy, "select count(*), max(recorded_at) from mart.scorecard_scores") == before
    assert read(demo_copy, "select stated_change from mart.goal_cascade where team = ''") == [(pytest.approx(0.2),)]
