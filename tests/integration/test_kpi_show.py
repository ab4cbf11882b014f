"""`kpi show` and `kpi list --all` of a company with one table: expectations worked out by hand from its three orders a day.

January 2026: 31 days of 3 orders, 93 in all. An order is worth 10.50 + (day of the month modulo 7) + 0, 1 or 2. Over a day that
is 34.50 + 3 x the remainder; the remainders of 1 to 28 add up to 4 x 21, those of 29 to 31 to 6: 31 x 34.50 + 3 x 90 = 1,339.50.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from rich.cells import cell_len

from tests.conftest import Kpi
from tests.integration.small_shop import SmallShop

pytestmark = pytest.mark.integration

TARGETS = """\
version: 1
overrides:
  - id: average_order_value
    owner: Ana (shop)
    targets: [{from: 2026-01-01, grain: month, value: 18}]
  - id: orders
    targets: [{from: 2026-01-01, grain: month, value: 90}]
"""


@pytest.fixture(scope="module")
def targeted(built_small_shop: SmallShop, tmp_path_factory: pytest.TempPathFactory, kpi: Kpi) -> SmallShop:
    """The small shop with two targets: what an order is worth is short of its own, the number of orders is above it."""
    root = tmp_path_factory.mktemp("targeted") / "shop"
    shutil.copytree(built_small_shop.root, root, symlinks=True)
    (root / "kpis").mkdir(exist_ok=True)
    (root / "kpis" / "targets.yml").write_text(TARGETS)
    done = kpi("run", "-w", root)
    assert done.returncode == 0, done.stderr + done.stdout
    return SmallShop(root)


@pytest.fixture
def chinese(targeted: SmallShop, tmp_path: Path) -> SmallShop:
    """The same in Chinese; only the words differ, so that nothing has to run again."""
    shutil.copytree(targeted.root, tmp_path / "shop", symlinks=True)
    shop = SmallShop(tmp_path / "shop")
    shop.settings.write_text("language: zh\n" + shop.settings.read_text())
    return shop


def facts(said: str) -> dict[str, str]:
    """The text of each label, in the order in which they stand, lines put together again."""
    found: dict[str, str] = {}
    lines = said.splitlines()
    label = ""
    end = [line.strip() for line in lines].index("")
    for line in lines[2:end]:
        if not line.startswith(" "):
            label, _, line = line.partition("  ")
        found[label] = f"{found.get(label, '')} {line.strip()}".strip()
    return found


def test_what_an_order_is_worth_in_english(targeted: SmallShop, kpi: Kpi) -> None:
    said = kpi("show", "average_order_value", "-w", targeted.root).stdout
    assert said.splitlines()[0].strip() == "Average order value · 客单价"
    found = facts(said)
    labels = ["Question", "What", "Formula", "Is it good", "Where it is heading", "Owner", "When off track"]
    assert list(found)[:8] == [*labels, "Must not suffer"]
    assert found["Question"] == "How much do people buy at once?"
    assert not re.search("[一-鿿]", said.partition("\n")[2]), "one language, but for the title"
    assert found["Formula"] == "gross_revenue / orders 1,339.50 / 93 = 14.40 EUR in January 2026"
    # 14.4032 / 18 = 0.8002, below the line of 90 %
    assert found["Is it good"] == (
        "Off track: 14.40 EUR in January 2026, 20% short of the target of 18.00 EUR (higher is better)."
    )
    assert found["Owner"] == "Ana (shop), team ecommerce"
    assert found["Made from"] == "orders"
    assert "fct_orders" in found["Tables"]
    assert all(cell_len(line.rstrip()) <= 100 for line in said.splitlines())


def test_what_an_order_is_worth_in_chinese(chinese: SmallShop, kpi: Kpi) -> None:
    said = kpi("show", "average_order_value", "-w", chinese.root).stdout
    assert said.splitlines()[0].strip() == "客单价 · Average order value"
    found = facts(said)
    assert list(found)[:8] == ["问题", "定义", "公式", "达成情况", "走势", "负责人", "偏离目标时", "不能变差"]
    assert found["公式"] == "gross_revenue / orders 2026年1月：1,339.50 / 93 = 14.40 EUR"
    assert found["达成情况"] == "偏离目标：2026年1月为 14.40 EUR，比目标 18.00 EUR 差 20%（越高越好）。"
    assert found["负责人"] == "Ana（shop），团队：电商"
    assert all(cell_len(line.rstrip()) <= 100 for line in said.splitlines())


def test_orders_in_both_languages(targeted: SmallShop, chinese: SmallShop, kpi: Kpi) -> None:
    """93 orders for a target of 90: 3 % more. A count is no quotient, so its formula has no numbers."""
    english = facts(kpi("show", "orders", "-w", targeted.root).stdout)
    assert english["Is it good"] == "On track: 93 in January 2026, 3% better than the target of 90 (higher is better)."
    assert english["Formula"] == "sum(1)"
    # visits are not mapped, so what warns of fewer orders cannot be seen, which is said and not left out
    assert "not connected" in english["Moves before it"]
    found = facts(kpi("show", "orders", "-w", chinese.root).stdout)
    assert found["达成情况"] == "正常：2026年1月为 93，比目标 90 好 3%（越高越好）。"
    assert "未接入" in found["先行指标"]


@pytest.mark.parametrize(
    ("language", "label", "texts"),
    [
        ("zh", "问题", "人们一次买多少钱的东西？"),
        ("both", "Question", "How much do people buy at once? 人们一次买多少钱的东西？"),
        ("en", "Question", "How much do people buy at once?"),
    ],
)
def test_the_language_can_be_asked_for(targeted: SmallShop, kpi: Kpi, language: str, label: str, texts: str) -> None:
    found = facts(kpi("show", "average_order_value", "-w", targeted.root, "--language", language).stdout)
    assert found[label] == texts


def test_the_heading_says_as_of_when(targeted: SmallShop, kpi: Kpi) -> None:
    with duckdb.connect(str((targeted.root / "published" / "current.duckdb").resolve()), read_only=True) as con:
        closed, at = con.execute(
            """select (select max(watermark) from mart.kpi_status where metric = 'orders'),
                (select max(published_at) from mart.publish_log)"""
        ).fetchone()
    heading = kpi("show", "orders", "-w", targeted.root).stdout.splitlines()[1].strip()
    assert heading == f"Complete up to {closed:%-d %B %Y}, published on {at:%-d %B %Y, %H:%M} UTC"


def test_no_column_is_empty_and_none_is_the_name_of_a_field(targeted: SmallShop, kpi: Kpi) -> None:
    said = kpi("show", "orders", "-w", targeted.root).stdout
    heads = [line.split() for line in said.splitlines() if line.startswith(("every ", "period "))]
    assert heads[1] == ["period", "value", "data"], "a count has no parts, no interval, and is its own number of rows"
    assert "_" not in " ".join(" ".join(head) for head in heads)


def test_a_neighbour_has_its_own_status(targeted: SmallShop, kpi: Kpi) -> None:
    shown = json.loads(kpi("show", "average_order_value", "-w", targeted.root, "-f", "json").stdout)
    assert {row["metric"] for row in shown["guardrails"]} == set(shown["definition"]["guardrails"].split(","))
    assert {row["metric"]: row["status"] for row in shown["guardrails"]}.get("orders", "on_track") == "on_track"


def test_a_kpi_that_is_not_connected_says_what_to_map_and_not_whether_it_is_good(targeted: SmallShop, kpi: Kpi) -> None:
    found = facts(kpi("show", "conversion_rate", "-w", targeted.root).stdout)
    assert found["To connect, map"] == "web_sessions"
    assert "Is it good" not in found


def test_the_list_names_what_each_missing_kpi_needs(targeted: SmallShop, kpi: Kpi) -> None:
    said = kpi("list", "--all", "-w", targeted.root).stdout
    _, _, section = said.partition("Not connected: ")
    kpis, _, entities = section.partition("What to map for them in workspace.yml")
    lines = {line.split()[0]: line for line in kpis.splitlines() if line.strip()}
    assert "Conversion rate" in lines["conversion_rate"]
    assert lines["conversion_rate"].rstrip().endswith("web_sessions")
    assert lines["cac"].rstrip().endswith("ad_performance")
    assert lines["host_response_minutes"].rstrip().endswith("host_messages")
    assert not {"orders", "average_order_value", "gross_revenue"} & set(lines), "what the one table feeds is connected"
    needs = {line.split()[0]: line for line in entities.splitlines() if line.strip()}
    assert "one row per visit" in needs["web_sessions"]
    assert "session_id" in needs["web_sessions"]
    assert "one row per platform, day, campaign and" in needs["ad_performance"]
    assert "orders" not in needs, "what is mapped need not be mapped"
    assert "kpi source suggest FILES" in entities
    assert "…" not in section
    assert all(cell_len(line.rstrip()) <= 100 for line in said.splitlines())
    rows = json.loads(kpi("list", "--all", "-w", targeted.root, "-f", "json").stdout)
    wanted = {row["metric"] for row in rows if row["kind"] == "kpi" and not row["is_connected"]}
    assert wanted <= set(lines)


def test_the_list_in_chinese(chinese: SmallShop, kpi: Kpi) -> None:
    said = kpi("list", "--all", "-w", chinese.root).stdout
    assert "未接入的 KPI：" in said
    assert "需在 workspace.yml 中映射的实体" in said
    assert all(cell_len(line.rstrip()) <= 100 for line in said.splitlines())
