"""Scorecard files, sets and objectives: each mistake is one finding with its rule and line, told in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.catalogue.findings import Finding
from metrics.scorecards import check_scorecards
from tests.unit.alignment.made_up import company
from tests.unit.values.company import Company

CARD = """version: 1
scorecards:
  - id: shop
    title: {en: Shop, zh: 网店}
    description: {en: The shop, zh: 网店}
    owner: Head of sales
    items:
      - {kpi: orders, weight: 60}
      - {kpi: csat, weight: 40}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("files"))


def told(shop: Company, root: Path, name: str, text: str) -> list[Finding]:
    """What is said of a workspace's file ``name`` with this text."""
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    ws = shop.ws.model_copy()
    ws._root = root
    return [found for found in check_scorecards(ws, shop.catalogue)[1] if found.file == str(path)]


def card(weight: str) -> str:
    """The scorecard with this in the place of the weight of its first item, in line 8."""
    return CARD.replace("weight: 60}", weight)


SET = """sets:
  - id: mine
    title: {en: Mine, zh: 我的}
    description: {en: Mine, zh: 我的}
    kind: north_star
    members:
      - {kpi: order, role: north_star}
"""


@pytest.mark.parametrize(("broken", "line", "rule", "english", "chinese"), [
    ("scorecards: [\n", 1, "yaml", "is not valid YAML", "无法读取："),
    ("- id: shop\n", 1, "file-empty",
     "expected a mapping with the key 'scorecards' or 'sets'. Start the file with 'version: 1' and 'scorecards:'.",
     "文件应为含有键 'scorecards' 或 'sets' 的映射。文件请以 'version: 1' 和 'scorecards:' 开头。"),
    (card("weight: 60, curve: {flor: 1}}"), 8, "shape", "shop: unknown field 'flor'. Did you mean 'floor'?",
     "shop：未知字段 'flor'。是否应为 'floor'？"),
    (CARD.replace("weight: 40", "weight: 30"), 3, "shape", "shop: weights add up to 90. Make them add up to 1 or 100.",
     "shop：权重之和为 90。请调整为 1 或 100。"),
    (CARD.replace("kpi: csat", "kpi: orders"), 3, "shape",
     "shop: 'orders' is listed twice. Remove one, or give each a 'name'.",
     "shop：'orders' 列了两次。请删除一个，或各取不同的 'name'。"),
    (card("weight: 60, curve: {points: [[2, 0], [1, 9]]}}"), 8, "shape",
     "shop: the first numbers of 'points' must rise, each given once.",
     "shop：'points' 中每对的第一个数必须递增，不能重复。"),
    (card("weight: 60, curve: {points: [[off, 0], [1, 9]]}}"), 8, "shape",
     "shop: 'points' is false (YAML's word for no and off, too), expected a number such as 0.15.",
     "shop：'points' 的值是 false（no、off 也读作 false），应为数字，例如 0.15。"),
    (card("weight: 60, curve: {floor: 010}}"), 8, "yaml",
     "scorecards[0].items[0].curve.floor is 010, which YAML reads as 8. Write 10, or put it in quotes if it is a text.",
     "无法读取："),
    (card("weight: 60, weight_rule: {metric: sessions, points: [[2, 0], [2, 1]]}}"), 8, "shape",
     "shop: the first numbers of 'points' must rise, each given once.",
     "shop：'points' 中每对的第一个数必须递增，不能重复。"),
    (card("weight: 60, curve: {floor: 1, points: [[1, 0], [2, 9]]}}"), 8, "shape",
     "shop: a curve has 'points' or floor/target/stretch. Keep one.",
     "shop：curve 只能写 'points' 或 floor/target/stretch。请只保留一种。"),
    (card("weight: 60, curve: {of: share}}"), 8, "shape",
     "shop: 'of: share' is only for a curve given by 'points'.", "shop：'of: share' 只用于以 'points' 给出的 curve。"),
    (SET.replace("kind: north_star", "kind: heart"), 2, "shape",
     "mine: a set of kind heart has 1 members with role north_star, expected 0. Change the roles.",
     "mine：kind 为 heart 的 KPI 组有 1 个 role 为 north_star 的成员，应为 0 个。请修改 role。"),
    (card("weight: 60, weight_rule: {metric: sessions, floor: 0.8, cap: 0.7}}"), 8, "shape",
     "shop: floor (0.8) must not be above cap (0.7).",
     "shop：floor（0.8）不能大于 cap（0.7）。"),
    (CARD.replace("kpi: orders", "kpi: order"), 8, "reference-unknown",
     "scorecard shop: kpi names unknown metric 'order'. Did you mean 'orders'",
     "记分卡 shop：kpi 中的指标 'order' 不存在。是否应为 'orders'"),
    (card("weight: 60, weight_rule: {metric: sesions}}"), 8, "reference-unknown",
     "scorecard shop: metric names unknown metric 'sesions'. Did you mean 'sessions'?",
     "记分卡 shop：metric 中的指标 'sesions' 不存在。是否应为 'sessions'？"),
    (SET, 7, "reference-unknown", "set mine: kpi names unknown metric 'order'. Did you mean 'orders'",
     "KPI 组 mine：kpi 中的指标 'order' 不存在。是否应为 'orders'"),
    (card("weight: 60, segment: {chanel: email}}"), 8, "dimension-without-values",
     "scorecard shop: orders has no values by 'chanel'. Did you mean 'channel'?",
     "记分卡 shop：orders 没有按 'chanel' 拆分的数值。是否应为 'channel'？"),
    (card("weight: 60, weight_rule: {metric: sessions, segment: {colour: red}}}"), 8, "dimension-without-values",
     "scorecard shop: sessions has no values by 'colour'. It can be split by: channel.",
     "记分卡 shop：sessions 没有按 'colour' 拆分的数值。可用的维度：channel。"),
    (CARD.replace("kpi: csat", "kpi: revenue_growth, grain: week"), 9, "grain-without-values",
     "scorecard shop: revenue_growth has no values by week, only by month. Take one of these grains, or another metric.",
     "记分卡 shop：revenue_growth 没有周期为 week 的数值，只有 month。请改用其中一个周期，或换一个指标。"),
    (card("weight: 60, weight_rule: {metric: revenue_growth}}").replace("    owner:", "    grain: week\n    owner:"), 9,
     "weight-rule-grain",
     "scorecard shop: revenue_growth has no values by week, only by month, so that its weight rule would never work. "
     "Take a metric that has, or the scorecard's 'grain' from these.",
     "记分卡 shop：revenue_growth 没有周期为 week 的数值，只有 month，因此它的权重规则永远不会起作用。"
     "请换一个有这些数值的指标，或把记分卡的 'grain' 改为其中之一。"),
    (CARD + CARD.split("scorecards:\n")[1], 10, "id-twice", "scorecard shop is already defined at ", "记分卡 shop 已在 "),
    (SET.replace("order,", "orders,") + SET.replace("order,", "orders,").split("sets:\n")[1], 8, "id-twice",
     "set mine is already defined at ", "KPI 组 mine 已在 "),
])  # fmt: skip
def test_a_mistake_in_a_scorecard_is_one_line_in_both_languages(
    shop: Company, tmp_path: Path, broken: str, line: int, rule: str, english: str, chinese: str
) -> None:
    (found,) = told(shop, tmp_path, "scorecards/own.yml", broken)
    assert (found.rule, found.line, found.severity) == (rule, line, "error")
    assert english in found.in_language("en")
    assert found.in_language("zh").startswith(chinese), found.in_language("zh")
    assert "\n" not in f"{found}{found.in_language('zh')}"


def test_a_kpi_without_a_good_way_needs_a_curve_of_points(shop: Company, tmp_path: Path) -> None:
    orders = shop.catalogue.metrics["orders"]
    meta = orders.meta
    object.__setattr__(orders, "meta", {**meta, "direction": "none"})
    try:
        (found,) = told(shop, tmp_path / "none", "scorecards/own.yml", CARD)
        curve = card("weight: 60, curve: {points: [[0, 0], [9, 100]]}}")
        assert told(shop, tmp_path / "points", "scorecards/own.yml", curve) == []
    finally:
        object.__setattr__(orders, "meta", meta)
    assert (found.rule, found.line, found.severity) == ("score-direction", 8, "error")
    assert found.in_language("en") == (
        "scorecard shop: orders does not say which way is good, so a value cannot be scored. Give the item a curve with 'points'."
    )
    assert (
        found.in_language("zh")
        == "记分卡 shop：orders 没有说明哪个方向为好，因此无法打分。请给该项写一条含 'points' 的 curve。"
    )


def test_the_good_files_give_none(shop: Company, tmp_path: Path) -> None:
    assert told(shop, tmp_path / "cards", "scorecards/own.yml", CARD) == []
    assert told(shop, tmp_path / "okrs", "kpis/okrs.yml", OKRS) == []


def test_a_scorecard_of_a_workspace_takes_the_place_of_the_one_that_ships(tmp_path: Path) -> None:
    shop = company(tmp_path)
    (tmp_path / "scorecards").mkdir()
    (tmp_path / "scorecards" / "own.yml").write_text(CARD.replace("id: shop", "id: company"), encoding="utf-8")
    found, findings = check_scorecards(shop.ws, shop.catalogue)
    assert findings == []
    assert [item.kpi for item in found.cards["company"].items] == ["orders", "csat"]
    assert len(found.cards) == 5


OKRS = """version: 1
objectives:
  - id: grow
    title: {en: Grow, zh: 增长}
    owner: Head of sales
    from: 2026-04-01
    to: 2026-06-30
    key_results:
      - {kpi: orders}
    floors:
      - {kpi: csat}
"""


LOWER = "  - {id: less, title: {en: Less, zh: 更少}, owner: Head, from: 2026-04-01, to: 2026-06-30, parent: grow}\n"


@pytest.mark.parametrize(("broken", "line", "rule", "english", "chinese"), [
    ("- id: grow\n", 1, "file-empty",
     "expected a mapping with the key 'objectives'. Start the file with 'version: 1' and 'objectives:'.",
     "文件应为含有键 'objectives' 的映射。文件请以 'version: 1' 和 'objectives:' 开头。"),
    (OKRS.replace("to: 2026-06-30", "to: 2026-03-30"), 3, "shape",
     "grow: objective ends on 2026-03-30, not after it starts on 2026-04-01.",
     "grow：OKR 目标在 2026-03-30 结束，应晚于开始日期 2026-04-01。"),
    (OKRS.replace("    owner: Head of sales\n", ""), 3, "shape", "grow: field 'owner' is missing. Add it.",
     "grow：缺少字段 'owner'，请补上。"),
    (OKRS.replace("kpi: csat", "kpi: csatt"), 11, "reference-unknown",
     "objective grow: kpi names unknown metric 'csatt'. Did you mean 'csat'",
     "OKR 目标 grow：kpi 中的指标 'csatt' 不存在。是否应为 'csat'"),
    (OKRS.replace("kpi: orders", "kpi: revenue_growth, grain: week"), 9, "grain-without-values",
     "objective grow: revenue_growth has no values by week, only by month. Take one of these grains, or another metric.",
     "OKR 目标 grow：revenue_growth 没有周期为 week 的数值，只有 month。请改用其中一个周期，或换一个指标。"),
    (OKRS.replace("kpi: csat", "kpi: revenue_growth, grain: day"), 11, "grain-without-values",
     "objective grow: revenue_growth has no values by day, only by month.",
     "OKR 目标 grow：revenue_growth 没有周期为 day 的数值，只有 month。"),
    (OKRS.replace("kpi: orders", "kpi: orders, segment: {chanel: email}"), 9, "dimension-without-values",
     "objective grow: orders has no values by 'chanel'. Did you mean 'channel'?",
     "OKR 目标 grow：orders 没有按 'chanel' 拆分的数值。是否应为 'channel'？"),
    (OKRS.replace("    to:", "    parent: gro\n    to:"), 7, "objective-unknown",
     "objective grow: parent names unknown objective 'gro'. Did you mean 'grow'?",
     "OKR 目标 grow：parent 中的 OKR 目标 'gro' 不存在。是否应为 'grow'？"),
    (OKRS.replace("    to:", "    parent: company\n    to:"), 7, "objective-unknown",
     "objective grow: parent names unknown objective 'company'. Objectives are listed in kpis/okrs.yml of the workspace.",
     "OKR 目标 grow：parent 中的 OKR 目标 'company' 不存在。OKR 目标列在工作区的 kpis/okrs.yml 中。"),
    (OKRS.replace("    to:", "    parent: grow\n    to:"), 7, "tree-cycle",
     "objective grow: parents form a circle: grow -> grow. Remove one of these parents.",
     "OKR 目标 grow：parent 形成了循环：grow -> grow。请去掉其中一个 parent。"),
    (OKRS.replace("    to:", "    parent: less\n    to:") + LOWER, 7, "tree-cycle",
     "objective grow: parents form a circle: grow -> less -> grow.", "OKR 目标 grow：parent 形成了循环：grow -> less -> grow。"),
    (OKRS.replace("    key_results:\n      - {kpi: orders}\n", ""), 3, "objective-empty",
     "objective grow has no key result and no objective below it. Add one.",
     "OKR 目标 grow 既没有关键结果（key_results），也没有下级目标。请至少补上一个。"),
    (OKRS + OKRS.split("objectives:\n")[1], 12, "id-twice", "objective grow is already defined at ", "OKR 目标 grow 已在 "),
])  # fmt: skip
def test_a_mistake_in_objectives_is_one_line_in_both_languages(
    shop: Company, tmp_path: Path, broken: str, line: int, rule: str, english: str, chinese: str
) -> None:
    first = told(shop, tmp_path, "kpis/okrs.yml", broken)[0]
    # an objective is no KPI, whatever its id is
    assert (first.rule, first.line, first.severity, first.kpi) == (rule, line, "error", "")
    assert english in first.in_language("en")
    assert first.in_language("zh").startswith(chinese), first.in_language("zh")


def test_scores_of_a_guarded_segment_are_refused(tmp_path: Path) -> None:
    shop = company(tmp_path)
    settings = shop.ws.root / "workspace.yml"
    settings.write_text(settings.read_text() + "small_cells: {dimensions: [channel], person: order, least: 5}\n")
    from metrics.workspace import load_workspace

    (tmp_path / "scorecards").mkdir()
    text = CARD.replace("weight: 60}", "weight: 60, segment: {channel: email}}")
    (tmp_path / "scorecards" / "own.yml").write_text(text, encoding="utf-8")
    (found,) = check_scorecards(load_workspace(tmp_path), shop.catalogue)[1]
    assert (found.rule, found.line, found.severity) == ("score-small-cells", 8, "error")
    assert found.in_language("en") == (
        "scorecard shop: small_cells guards channel, so a score would tell what it withholds. Remove the segment."
    )
    assert found.in_language("zh") == "记分卡 shop：channel 受 small_cells 保护，打分会透露它隐去的内容。请删除该 segment。"
