"""The SMART report and the coverage: each answer with the reason that a person would give."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from rich.cells import cell_len

from dagster_project.lint_view import Checks, print_checks
from dagster_project.words import Words
from metrics.catalogue.coverage import coverage
from metrics.catalogue.lint import LintReport
from metrics.catalogue.smart import Answer, smart_report
from tests.unit.catalogue.test_lint import GOOD, ONE_MORE, TARGET, lint
from tests.unit.values.company import Company, build


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def answers(report: LintReport, kpi: str) -> dict[str, tuple[bool, str]]:
    """(met, reason) by criterion."""
    return {one.criterion: (one.is_met, one.reason.format(**one.values)) for one in smart_report(report) if one.kpi == kpi}


def test_a_kpi_that_meets_all_five(company: Company, tmp_path: Path) -> None:
    assert answers(lint(company, tmp_path, GOOD, (("history", "orders"),)), "orders") == {
        "specific": (True, "described with an example, and owned by Head of sales"),
        "measurable": (True, "computed from orders, by day, week, month, quarter"),
        "achievable": (True, "the target 180 lies within 120 to 192, which history makes plausible"),
        "relevant": (True, "serves grow_revenue"),
        "time-bound": (True, "target until 2026-12-31"),
    }


@pytest.mark.parametrize(
    ("old", "new", "criterion", "reason"),
    [
        (" Example, 16 orders a day.", "", "specific", "its texts are not clear yet: description-example"),
        ("value: 180, stretch: 200", "value: 193", "achievable", "the target 193 lies outside 120 to 192, which history makes plausible"),
        ("    goals: [grow_revenue]\n", "    goals: [grow_revenue]\n    actionable: false\n", "achievable", "its owner cannot change it (actionable: false)"),
        (f"    targets:\n      - {TARGET}\n", "", "achievable", "no target to judge"),
        ("grain: month, floor: 150, value: 180, stretch: 200", "grain: week, value: 40", "achievable",
         "less than a year of history to judge the target 40 by week: 0 of 53 periods"),
        ("    goals: [grow_revenue]\n", "", "relevant", "neither it nor gross_revenue above it names a goal"),
        ("    goals: [grow_revenue]\n    level: operational\n    scope: team\n    timing: lagging\n    role: output\n    parent: gross_revenue\n",
         "    level: operational\n    scope: team\n    timing: lagging\n    role: output\n", "relevant", "it names neither a goal nor a parent"),
        (", to: 2026-12-31, grain: month, floor", ", grain: month, floor", "time-bound", "its target has neither an end nor a day of review"),
        (", to: 2026-12-31, grain: month, floor", ", review_on: 2026-06-01, grain: month, floor", "time-bound", "the review of its target was due on 2026-06-01"),
        ("to: 2026-12-31", "to: 2026-05-31", "time-bound", "no target holds today, the last one ended on 2026-05-31"),
        (f"    targets:\n      - {TARGET}\n", "", "time-bound", "no target"),
    ],
)  # fmt: skip
def test_what_is_not_met_says_why(company: Company, tmp_path: Path, old: str, new: str, criterion: str, reason: str) -> None:
    assert old in GOOD
    found = answers(lint(company, tmp_path, GOOD.replace(old, new, 1), (("history", "orders"),)), "orders")
    assert found[criterion] == (False, reason)


def test_ways_to_meet_a_criterion(company: Company, tmp_path: Path) -> None:
    text = GOOD.replace("    goals: [grow_revenue]\n", "", 1).replace(
        "    drivers:", "    goals: [grow_revenue]\n    drivers:"
    )
    report = lint(company, tmp_path, text)
    assert answers(report, "orders")["relevant"] == (True, "serves grow_revenue through gross_revenue")
    assert answers(report, "gross_revenue")["time-bound"] == (True, "its target is looked at again on 2026-07-01")
    assert answers(report, "conversion_rate")["time-bound"] == (True, "its level is learned until 2026-09-30")


def test_a_kpi_whose_data_is_not_there_is_not_measurable(company: Company, tmp_path: Path) -> None:
    report = lint(company, tmp_path, GOOD, (("no source", "tickets"),))
    assert answers(report, "first_response_minutes")["measurable"] == (False, "its metric reads no source")
    catalogue = report.checked.catalogue
    object.__setattr__(catalogue, "mapped", frozenset({"orders"}))
    assert answers(report, "conversion_rate")["measurable"] == (False, "not connected: map web_sessions")


def test_coverage_counts_members_and_shows_those_without_a_kpi_first(company: Company, tmp_path: Path) -> None:
    files = (
        ("kpis/defaults.yml", "teams: [sales, logistics]\n"),
        ("kpis/goals.yml", "goals:\n  - {id: happy_customers, title: {en: Happy customers, zh: 让客户满意}}\n"),
    )
    rows = coverage(lint(company, tmp_path, GOOD + ONE_MORE, files).checked)
    counted = {(row.dimension, row.member): row.kpis for row in rows}
    assert counted["level", "strategic"] == 2
    assert (counted["level", "operational"], counted["level", "functional"]) == (3, 0)
    assert {member: count for (dimension, member), count in counted.items() if dimension == "timing"} == {
        "leading": 1, "lagging": 4
    }  # fmt: skip
    # support is nowhere listed, and has KPIs; logistics is listed, and has none
    assert {member: count for (dimension, member), count in counted.items() if dimension == "team"} == {
        "sales": 3, "logistics": 0, "support": 2
    }  # fmt: skip
    assert [row.member for row in rows if row.dimension == "team"] == ["logistics", "sales", "support"]
    assert (counted["goal", "happy_customers"], counted["goal", "grow_revenue"]) == (0, 1)
    assert [row.member for row in rows if row.dimension == "team without"] == ["sales: leading"]
    (orders,) = [row.names for row in rows if (row.dimension, row.member) == ("goal", "grow_revenue")]
    assert orders == ("orders",)


def printed(checks: Checks, **asked: bool) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        print_checks(checks, "table", smart=asked.get("smart", False), coverage=asked.get("coverage", False))
    return out.getvalue()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_fit_100_columns_and_speak_the_workspaces_language(company: Company, tmp_path: Path, language: str) -> None:
    text = GOOD.replace("owner: Head of sales", f"owner: Head of {'very ' * 40}much")
    report = lint(company, tmp_path, text, (("history", "orders"),))
    checks = Checks(company.ws.model_copy(update={"language": language}), [], report)
    said = printed(checks, smart=True, coverage=True)
    assert max(cell_len(line) for line in said.splitlines()) <= 100
    assert ("achievable" if language == "en" else "可实现") in said
    assert ("4 KPIs" if language == "en" else "4 个 KPI") in said
    if language == "zh":
        assert not [word for word in ("yes", "achievable", "Without", "strategic ") if word in said]


def test_findings_stand_by_file_with_errors_first(company: Company, tmp_path: Path) -> None:
    text = GOOD.replace("value: 180, stretch: 200", "value: 180, stretch: 170").replace(
        "question: {en", "ownr: 1\n    question: {en", 0
    )
    later = "overrides:\n  - {id: nothing, weight: 2}\n"
    text = text.replace("without test orders. Example, 16 orders a day.", "without test orders.")
    report = lint(company, tmp_path, text, (("kpis/z.yml", later),))
    said = printed(Checks(company.ws, [("workspace.yml:3: something", "warning")], report)).replace(f"{tmp_path}/", "")
    assert [line.split(" ")[:3] for line in said.splitlines()] == [
        ["workspace.yml:3:", "something"],
        ["kpis/own.yml:", "1", "error,"],
        ["", "", "error:"],
        ["", "", "warning:"],
        ["kpis/z.yml:", "1", "error"],
        ["", "", "error:"],
    ]
    assert "kpis/own.yml: 1 error, 1 warning\n  error: kpis/own.yml:21: orders: stretch (170)" in said


def test_every_reason_has_chinese_words(company: Company, tmp_path: Path) -> None:
    import re

    source = Path("metrics/catalogue/smart.py").resolve().read_text(encoding="utf-8")
    reasons = re.findall(r'(?:True|False), "([^"]+)"|^_[A-Z_]+ = "([^"]+)"', source, re.MULTILINE)
    known = {one or other for one, other in reasons}
    assert len(known) >= 18
    for reason in known:
        assert Words("zh")(reason) != reason
    answer = Answer("x", "relevant", True, "serves {goals}", {"goals": "a"})
    assert Words("zh")(answer.reason, **answer.values) == "服务于目标 a"
