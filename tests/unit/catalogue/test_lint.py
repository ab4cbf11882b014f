"""Deliberately broken catalogues, each with the one finding it has to give, at its line; the good one gives none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from metrics.catalogue import Finding, read_lineage
from metrics.catalogue.lint import LintReport, lint_catalogue
from metrics.catalogue.lint_people import weight_findings
from metrics.catalogue.rulebook import rules
from tests.unit.values.company import Company, build, manifest

TODAY = date(2026, 6, 10)
GOOD = """version: 1
kpis:
  - id: orders
    title: {en: Orders placed, zh: 订单数}
    description:
      en: How many orders customers placed, without test orders. Example, 16 orders a day.
      zh: 客户提交的订单数量，不含测试订单。例如：每天 16 单。
    question: {en: "How often do people buy?", zh: "人们多久下一次单？"}
    owner: Head of sales
    team: sales
    goals: [grow_revenue]
    level: operational
    scope: team
    timing: lagging
    role: output
    parent: gross_revenue
    guardrails: [csat]
    leading_indicators:
      - {kpi: sessions, lag_days: 1}
    targets:
      - {from: 2026-01-01, to: 2026-12-31, grain: month, floor: 150, value: 180, stretch: 200}
    playbook:
      en: Look at visits first, then at the carts, then walk through the checkout.
      zh: 先看访问量，再看加购，最后自己走一遍结账流程。

  - id: first_response_minutes
    title: {en: Time to first answer, zh: 首次响应时间}
    description:
      en: Minutes until a person answers, half are faster. Lower is better. Example, 42 minutes.
      zh: 人工首次回复所用的分钟数，取中位数，越低越好。例如：42 分钟。
    question: {en: "How long do customers wait?", zh: "客户要等多久？"}
    owner: Head of support
    team: support
    level: operational
    scope: team
    timing: leading
    role: output
    guardrails: [csat]
    baseline_until: 2026-09-30
    playbook:
      en: Compare the new tickets with the people on shift, and move shifts.
      zh: 对照新工单数和当班人数，必要时调整排班。

  - id: gross_revenue
    title: {en: Revenue before refunds, zh: 销售总额}
    description:
      en: What customers paid on the day of the order, before refunds. Example, 990 euros a day.
      zh: 客户在下单当天支付的金额，未扣除退款。例如：每天 990 欧元。
    question: {en: "How much was ordered?", zh: "客户下了多少钱的订单？"}
    owner: Head of sales
    team: sales
    level: strategic
    scope: company
    timing: lagging
    role: outcome
    drivers: sessions * conversion_rate * 62
    targets:
      - {from: 2026-01-01, grain: month, value: 30000, review_on: 2026-07-01}
    playbook:
      en: Look at visits and conversion rate in this order; start with the first that moved.
      zh: 依次查看访问量和转化率，从最先变化的一项入手。

  - id: conversion_rate
    title: {en: Conversion rate, zh: 转化率}
    description:
      en: Orders for every 100 visits, orders divided by visits. Example, 16 of 550, 2.9 %.
      zh: 每 100 次访问产生的订单数：订单数除以访问量。例如：550 次访问产生 16 单，为 2.9%。
    question: {en: "Do visitors buy?", zh: "访客会购买吗？"}
    owner: E-commerce manager
    team: sales
    level: operational
    scope: team
    timing: lagging
    role: process
    parent: gross_revenue
    relation: formula
    baseline_until: 2026-09-30
    playbook:
      en: Split by channel and device, then test the checkout and the payment.
      zh: 按渠道和设备拆分，再测试结账和支付。
"""
# A second KPI of one team, good in itself.
ONE_MORE = """
  - id: csat
    title: {en: Customer satisfaction (CSAT), zh: 客户满意度}
    description:
      en: Share of answers with 4 or 5 points of all answers. Example, CSAT is 85 of 100, 85 %.
      zh: 给出 4 分或 5 分的回答占全部回答的比例。例如：100 份中有 85 份，为 85%。
    question: {en: "Are customers happy?", zh: "客户满意吗？"}
    owner: Head of support
    team: support
    level: strategic
    scope: company
    timing: lagging
    role: outcome
    baseline_until: 2026-09-30
    playbook:
      en: Read the comments of the lowest ratings, sort them and mend the largest cause.
      zh: 阅读最低评分的留言，按原因归类，先解决最大的一类。
"""


@dataclass(frozen=True)
class Broken:
    """``edits`` on the good file; the finding stands at the line that holds ``at`` (of ``file``), by rule ``rule``."""

    rule: str
    at: str
    says: str
    edits: tuple[tuple[str, str], ...] = ()
    more: str = ""
    files: tuple[tuple[str, str], ...] = ()
    file: str = "kpis/own.yml"
    severity: str = "warning"


def error(rule: str, at: str, says: str, *edits: tuple[str, str], **more: Any) -> Broken:
    """A catalogue with an error."""
    return Broken(rule, at, says, edits, severity="error", **more)


def warning(rule: str, at: str, says: str, *edits: tuple[str, str], **more: Any) -> Broken:
    """A catalogue with a warning."""
    return Broken(rule, at, says, edits, **more)


EN = "      en: How many orders customers placed, without test orders. Example, 16 orders a day."
ZH = "      zh: 客户提交的订单数量，不含测试订单。例如：每天 16 单。"
TARGET = "{from: 2026-01-01, to: 2026-12-31, grain: month, floor: 150, value: 180, stretch: 200}"
PLAYBOOK = "      en: Look at visits first, then at the carts, then walk through the checkout.\n"
SHIPPED = "shipped/sales.yml"
BROKEN = [
    # files
    error("yaml", "  bad", "is not valid YAML", more="  bad\n"),
    error("file-empty", "- id: orders", "expected a mapping with the key 'kpis'.", files=(("kpis/z.yml", "- id: orders\n"),), file="kpis/z.yml"),
    error("defaults-empty", "- threshold", "expected a mapping with the keys kpi", files=(("kpis/defaults.yml", "- threshold\n"),), file="kpis/defaults.yml"),
    error("shape", "ownr", "orders: unknown field 'ownr'. Did you mean 'owner'?", ("    team: sales\n    goals", "    ownr: x\n    team: sales\n    goals")),
    error("kpi-twice", "# again", "orders is already defined at kpis/own.yml:3. Keep one.",
          files=(("kpis/z.yml", "kpis:\n" + GOOD.split("kpis:\n")[1].split("  - id: first_resp")[0].replace("id: orders", "id: orders  # again")),), file="kpis/z.yml"),
    error("kpi-shadows", "- id: csat  # mine", "csat ships already, defined at shipped/sales.yml:2. To change it, list it under 'overrides:' with only what changes (owner, targets, threshold, weight); a KPI of your own needs another id.",
          files=((SHIPPED, "kpis:" + ONE_MORE.replace("\n  - id: csat", "\n  - id: csat")), ("kpis/z.yml", "kpis:\n  - id: csat  # mine\n    owner: Nora\n")), file="kpis/z.yml"),
    error("override-shipped", "- id: csat", "csat: overrides belong into a workspace's kpis/ folder. Change the KPI itself.",
          files=((SHIPPED, "overrides:\n  - id: csat\n    weight: 2\n"),), file=SHIPPED),
    error("override-unknown", "- {id: csta", "overrides unknown KPI 'csta'. Did you mean 'csat'?",
          files=((SHIPPED, "kpis:" + ONE_MORE), ("kpis/z.yml", "overrides:\n  - {id: csta, weight: 2}\n")), file="kpis/z.yml"),
    error("override-own", "- {id: orders", "orders is this workspace's own KPI. Edit it at kpis/own.yml:3.",
          files=(("kpis/z.yml", "overrides:\n  - {id: orders, weight: 2}\n"),), file="kpis/z.yml"),
    error("override-twice", "weight: 3", "csat is overridden twice, first at kpis/z.yml:2. Keep one.",
          files=((SHIPPED, "kpis:" + ONE_MORE), ("kpis/z.yml", "overrides:\n  - {id: csat, weight: 2}\n  - {id: csat, weight: 3}\n")), file="kpis/z.yml"),
    # an owner, words, a playbook
    error("owner-missing", "- id: orders", "orders: field 'owner' is missing. Add it.", ("    owner: Head of sales\n    team: sales\n    goals", "    team: sales\n    goals")),
    error("description-missing", "- id: orders", "orders: field 'description' is missing. Add it.", (f"    description:\n{EN}\n{ZH}\n", "")),
    error("playbook-missing", "- id: orders", "orders: field 'playbook' is missing. Add it.",
          (f"    playbook:\n{PLAYBOOK}      zh: 先看访问量，再看加购，最后自己走一遍结账流程。\n", "")),
    warning("unfinished", "owner: TODO", "orders: owner still says 'TODO'. Fill it in.", ("owner: Head of sales\n    team: sales\n    goals", "owner: TODO\n    team: sales\n    goals")),
    warning("description-short", "en: Orders of customers", "orders: the English description has 5 words, expected at least 8.", (EN, "      en: Orders of customers, example 16.")),
    warning("description-example", "en: How many", "orders: the English description gives no example with a number. Add one: 'Example: 16 orders",
            (" Example, 16 orders a day.", "")),
    warning("description-repeats", "en: Placed orders", "orders: the English description only repeats the title.", (EN, "      en: Placed orders.")),
    warning("description-abbreviation", "en: How many", "orders: the English description uses 'SKU' without saying what it means. Write it out",
            ("without test orders.", "without those of a test SKU.")),
    warning("text-language", "How often", "orders: question.zh is not written in Chinese. Translate it.", ('zh: "人们多久下一次单？"', 'zh: "How often?"')),
    warning("playbook-short", "en: Look closer", "orders: the English playbook has 2 words, expected at least 8.", (PLAYBOOK, "      en: Look closer.\n")),
    warning("title-duplicate", "title: {en: Orders Placed, zh: 销售总额}", "gross_revenue has the same title as orders (kpis/own.yml:3): 'Orders Placed'. Give each",
            ("{en: Revenue before refunds,", "{en: Orders Placed,")),
    warning("formula-duplicate", "- id: csat", "csat is computed exactly as conversion_rate (kpis/own.yml:63). One number has one id: keep one of them.", more=ONE_MORE, files=(("same number", "csat conversion_rate"),)),
    # names
    error("metric-unknown", "- id: order\n", "order uses unknown metric 'order'. Did you mean 'orders'", ("- id: orders\n", "- id: order\n")),
    error("reference-unknown", "guardrails: [csta]", "orders: guardrails names unknown metric 'csta'. Did you mean 'csat'?",
          ("parent: gross_revenue\n    guardrails: [csat]", "parent: gross_revenue\n    guardrails: [csta]")),
    error("reference-self", "siblings: [orders]", "orders: siblings names the KPI itself. Remove it.",
          ("    parent: gross_revenue\n    guardrails", "    siblings: [orders]\n    parent: gross_revenue\n    guardrails")),
    error("segment-unreachable", "segments: [chanel]", "orders cannot be split by 'chanel'. Did you mean 'channel'", ("    goals: [grow_revenue]\n", "    goals: [grow_revenue]\n    segments: [chanel]\n")),
    error("watch-unknown", "- {metric: sesions", "watched: unknown metric 'sesions'. Did you mean 'sessions'?", more="watched:\n  - {metric: sesions, owner: Marketing}\n"),
    error("watch-kpi", "- {metric: csat", "watched: csat is a KPI; its own threshold decides. Remove it here.",
          files=((SHIPPED, "kpis:" + ONE_MORE + "watched:\n  - {metric: csat, owner: Nora}\n"),), file=SHIPPED),
    warning("name-close", "team: suport", "first_response_minutes: team 'suport' is not known. Did you mean 'support'? Correct it, or list the new name in kpis/defaults.yml.",
            ("team: support", "team: suport"), files=(("kpis/defaults.yml", "teams: [support]\n"),)),
    # source and guardrail
    warning("source-missing", "- id: first_resp", "first_response_minutes has no source: its metric reads no entity. Build its model", files=(("no source", "tickets"),)),
    warning("guardrail-missing", "- id: first_response_minutes", "first_response_minutes measures speed and has no guardrail",
            ("    role: output\n    guardrails: [csat]\n    baseline", "    role: output\n    baseline")),
    # tree
    error("tree-cycle", "parent: orders", "gross_revenue: parents form a circle: gross_revenue -> orders -> gross_revenue.", ("    drivers: ", "    parent: orders\n    drivers: ")),
    error("leader-component", "{kpi: conversion_rate", "orders: leading indicator 'conversion_rate' is a part of its own outcome", ("{kpi: sessions,", "{kpi: conversion_rate,")),
    error("drivers-syntax", "drivers: orders ** 2", "conversion_rate: drivers 'orders ** 2' cannot be read: '*' at 9 does not belong there.",
          ("    relation: formula\n", "    relation: formula\n    drivers: orders ** 2\n")),
    error("drivers-syntax", "drivers: orders / 0", "conversion_rate: drivers 'orders / 0' cannot be read: what stands at 10 is 0, and nothing can be divided by it.",
          ("    relation: formula\n", "    relation: formula\n    drivers: orders / 0\n")),
    error("drivers-syntax", 'drivers: "100"', "conversion_rate: drivers '100' cannot be read: it names no metric.",
          ("    relation: formula\n", '    relation: formula\n    drivers: "100"\n')),
    error("drivers-unknown", "drivers: sesions", "gross_revenue: drivers names unknown metric 'sesions'. Did you mean 'sessions'?", ("drivers: sessions", "drivers: sesions")),
    error("drivers-cycle", "drivers: sessions", "gross_revenue: the formulas of drivers form a circle: gross_revenue -> conversion_rate -> gross_revenue.",
          ("    relation: formula\n", "    relation: formula\n    drivers: gross_revenue / sessions\n")),
    warning("relation-formula", "relation: formula", "conversion_rate: relation is formula, but the drivers of gross_revenue do not name it. Name the KPI", ("sessions * conversion_rate * 62", "sessions * 62")),
    warning("relation-formula", "relation: formula  # on", "orders: relation is formula, but its parent conversion_rate has no drivers.",
            ("    parent: gross_revenue\n    guardrails", "    parent: conversion_rate\n    relation: formula  # on orders\n    guardrails")),
    warning("relation-influence", "parent: gross_revenue\n    baseline", "conversion_rate: relation is influence, but the drivers of its parent gross_revenue (kpis/own.yml:56) name it. Set relation: formula.",
            ("    relation: formula\n", "")),
    warning("relation-parent", "- id: conversion_rate", "conversion_rate is a term in the drivers of gross_revenue (kpis/own.yml:56), but names no parent, and is not strategic. Set parent: gross_revenue",
            ("    parent: gross_revenue\n    relation: formula\n", "")),
    # how many
    warning("team-crowded", "level: strategic", "gross_revenue is strategic or operational KPI number 2 of the team sales, more than the 1 that people can follow.",
            files=(("kpis/defaults.yml", "lint: {kpis_per_team: 1}\n"),)),
    warning("strategic-crowded", "level: strategic\n", "gross_revenue is strategic KPI number 2, more than the 1 that a company can follow. Make some",
            ("level: operational", "level: strategic  # the first"), files=(("kpis/defaults.yml", "lint: {strategic_kpis: 1}\n"),)),
    # targets
    error("target-row", "soon", "orders: 'from' is 'soon'", files=(("kpis/t.csv", "kpi,from,grain,value\norders,soon,month,5\n"),), file="kpis/t.csv"),
    error("target-unknown", "ordes", "target for unknown KPI 'ordes'. Did you mean 'orders'?",
          files=(("kpis/t.csv", "kpi,from,to,grain,value\nordes,2026-01-01,2026-12-31,month,5\n"),), file="kpis/t.csv"),
    error("target-two-places", "orders,2026", "orders has its targets at kpis/own.yml:20 already. Keep them in one place.",
          files=(("kpis/t.csv", "kpi,from,to,grain,value\norders,2026-01-01,2026-12-31,month,5\n"),), file="kpis/t.csv"),
    error("target-direction", "targets:", "orders has a target, but its metric does not say which way is good. Set meta.direction to up or down.", files=(("direction", "none"),)),
    error("target-grain", "grain: month, floor", "orders: target for grain 'month', but values are kept for day, week.", ("    goals: [grow_revenue]\n", "    goals: [grow_revenue]\n    grains: [day, week]\n")),
    error("target-scope", "chanel: email", "orders: target for 'chanel', but values are kept by channel",
          (f"      - {TARGET}\n", f"      - {TARGET}\n      - {{from: 2026-01-01, to: 2026-12-31, grain: week, value: 9, scope: {{chanel: email}}}}\n")),
    error("target-overlap", "from: 2026-06-01", "orders: target from 2026-06-01 overlaps the one from 2026-01-01 for the same grain and scope. End the earlier one with 'to:'.",
          (f"      - {TARGET}\n", f"      - {TARGET}\n      - {{from: 2026-06-01, to: 2026-12-31, grain: month, value: 190}}\n")),
    error("target-order", "stretch: 170", "orders: stretch (170) is not better than value (180), though more is good.", ("stretch: 200", "stretch: 170")),
    error("target-order", "floor: 180", "orders: value (180) is not better than floor (180), though more is good.", ("floor: 150", "floor: 180")),
    error("target-order", "stretch: 75", "first_response_minutes: stretch (75) is not better than value (60), though less is good.",
          ("    role: output\n    guardrails: [csat]\n    baseline_until: 2026-09-30\n", "    role: output\n    guardrails: [csat]\n    targets: [{from: 2026-01-01, to: 2026-12-31, grain: week, value: 60, stretch: 75}]\n")),
    warning("target-missing", "- id: conversion_rate", "conversion_rate is connected and has no target. Set one under overrides:", ("relation: formula\n    baseline_until: 2026-09-30", "relation: formula")),
    warning("baseline-over", "baseline_until: 2026-06-09", "conversion_rate: baseline_until 2026-06-09 is over and there is still no target.",
            ("relation: formula\n    baseline_until: 2026-09-30", "relation: formula\n    baseline_until: 2026-06-09")),
    warning("target-open-ended", "value: 30000", "gross_revenue: the target from 2026-01-01 has neither an end nor a day of review. Add 'to:' or 'review_on:'.", (", review_on: 2026-07-01", "")),
    warning("target-review-due", "value: 30000", "gross_revenue: the target from 2026-01-01 was to be looked at again on 2026-06-09.", ("review_on: 2026-07-01", "review_on: 2026-06-09")),
    warning("target-unused", "from: 2026-06-16", "orders: no month starts between 2026-06-16 and 2026-06-30, so no period has this target.",
            (f"      - {TARGET}\n", "      - {from: 2026-06-16, to: 2026-06-30, grain: month, value: 180}\n")),
    warning("target-expired", "to: 2026-06-09", "orders: the last target by month ended on 2026-06-09. Set the next one.", ("to: 2026-12-31", "to: 2026-06-09")),
    warning("target-expired", "channel: email", "orders: the last target by week of channel email ended on 2026-03-31. Set the next one.",
            (f"      - {TARGET}\n", f"      - {TARGET}\n      - {{from: 2026-01-01, to: 2026-03-31, grain: week, value: 9, scope: {{channel: email}}}}\n")),
    warning("target-implausible", "value: 1800", "orders: the target 1,800 by month lies outside 120 to 192, which past levels and the largest yearly improvement (30) make plausible.",
            ("value: 180, stretch: 200", "value: 1800, stretch: 2000"), files=(("history", "orders"),)),
    warning("target-implausible", "value: 0.02", "orders: the target 0.02 by month lies outside 120 to 192", ("floor: 150, value: 180", "value: 0.02"), files=(("history", "orders"),)),
]  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return build(tmp_path_factory.mktemp("company"))


def written_manifest(root: Path, without: str = "", same: str = "") -> Path:
    """A manifest in which the model ``without`` is built on nothing that is mapped, and the first metric of ``same`` is
    computed as the second, under its own name and unit."""
    found = manifest()
    if without:
        found["parent_map"][f"model.small.fct_{without}"] = []
    if same:
        one, other = (f"metric.small.{name}" for name in same.split())
        found["metrics"][one] = {**found["metrics"][one], "type_params": found["metrics"][other]["type_params"]}
    path = root / "manifest.json"
    path.write_text(json.dumps(found))
    return path


# Orders by month: 120, 123 ... 153 in 2025, 150 ... 162 in 2026, 30 more than a year before. The best month, 162, may get
# better by 30 once until the end of the target, which is less than a year after the last closed month: 120 to 192.
HISTORY = {date(2025, month, 1): 120.0 + 3 * (month - 1) for month in range(1, 13)} | {
    date(2026, month, 1): 150.0 + 3 * (month - 1) for month in range(1, 6)
}


def lint(company: Company, root: Path, text: str, files: tuple[tuple[str, str], ...] = ()) -> LintReport:
    """The report on a workspace with these files, on 2026-06-10."""
    given = dict(files)
    for name, content in {"kpis/own.yml": text, **{key: value for key, value in given.items() if "." in key}}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    path = written_manifest(root, given.get("no source", ""), given.get("same number", ""))
    ws = company.ws.model_copy(update={"clock": TODAY})
    ws._root = root
    orders = company.layer.metrics["orders"]
    meta = orders.meta
    object.__setattr__(orders, "meta", {**meta, "direction": given.get("direction", "up")})
    company.con.execute("delete from mart.kpi_values")
    if "history" in given:
        for start, value in HISTORY.items():
            company.con.execute(
                "insert into mart.kpi_values by name select ? as metric, 'month' as grain, ?::date as period_start, ? as value,"
                " 'settled' as state, 'x' as definition_hash, 'run' as run_id, timestamp '2026-06-10' as recorded_at",
                [given["history"], start, value],
            )
    try:
        return lint_catalogue(ws, company.layer, read_lineage(path), company.con, root / "shipped")
    finally:
        object.__setattr__(orders, "meta", meta)


def place(one: Broken, text: str) -> str:
    """``file:line`` of the line that holds what is wrong."""
    shown = dict(one.files).get(one.file, text)
    before, found, _ = shown.partition(one.at)
    assert found, one.at
    return f"{one.file}:{before.count(chr(10)) + 1}"


def broken_text(one: Broken) -> str:
    """The good file with the edits, each of which has to change it."""
    text = GOOD
    for old, new in one.edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text + one.more


def shown(root: Path, found: Finding) -> str:
    return str(found).replace(f"{root}/", "")


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: f"{one.rule}: {one.at.strip()[:30]}")
def test_a_broken_catalogue_gives_its_finding(company: Company, tmp_path: Path, one: Broken) -> None:
    text = broken_text(one)
    report = lint(company, tmp_path, text, one.files)
    told = [(found.rule, found.severity, shown(tmp_path, found)) for found in report.findings]
    first = [found for found in told if found[0] == one.rule]
    assert first, told
    rule, severity, line = first[0]
    assert (rule, severity) == (one.rule, one.severity)
    assert line.startswith(f"{place(one, text)}: {one.says}"), line
    assert "\n" not in line
    # Nothing else is wrong, as far as one mistake does not make another.
    others = [found[2][:150] for found in told if found[2] != line]
    assert len(others) == EXTRA.get(one.rule, 0), others


# Findings that follow from the same mistake.
EXTRA: dict[str, int] = {}


def test_the_good_catalogue_gives_none(company: Company, tmp_path: Path) -> None:
    report = lint(company, tmp_path, GOOD, (("history", "orders"),))
    assert [shown(tmp_path, found) for found in report.findings] == []
    assert len(report.checked.catalogue.kpis) == 4


# Rules about metrics and settings, whose broken catalogues are in test_files.py, and about goals, pairs, scorecards and
# objectives, whose broken files are in tests/unit/alignment/test_files.py and tests/unit/scorecards/test_files.py.
ELSEWHERE = {"metric-label", "metric-interval", "metric-persons", "small-cells-dimension", "small-cells-person",
             "small-cells-filter", "weight-range", "weight-sum", "goal-unknown", "objective-unknown", "id-twice", "grain-without-values",
             "dimension-without-values", "pair-dimension", "weight-rule-grain", "score-direction", "score-small-cells",
             "objective-empty"}  # fmt: skip


def test_a_kpi_of_which_neither_more_nor_less_is_good_needs_no_target(company: Company, tmp_path: Path) -> None:
    text = GOOD.replace(f"    targets:\n      - {TARGET}\n", "")
    assert text != GOOD
    rules = {
        way: [found.rule for found in lint(company, tmp_path, text, (("direction", way),)).findings]
        for way in ("up", "none")
    }
    assert rules == {"up": ["target-missing"], "none": []}


def test_every_rule_has_a_broken_catalogue() -> None:
    assert {one.rule for one in BROKEN} == rules().keys() - ELSEWHERE
    assert len(BROKEN) >= 30
    assert {one.rule for one in BROKEN if one.severity == "error"} == {
        name for name, rule in rules().items() if rule.severity == "error"
    } - ELSEWHERE


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: f"{one.rule}: {one.at.strip()[:30]}")
def test_it_is_told_in_chinese_too(company: Company, tmp_path: Path, one: Broken) -> None:
    found = next(found for found in lint(company, tmp_path, broken_text(one), one.files).findings if found.rule == one.rule)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in found.in_language("zh"))
    assert "{" not in found.in_language("zh").replace("{en", "").replace("{from", "")


def test_weights_of_a_scorecard() -> None:
    where = {"": "scorecards/company.yml:3", "orders": "scorecards/company.yml:5"}
    assert weight_findings("company", {"orders": 0.6, "csat": 0.4}, where) == []
    assert weight_findings("company", {"a": 0.333, "b": 0.333, "c": 0.333}, where) == []
    assert weight_findings("company", {"orders": 60, "csat": 40}, where, total=100) == []
    assert [str(found) for found in weight_findings("company", {"orders": -0.5, "csat": 0.9}, where)] == [
        "scorecards/company.yml:5: company: the weight of orders is -0.5, expected more than 0. Give it a weight, or take it off.",
        "scorecards/company.yml:3: company: the weights add up to 0.4, expected 1. Change them so that they do.",
    ]
