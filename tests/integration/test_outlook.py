"""Where the demo company is heading: the table, what `kpi show` says of it, and the advice of `kpi target`."""

from __future__ import annotations

import json
import re
import shutil

import duckdb
import pytest

from tests.conftest import BuiltWorkspace, Kpi

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def projected(demo: BuiltWorkspace) -> list[dict]:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        answer = con.execute("select * from mart.kpi_projection")
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def one(projected: list[dict], metric: str, grain: str) -> dict:
    [row] = [row for row in projected if (row["metric"], row["grain"]) == (metric, grain)]
    return row


def test_every_open_period_has_a_row_that_orders_itself(projected: list[dict], demo: BuiltWorkspace) -> None:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        wanted = con.execute("select metric, grain from mart.kpi_status where grain <> 'day'").fetchall()
    assert sorted((row["metric"], row["grain"]) for row in projected) == sorted(wanted)
    for row in projected:
        if row["status"] == "too_early":
            assert row["value"] is None
            assert row["history"] < row["history_needed"]
        elif row["status"] == "half_known":
            # closed through the 29th of June: of week 27 one day of seven is known
            assert (row["value"], row["history_unit"], row["grain"] == "week") == (None, row["grain"], False)
        else:
            assert row["low"] <= row["value"] <= row["high"]


def test_what_is_known_of_the_month_is_in_its_value(projected: list[dict], demo: BuiltWorkspace) -> None:
    """On 29 June one day is to come: the month is what its 29 days add up to, and one usual day."""
    row = one(projected, "sessions", "month")
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        known, usual = con.execute(
            """select sum(value) filter (where period_start between '2026-06-01' and '2026-06-29'),
                avg(value) filter (where period_start between '2026-06-01' and '2026-06-29')
            from mart.kpi_current where metric = 'sessions' and grain = 'day' and segment_dimension = ''"""
        ).fetchone()
    assert (str(row["period_start"]), str(row["known_through"])) == ("2026-06-01", "2026-06-29")
    assert known + 0.5 * usual < row["value"] < known + 1.6 * usual
    assert row["low"] >= known


def test_a_margin_is_put_together_from_the_days_of_what_it_divides(projected: list[dict], demo: BuiltWorkspace) -> None:
    """Revenue and the cost of goods are known by day: with 29 of 30 days known the month's margin is all but known."""
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        [(known,)] = con.execute(
            """select 1 - sum(value) filter (where metric = 'cost_of_goods') / sum(value) filter (where metric = 'revenue')
            from mart.kpi_current
            where grain = 'day' and segment_dimension = '' and period_start between '2026-06-01' and '2026-06-29'"""
        ).fetchall()
    row = one(projected, "gross_margin", "month")
    assert (row["status"], row["history_unit"], str(row["known_through"])) == ("projected", "day", "2026-06-29")
    assert row["value"] == pytest.approx(known, abs=0.03)
    assert row["low"] < row["value"] < row["high"]


def test_a_margin_with_costs_typed_in_by_month_says_why_it_has_no_forecast(
    projected: list[dict], demo: BuiltWorkspace, kpi: Kpi
) -> None:
    assert one(projected, "net_profit_margin", "month")["status"] == "half_known"
    said = " ".join(kpi("show", "net_profit_margin", "-w", demo.root).stdout.split())
    assert "(29 of 30 days known); no forecast, as no daily values are kept that add up to it; target 5.00%" in said


def test_a_cohort_that_still_grows_is_not_taken_as_known(projected: list[dict]) -> None:
    assert str(one(projected, "repurchase_rate_30d", "month")["known_through"]) == "2026-05-30"


def test_customers_that_are_worth_something_after_a_year_are_too_early(projected: list[dict]) -> None:
    row = one(projected, "ltv_to_cac", "quarter")
    assert (row["status"], row["history"], row["history_unit"]) == ("too_early", 3, "quarter")


def test_a_median_is_forecast_for_a_new_week_and_not_for_a_quarter_that_is_over_in_a_day(projected: list[dict]) -> None:
    week, quarter = (one(projected, "first_response_minutes", grain) for grain in ("week", "quarter"))
    assert (week["status"], str(week["known_through"])) == ("projected", "2026-06-28")
    assert (quarter["status"], str(quarter["known_through"])) == ("half_known", "2026-06-29")


def test_kpi_show_says_it_in_words(demo: BuiltWorkspace, kpi: Kpi) -> None:
    said = " ".join(kpi("show", "revenue", "-w", demo.root).stdout.split())
    assert re.search(r"June 2026 so far: [0-9,]+ EUR; heading for [0-9,]+ EUR by 30 June, 80% likely between ", said)
    assert "; target 46,148 EUR: less than 1% likely." in said
    half = " ".join(kpi("show", "mrr_growth", "-w", demo.root).stdout.split())
    told = (
        "so far: [-0-9.]+% .29 of 30 days known.; no forecast, as no daily values are kept that add up to it; target 2.00%"
    )
    assert re.search(f"June 2026 {told}", half)


def test_kpi_show_says_it_in_chinese(demo: BuiltWorkspace, kpi: Kpi, tmp_path) -> None:
    shutil.copytree(demo.root, tmp_path / "demo", symlinks=True)
    settings = tmp_path / "demo" / "workspace.yml"
    settings.write_text(settings.read_text().replace("language: en", "language: zh"))
    said = "".join(kpi("show", "revenue", "-w", tmp_path / "demo").stdout.split())
    assert "；预计到6月30日为" in said
    assert "有八成可能介于" in said
    advice = "".join(kpi("target", "cac", "-w", tmp_path / "demo").stdout.split())
    assert "照目前的走势" in advice
    assert "稳妥" in advice


def test_kpi_target_gives_three_steps_and_what_the_drivers_would_have_to_do(demo: BuiltWorkspace, kpi: Kpi) -> None:
    arguments = ("--by", "2026-09-30", "--benchmark", "10", "--source", "a survey of 2025", "--output", "json")
    done = kpi("target", "cac", "-w", demo.root, *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["start"], found["end"], found["source"]) == ("2026-09-01", "2026-09-30", "a survey of 2025")
    safe, stretch, benchmark = found["steps"]
    assert [step["name"] for step in found["steps"]] == ["safe", "stretch", "benchmark"]
    assert safe["value"] > stretch["value"] > benchmark["value"] == 10
    assert safe["probability"] >= 0.75 > stretch["probability"] >= benchmark["probability"]
    for what_if in found["what_if"]:
        # spend divided by new customers: what each alone would have to become
        spend, customers = what_if["drivers"]
        assert spend["needed"] / customers["now"] == pytest.approx(what_if["step"]["value"])
        assert spend["now"] / customers["needed"] == pytest.approx(what_if["step"]["value"])
    assert found["suggestion"]["value"] == stretch["value"]


def test_the_line_to_paste_is_a_target_that_loads(demo_copy: BuiltWorkspace, kpi: Kpi) -> None:
    done = kpi("target", "csat", "-w", demo_copy.root)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("  - {from:")]
    own = demo_copy.root / "kpis" / "targets.yml"
    text = own.read_text()
    start = text.index("  - id: csat")
    end = text.index("  - id:", start + 5) if "  - id:" in text[start + 5 :] else len(text)
    own.write_text(text[:start] + f"  - id: csat\n    targets:\n    {line}\n" + text[end:])
    checked = kpi("validate", "-w", demo_copy.root)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("cac", "--by", "2028-12-31"), r"cac: no advice on the month to 2028-12-31: it has 729 days of history, at least"),
        (("cac", "--by", "2026-05-31"), "--by 2026-05-31: the last month that ends by then has closed; the data reaches to"),
        (("caq",), "there is no KPI 'caq'. Did you mean 'cpa' or 'cac'?"),
        (("cac", "--grain", "day"), "cac has no values by day; --grain is one of week, month, quarter."),
        (("sessions", "--grain", "day"), "sessions: a target by day follows chance more than work"),
        (("cac", "--benchmark", "3"), "--benchmark and --source belong together"),
        (
            ("conversion_rate", "--benchmark", "3", "--source", "Survey"),
            "conversion_rate: --benchmark 3 is 300 % of a share",
        ),
        (("cac", "--benchmark", "10%", "--source", "Survey"), "cac: --benchmark is in per cent, but the KPI is no share"),
        (("cac", "--benchmark", "ten", "--source", "Survey"), "--benchmark is 'ten', expected a number such as 0.03."),
        (("cac", "--benchmark", "nan", "--source", "Survey"), "--benchmark is 'nan', expected a number such as 0.03."),
    ],
)
def test_what_cannot_be_advised_is_said_in_one_line(
    demo: BuiltWorkspace, kpi: Kpi, arguments: tuple[str, ...], error: str
) -> None:
    done = kpi("target", *arguments, "-w", demo.root)
    assert done.returncode != 0
    assert error in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
