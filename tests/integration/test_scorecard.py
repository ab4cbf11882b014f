"""What a person reads of a published run: the scorecard with its reasons, alerts told from history, in both languages."""

from __future__ import annotations

import json
import re

import duckdb
import pytest
from rich.cells import cell_len

from dagster_project.run import RunReport
from dagster_project.scorecard_view import print_run
from metrics.workspace import load_workspace
from tests.conftest import BuiltWorkspace, Kpi
from tests.integration.small_shop import SmallShop

pytestmark = pytest.mark.integration

NOTHING_NEW = RunReport(run_id=None, nothing_new=True)


REFUNDS = """\
      refunds: {files: refunds.csv}
    entities:
      refunds:
        table: refunds
        columns: {refund_id: id, order_id: order_id, refunded_at: refunded_at, amount: amount}
"""


@pytest.fixture
def chinese(small_shop: SmallShop) -> SmallShop:
    small_shop.settings.write_text("language: zh\n" + small_shop.settings.read_text())
    return small_shop


def test_a_kpi_without_a_verdict_says_why(built_small_shop: SmallShop, capsys: pytest.CaptureFixture[str]) -> None:
    print_run(load_workspace(built_small_shop.root), NOTHING_NEW)
    said = " ".join(capsys.readouterr().out.split())
    # The last of the two months is open; a return or a second purchase may come for 30 days after the first.
    assert (
        "Too early, because no whole month since 2026-01-01 ended 30 days ago, which they need to be judged: "
        "Repurchase within 30 days, Return rate." in said
    )
    missing = built_small_shop.read("select missing_entities from mart.dim_kpi where kind = 'kpi' and not is_connected")
    assert f"Not connected: {len(missing)} KPIs." in said
    needed = sum("web_sessions" in entities.split(",") for (entities,) in missing)
    assert f"web_sessions ({needed})" in said
    assert "No alert in the last 7 days." in said


def test_growth_of_the_first_month_and_a_refund_without_its_order(small_shop: SmallShop, kpi: Kpi) -> None:
    small_shop.replace(small_shop.settings, "    entities:\n", REFUNDS)
    refunds = small_shop.root / "files" / "refunds.csv"
    refunds.write_text(
        "id,order_id,refunded_at,amount\n1,01010,2026-01-20 10:00:00,3.00\n2,777777,2026-01-21 10:00:00,3.00\n"
    )
    done = kpi("run", "-w", small_shop.root)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    # January has 93 orders. What is missing is the month before.
    assert (
        "No data, because the history starts on 2026-01-01, and the period before has no value: "
        "Revenue growth (2026-01)." in said
    )
    assert "! core/fct_refunds: 1 value of order_id is not in order_id of fct_orders" in said
    assert "relationships_" not in said


def test_swings_of_the_past_are_counted_and_not_announced(
    demo: BuiltWorkspace, kpi: Kpi, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(demo.published.resolve()), read_only=True) as con:
        counts = dict(con.execute("select status, count(*) from mart.alerts group by status").fetchall())
    assert counts["historic"] > 0
    print_run(load_workspace(demo.root), NOTHING_NEW)
    said = capsys.readouterr().out
    new = counts.get("new", 0)
    assert (f"Alerts of the last 7 days: {new} (" if new else "No alert in the last 7 days (") in said
    assert f"({counts['historic']} swings in the past: kpi alerts --all)" in said
    listed = json.loads(kpi("alerts", "--all", "-w", demo.root, "-f", "json").stdout)
    assert len(listed) == sum(counts.values())
    assert "historic" in kpi("alerts", "--all", "-w", demo.root).stdout


@pytest.mark.parametrize(("language", "caption", "rest"), [
    ("en", "Off track or at risk, worst first:", r"And (.*): kpi list"),
    ("zh", "偏离目标或有风险（最差的在前）：", r"另有：(.*)（见 kpi list）"),
])  # fmt: skip
def test_of_many_kpis_the_first_and_the_worst_are_shown_and_the_others_counted(
    demo: BuiltWorkspace, kpi: Kpi, capsys: pytest.CaptureFixture[str], language: str, caption: str, rest: str
) -> None:
    print_run(load_workspace(demo.root).model_copy(update={"language": language}), NOTHING_NEW)
    lines = capsys.readouterr().out.splitlines()
    at = lines.index(next(line for line in lines if line.startswith(caption)))
    end = next(number for number, line in enumerate(lines) if re.match(rest, line))
    marks = re.compile(" ([✓!✗·]) ")
    # A long title goes on in a line of its own, without anything behind it.
    first, behind = ([line for line in part if marks.search(line) or cell_len(line.rstrip()) > 25]
                     for part in (lines[2:at], lines[at + 1 : end]))  # fmt: skip
    # Three of the North Star set, ten of the company's scorecard; two are on both.
    assert len(first) == 11
    assert 0 < len(behind) <= 20
    shown = [found[1] for line in behind if (found := marks.search(line))]
    assert len(shown) == len(behind)
    assert set(shown) <= {"✗", "!"}
    assert shown == sorted(shown, key="✗!".index)
    counted = re.match(rest, lines[end])
    assert counted
    listed = json.loads(kpi("list", "-w", demo.root, "-f", "json").stdout)
    assert len(first) + len(behind) + sum(map(int, re.findall(r"\d+", counted[1]))) == len(listed) > 80
    assert all(cell_len(line.rstrip()) <= 100 for line in lines[: end + 1])


def test_the_list_stands_by_team(demo: BuiltWorkspace, kpi: Kpi) -> None:
    listed = json.loads(kpi("list", "-w", demo.root, "-f", "json").stdout)
    assert [(row["team"], row["metric"]) for row in listed] == sorted((row["team"], row["metric"]) for row in listed)
    head, *rows = kpi("list", "-w", demo.root).stdout.splitlines()
    assert head.split() == ["team", "metric", "timing", "owner", "value", "target", "status"]
    assert all(len(row.rstrip()) <= 100 for row in rows)
    named = [row.split()[0] for row in rows if not row.startswith(" ")]
    assert named == sorted({row["team"] for row in listed})


def test_the_scorecard_in_chinese(chinese: SmallShop, capsys: pytest.CaptureFixture[str]) -> None:
    print_run(load_workspace(chinese.root), NOTHING_NEW)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].rstrip() == "Small shop　截至 2026-02-28"
    assert lines[1].split() == ["KPI", "期间", "数值", "目标", "状态", "变化", "最近13期", "类型"]
    # Chinese characters take two cells: columns stand below each other.
    cards = [line for line in lines if "· 无" in line]
    assert {cell_len(line.partition("· 无")[0]) for line in cards} == {cell_len(lines[1].partition("状态")[0])}
    assert {cell_len(re.split("滞后|先行", line)[0]) for line in cards} == {cell_len(lines[1].partition("类型")[0])}
    # The path of the published file is one word that is never broken.
    assert all(cell_len(line.rstrip()) <= 100 for line in lines if not line.startswith("已发布："))
    text = "".join("".join(lines).split())
    assert "时间尚早（自2026-01-01起还没有结束满30天的完整月，之后才能判断）：30天复购率、退货率。" in text
    assert "自上次运行以来没有变化：数据源、定义和设置都没有改动。" in text
    assert not re.search(r"ontrack|nodata|notconnected|alert|lagging|nothingnew", text.replace("kpialerts", "").lower())


def test_the_end_of_a_run_in_chinese(chinese: SmallShop, kpi: Kpi) -> None:
    """One order of 31 May closes all the days since February; what a check found is told in its own words."""
    assert kpi("quarantine", "-w", chinese.root).stdout == "隔离区没有数据行。\n"
    chinese.add("05310,2026-05-31 12:00:00,10.00", "9002,2026-02-28 20:00:00,5 euros")
    done = kpi("run", "-w", chinese.root)
    assert done.returncode == 0, done.stderr
    said = "".join(done.stdout.split())
    assert "!mart/source_watermarks:日期缺口:shop.orders:norowfor2026-03-01to2026-05-30" in said
    # the longest step comes first, which on a busy machine need not be this one
    assert re.search(r"步骤：(.*秒、)?dbt_build[0-9.]+秒(、.*)?；共[0-9.]+秒", said)
    assert "已发布：" in said
    assert "1行无法读取（orders_2026-02.csvline" in said
    head, *_ = kpi("quarantine", "-w", chinese.root).stdout.splitlines()
    assert head.split() == ["表", "文件", "原因", "时间"]
    assert not re.search(r"Steps:|Published:|gaps:", said)
    assert re.search(r"新告警 \d+ 条", done.stderr)
    assert "new alert" not in done.stderr


def test_what_a_run_leaves_out_is_counted_in_chinese(chinese: SmallShop, capsys: pytest.CaptureFixture[str]) -> None:
    many = RunReport("run", False, {"dbt_build": 1.25}, 0, ("no answer",), warnings=tuple(map(str, range(8))))
    print_run(load_workspace(chinese.root), many)
    said = capsys.readouterr().out
    assert "步骤：dbt_build 1.2 秒；共 1.2 秒\n" in said
    assert "  ……另有 2 项检查未通过：见 kpi dev\n有告警未能发送：no answer\n" in said


def test_lists_and_one_kpi_in_chinese(chinese: SmallShop, kpi: Kpi) -> None:
    head, *rows = kpi("list", "-w", chinese.root).stdout.splitlines()
    assert head.split() == ["团队", "指标", "类型", "负责人", "数值", "目标", "状态"]
    assert all("滞后" in row or "先行" in row for row in rows)
    assert kpi("alerts", "-w", chinese.root).stdout == "最近 30 天没有告警；kpi alerts --all 列出全部。\n"
    grains = kpi("show", "orders", "-w", chinese.root).stdout
    assert [line.split()[0] for line in grains.splitlines() if re.match("日 |周 |月 |季度 ", line)] == [
        "月",
        "日",
        "季度",
        "周",
    ]
    (missing, *_) = chinese.read("select metric from mart.dim_kpi where kind = 'kpi' and not is_connected order by 1")
    assert kpi("show", *missing, "-w", chinese.root).stdout.splitlines()[-1] == "没有数据。"
    # Machines get names, whatever the language.
    assert {"timing", "status"} <= set(json.loads(kpi("list", "-w", chinese.root, "-f", "json").stdout)[0])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_text_of_a_kpi_is_cut(small_shop: SmallShop, kpi: Kpi, language: str) -> None:
    small_shop.settings.write_text(f"language: {language}\n" + small_shop.settings.read_text())
    said = kpi("show", "orders", "-w", small_shop.root, "--language", "both").stdout
    assert "…" not in said
    assert all(cell_len(line.rstrip()) <= 100 for line in said.splitlines())
    whole = "".join(said.split())
    for column in ("playbook_en", "playbook_zh", "description_zh"):
        ((text,),) = small_shop.read(f"select {column} from mart.dim_kpi where metric = 'orders'")
        assert "".join(text.split()) in whole
