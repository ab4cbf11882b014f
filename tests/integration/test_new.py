"""`kpi new`: by questions or by options, checked by the catalogue, never over what is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from metrics.workspace import load_workspace
from tests.forked import run_kpi

SETTINGS = """name: Corner shop
timezone: UTC
currency: EUR
history_start: 2026-01-01
clock: data_end
sources:
  shop:
    connector: files
    domain: sales
    path: files
    tables: {orders: {files: "*.csv"}, refunds: {files: "refunds*.csv"}}
    entities:
      orders: {table: orders, columns: {order_id: id, ordered_at: at, gross_amount: total}}
      refunds: {table: refunds, columns: {refund_id: id, order_id: order_no, refunded_at: at, amount: total}}
"""
# One line for each question, in their order.
ANSWERS = [
    "refunds", "", "退款金额", "Money given back on a day, the sum of all refunds. Example, 3 of 20 euros are 60 euros.",
    "当天退还给客户的金额，即所有退款之和。例如：3 笔各 20 欧元，共 60 欧元。", "How much do we give back?", "我们退了多少钱？",
    "Nora: head of #1", "sales", "grow_revenue, happy_customers", "stategic", "functional", "", "", "", "return_rate", "orders",
    "eight", "800", "", "31.12.2026", "2026-12-31", "quarter", "Read the reasons, then mend the page of the product behind them.",
    "先看退货理由，再修改相关商品的页面说明。", "",
]  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose models are read."""
    root = tmp_path_factory.mktemp("shop")
    (root / "workspace.yml").write_text(SETTINGS)
    done = run_kpi("validate", "-w", root)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def shop(built: Path) -> Path:
    """Without KPI files of its own."""
    for file in (built / "kpis").glob("*"):
        file.unlink()
    return built


def asked(lines: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command with these answers typed in."""
    command = [sys.executable, "-m", "dagster_project", *map(str, arguments)]
    text = "".join(f"{line}\n" for line in lines)
    return subprocess.run(
        command, input=text, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}, check=False
    )


def test_questions_make_a_kpi_without_a_warning(shop: Path) -> None:
    done = asked(ANSWERS, "new", "kpi", "-w", shop)
    assert done.returncode == 0, done.stderr + done.stdout
    # What was wrong was asked again.
    assert "'stategic' is none of strategic, operational, functional. Did you mean 'strategic'?" in done.stdout
    assert "--target 'eight' is no number such as 0.03 or 1200." in done.stdout
    assert "--target-to '31.12.2026' is not a day; write it as 2026-06-30." in done.stdout
    written = shop / "kpis" / "refunds.yml"
    assert f"{written}: written.\nNext: kpi validate -w {shop}, then kpi run -w {shop}.\n" in done.stdout
    (kpi,) = yaml.safe_load(written.read_text(encoding="utf-8"))["kpis"]
    assert (kpi["owner"], kpi["goals"], kpi["level"]) == (
        "Nora: head of #1",
        ["grow_revenue", "happy_customers"],
        "functional",
    )
    assert (kpi["title"], kpi["parent"], kpi["guardrails"]) == (
        {"en": "Refunds", "zh": "退款金额"},
        "return_rate",
        ["orders"],
    )
    (target,) = kpi["targets"]
    assert (target["value"], str(target["to"]), target["grain"]) == (800, "2026-12-31", "quarter")
    first = written.read_text(encoding="utf-8").splitlines()[0]
    assert (written.parent / first.partition("$schema=")[2]).resolve().name == "kpi.schema.json"
    checked = run_kpi("validate", "-w", shop)
    assert checked.returncode == 0
    assert "refunds.yml" not in checked.stdout


def test_options_make_one_without_a_question_and_say_what_is_to_be_filled_in(shop: Path) -> None:
    done = run_kpi("new", "kpi", "refunds", "-w", shop, "--owner", "Nora", "--team", "sales", "--guardrails", "orders",
                   "--baseline-until", "2099-12-31", "--yes")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "refunds.yml:10: refunds: description.en still says 'TODO'. Fill it in. [unfinished]" in done.stdout
    assert "Next: fill in the lines with TODO" in done.stdout
    assert run_kpi("validate", "-w", shop).returncode == 0
    strict = run_kpi("validate", "-w", shop, "--strict")
    assert strict.returncode == 1
    assert "refunds: playbook.zh still says 'TODO'" in strict.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["refund"], "there is no metric 'refund'. Did you mean 'refunds'"),
        (["revenue"], "revenue is a KPI already, at metrics/kpis/sales.yml:"),
        (["refunds", "--parent", "revnue"], "refunds: parent names unknown metric 'revnue'. Did you mean 'revenue'"),
        (["refunds", "--team", "Sales: all"], "refunds: 'team' is 'Sales: all', expected small letters, digits and _, a letter first."),
        (["refunds", "--role", "result"], "'result' is none of input, process, output, outcome."),
        (["refunds", "--target", "nan"], "--target 'nan' is no number such as 0.03 or 1200."),
        (["refunds", "--target", "5", "--target-from", "2026-02-30"], "--target-from '2026-02-30' is not a day"),
        (["refunds", "--target", "5", "--target-from", "2026-12-31", "--target-to", "2026-01-01"], "target ends on 2026-01-01, before"),
    ],
)  # fmt: skip
def test_what_the_catalogue_would_refuse_is_not_written(shop: Path, arguments: list[str], problem: str) -> None:
    done = run_kpi("new", "kpi", *arguments, "-w", shop, "--yes")
    assert done.returncode in (1, 2)
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert list((shop / "kpis").glob("*")) == []


def test_a_file_that_is_there_stays(shop: Path) -> None:
    (shop / "kpis").mkdir(exist_ok=True)
    file = shop / "kpis" / "refunds.yml"
    file.write_text("version: 1  # mine\n")
    done = run_kpi("new", "kpi", "refunds", "-w", shop, "--yes")
    assert (done.returncode, file.read_text()) == (1, "version: 1  # mine\n")
    assert f"{file}: is there already. Give another file with --file, or add the KPI to it by hand." in done.stderr


@pytest.mark.parametrize("name", ["refunds.yml", "shop/kpis/refunds.txt", "shop/kpis/goals.yml"])
def test_a_file_that_nobody_would_read_is_not_written(shop: Path, tmp_path: Path, name: str) -> None:
    file = shop / "kpis" / Path(name).name if "/" in name else tmp_path / name
    done = run_kpi("new", "kpi", "refunds", "-w", shop, "--yes", "--file", file)
    assert (done.returncode, file.exists()) == (1, False)
    assert f"{file}: would not be read. KPI files are {shop / 'kpis'}/*.yml, but not defaults, goals, okrs" in done.stderr


def test_every_digit_of_a_target_is_written(shop: Path) -> None:
    done = run_kpi("new", "kpi", "refunds", "-w", shop, "--yes", "--target", "1234567.5",
                   "--target-from", "2026-01-01", "--target-to", "2026-12-31")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (kpi,) = yaml.safe_load((shop / "kpis" / "refunds.yml").read_text())["kpis"]
    assert kpi["targets"][0]["value"] == 1234567.5


def test_a_new_workspace_is_valid_and_says_what_comes_next(tmp_path: Path) -> None:
    folder = tmp_path / "green_grocer"
    done = run_kpi("new", "workspace", folder, "--currency", "CNY", "--timezone", "Asia/Shanghai", "--language", "zh",
                   "--history-start", "2025-03-01", "--yes")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "下一步：把导出的文件放进" in done.stdout
    ws = load_workspace(folder)
    assert (ws.name, ws.currency, ws.language, str(ws.history_start)) == ("Green Grocer", "CNY", "zh", "2025-03-01")
    checked = run_kpi("validate", "-w", folder)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Green Grocer：1 个数据源，0 个实体" in checked.stdout
    again = run_kpi("new", "workspace", folder, "--yes")
    assert again.returncode == 1
    assert f"{folder / 'workspace.yml'}: is there already." in again.stderr


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [("--timezone", "Europe/Berln", "Did you mean 'Europe/Berlin'"), ("--currency", "euro", "currency"), ("--language", "fr", "none of en, zh"),
     ("--history-start", "2999-01-01", "--history-start 2999-01-01 lies in the future; today is 2")],
)  # fmt: skip
def test_a_workspace_that_would_not_load_is_not_written(tmp_path: Path, option: str, value: str, problem: str) -> None:
    done = run_kpi("new", "workspace", tmp_path / "x", option, value, "--yes")
    assert done.returncode in (1, 2)
    assert problem in done.stderr
    assert not (tmp_path / "x").exists()


def test_without_a_word_it_asks_which(tmp_path: Path) -> None:
    done = asked(["workspace", str(tmp_path / "a"), "", "", "", "", "", ""], "new")
    assert done.returncode == 0, done.stderr
    assert load_workspace(tmp_path / "a").name == "A"
    stopped = asked([], "new")
    assert (stopped.returncode, stopped.stderr) == (1, "kpi: stopped.\n")
