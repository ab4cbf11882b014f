"""Files of goals and pairs: each mistake is one finding with its rule and line, told in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.alignment.load import check_alignment
from metrics.catalogue.findings import Finding
from tests.unit.alignment.made_up import company
from tests.unit.values.company import Company

GOALS = """version: 1
goals:
  - id: more
    title: {en: More, zh: 更多}
    description: {en: More, zh: 更多}
    kpi: gross_revenue
    from: 2026-07-01
    by: 2026-09-30
    change: 0.2
    teams:
      - {team: sales, kpi: orders, through: [400]}
"""


PAIRS = """version: 1
pairs:
  - id: beside
    title: {en: Beside, zh: 对照}
    dimension: channel
    left: {team: marketing, kpis: [sessions]}
    right:
      team: sales
      kpis: [orders]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("files"))


def told(shop: Company, root: Path, name: str, text: str) -> list[Finding]:
    """What is said of a workspace's file ``name`` with this text."""
    path = root / "kpis" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    ws = shop.ws.model_copy()
    ws._root = root
    return [found for found in check_alignment(ws, shop.catalogue)[1] if found.file == str(path)]


def above(goal: str) -> str:
    """The goal `more` with this parent, in line 8."""
    return GOALS.replace("kpi: gross_revenue", f"kpi: gross_revenue\n    grain: month\n    parent: {goal}")


LESS = "  - {id: less, parent: more, title: {en: Less, zh: 更少}, description: {en: Less, zh: 更少}}\n"


@pytest.mark.parametrize(("broken", "line", "rule", "english", "chinese"), [
    ("goals: [\n", 1, "yaml", "is not valid YAML", "无法读取："),
    ("- id: more\n", 1, "file-empty", "expected a mapping with the key 'goals'. Start the file with 'version: 1' and 'goals:'.",
     "文件应为含有键 'goals' 的映射。文件请以 'version: 1' 和 'goals:' 开头。"),
    (GOALS.replace("kpi: orders", "kpi: order"), 11, "reference-unknown",
     "goal more: kpi names unknown metric 'order'. Did you mean 'orders'",
     "目标 more：kpi 中的指标 'order' 不存在。是否应为 'orders'"),
    (GOALS.replace("[400]", "[xyz]"), 11, "reference-unknown",
     "goal more: through names unknown metric 'xyz'. `kpi list --all` shows every metric.",
     "目标 more：through 中的指标 'xyz' 不存在。`kpi list --all` 列出全部指标。"),
    (above("nowhere"), 8, "goal-unknown",
     "goal more: parent names unknown goal 'nowhere'. Goals are listed in metrics/kpis/goals.yml and in kpis/goals.yml of",
     "目标 more：parent 中的目标 'nowhere' 不存在。目标列在 metrics/kpis/goals.yml 和工作区的 kpis/goals.yml 中。"),
    (above("grow_revenu"), 8, "goal-unknown",
     "goal more: parent names unknown goal 'grow_revenu'. Did you mean 'grow_revenue'?",
     "目标 more：parent 中的目标 'grow_revenu' 不存在。是否应为 'grow_revenue'？"),
    (above("more"), 8, "tree-cycle", "goal more: parents form a circle: more -> more. Remove one of these parents.",
     "目标 more：parent 形成了循环：more -> more。请去掉其中一个 parent。"),
    (above("less") + LESS, 8, "tree-cycle", "goal more: parents form a circle: more -> less -> more. Remove one",
     "目标 more：parent 形成了循环：more -> less -> more。"),
    (GOALS.replace("kpi: gross_revenue", "kpi: revenue_growth\n    grain: week"), 7, "grain-without-values",
     "goal more: revenue_growth has no values by week, only by month. Take one of these grains, or another metric.",
     "目标 more：revenue_growth 没有周期为 week 的数值，只有 month。请改用其中一个周期，或换一个指标。"),
    (GOALS + GOALS.split("goals:\n")[1], 12, "id-twice", "goal more is already defined at ", "目标 more 已在 "),
    (GOALS.replace("id: more", "id: grow_revenue"), 3, "id-twice",
     "goal grow_revenue is already defined at metrics/kpis/goals.yml:5. Rename one.",
     "目标 grow_revenue 已在 metrics/kpis/goals.yml:5 定义。请给其中一个改名。"),
    (GOALS.replace("teams:", "tems:"), 10, "shape", "more: unknown field 'tems'. Did you mean 'teams'?",
     "more：未知字段 'tems'。是否应为 'teams'？"),
    (GOALS.replace("through", "thru"), 11, "shape", "more: unknown field 'thru'. Did you mean 'through'?",
     "more：未知字段 'thru'。是否应为 'through'？"),
    (GOALS.replace("by: 2026-09-30", "by: 2026-06-30"), 3, "shape",
     "more: goal ends on 2026-06-30, not after it starts on 2026-07-01.",
     "more：目标在 2026-06-30 结束，应晚于开始日期 2026-07-01。"),
    (GOALS.replace("    change: 0.2\n", ""), 3, "shape",
     "more: a goal with a kpi needs 'from', 'by', and either 'change' or 'value'.",
     "more：写了 kpi 的目标需要 'from'、'by'，以及 'change' 和 'value' 中的一个。"),
    (GOALS.replace("    kpi: gross_revenue\n", ""), 3, "shape", "more: a goal with teams, a date or a number needs its 'kpi'.",
     "more：写了团队、日期或数值的目标必须写 'kpi'。"),
    (GOALS.replace("    teams", "    loss_rate: orders\n    teams"), 3, "shape", "more: 'loss_rate' is only for adds_up: true.",
     "more：'loss_rate' 只用于 adds_up: true。"),
    (GOALS.replace("[400]", "[400], change: 1, value: 2"), 11, "shape",
     "more: team sales states 'change' and 'value'. Keep one.", "more：团队 sales 同时写了 'change' 和 'value'。请只保留一个。"),
    (GOALS.replace(", through: [400]", ""), 11, "shape",
     "more: team sales needs a chain ('through') or a stated 'change' or 'value'.",
     "more：团队 sales 需要写计算链（'through'），或直接写明 'change' 或 'value'。"),
    (GOALS.replace("{team: sales", "{share: 0.8, team: a, kpi: orders, change: 1}\n      - {share: 0.3, team: sales"), 3, "shape",
     "more: shares of teams add up to 1.1, more than 1.", "more：各团队的 share 之和为 1.1，超过了 1。"),
])  # fmt: skip
def test_a_mistake_in_goals_is_one_line_in_both_languages(
    shop: Company, tmp_path: Path, broken: str, line: int, rule: str, english: str, chinese: str
) -> None:
    first = told(shop, tmp_path, "goals.yml", broken)[0]
    # a goal is no KPI, whatever its id is
    assert (first.rule, first.line, first.severity, first.kpi) == (rule, line, "error", "")
    assert english in first.in_language("en")
    assert first.in_language("zh").startswith(chinese), first.in_language("zh")
    assert "\n" not in f"{first}{first.in_language('zh')}"


@pytest.mark.parametrize(("broken", "line", "rule", "english", "chinese"), [
    ("- id: beside\n", 1, "file-empty", "expected a mapping with the key 'pairs'. Start the file with 'version: 1' and 'pairs:'.",
     "文件应为含有键 'pairs' 的映射。文件请以 'version: 1' 和 'pairs:' 开头。"),
    (PAIRS.replace("[orders]", "[order]"), 9, "reference-unknown",
     "pair beside: kpis names unknown metric 'order'. Did you mean 'orders'",
     "对照组 beside：kpis 中的指标 'order' 不存在。是否应为 'orders'"),
    (PAIRS.replace("channel", "chanel"), 6, "dimension-without-values",
     "pair beside: sessions has no values by 'chanel'. Did you mean 'channel'?",
     "对照组 beside：sessions 没有按 'chanel' 拆分的数值。是否应为 'channel'？"),
    (PAIRS.replace("channel", "colour"), 6, "dimension-without-values",
     "pair beside: sessions has no values by 'colour'. It can be split by: channel.",
     "对照组 beside：sessions 没有按 'colour' 拆分的数值。可用的维度：channel。"),
    (PAIRS.replace("[orders]", "[revenue_growth]"), 9, "dimension-without-values",
     "pair beside: revenue_growth has no values by 'channel'. It can be split by: none.",
     "对照组 beside：revenue_growth 没有按 'channel' 拆分的数值。可用的维度：无。"),
    (PAIRS.replace("id: beside", "id: marketing_sales"), 3, "id-twice",
     "pair marketing_sales is already defined at metrics/alignment/pairs.yml:5. Rename one.",
     "对照组 marketing_sales 已在 metrics/alignment/pairs.yml:5 定义。请给其中一个改名。"),
])  # fmt: skip
def test_a_mistake_in_pairs_is_one_line_in_both_languages(
    shop: Company, tmp_path: Path, broken: str, line: int, rule: str, english: str, chinese: str
) -> None:
    first = told(shop, tmp_path, "pairs.yml", broken)[0]
    assert (first.rule, first.line, first.severity) == (rule, line, "error")
    assert english in first.in_language("en")
    assert first.in_language("zh").startswith(chinese), first.in_language("zh")


def test_a_pair_that_ships_warns_where_a_metric_has_no_such_segments(shop: Company, tmp_path: Path) -> None:
    # what ships may name metrics that a workspace lacks: these are left out and not told
    shipped = tmp_path / "pairs.yml"
    shipped.write_text(PAIRS.replace("[orders]", "[revenue_growth, nothing]"), encoding="utf-8")
    (found,) = check_alignment(shop.ws, shop.catalogue, (tmp_path / "goals.yml", shipped))[1]
    assert (found.where, found.rule, found.severity) == (f"{shipped}:9", "pair-dimension", "warning")
    assert found.in_language("en") == (
        "pair beside, which ships: revenue_growth has no values by 'channel', so only its total is shown beside the others. "
        "Add 'channel' to the segments of revenue_growth; it can be split by: none."
    )
    assert found.in_language("zh") == (
        "对照组 beside（随产品提供）：revenue_growth 没有按 'channel' 拆分的数值，因此只显示其总计。"
        "请把 'channel' 加入 revenue_growth 的 segments；目前可用的维度：无。"
    )


def test_the_good_files_give_none(shop: Company, tmp_path: Path) -> None:
    assert told(shop, tmp_path / "goals", "goals.yml", GOALS) == []
    assert told(shop, tmp_path / "pairs", "pairs.yml", PAIRS) == []
