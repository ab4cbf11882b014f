"""The fixed words of the scorecard, `kpi list`, `kpi show`, `kpi alerts` and `kpi quarantine` in Chinese; in English they
are their own key.

Titles, questions and the sentences of alerts come with the data. Errors, what a check found, progress and the other commands
are English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.words_lint import LINT_WORDS
from dagster_project.words_show import SHOW_WORDS

_CHINESE = {
    # heads of columns
    "KPI": "KPI", "metric": "指标", "kind": "类型", "period": "期间", "grain": "周期", "value": "数值", "target": "目标",
    "status": "状态", "change": "变化", "last 13": "最近13期", "timing": "类型", "owner": "负责人", "day": "日期",
    "previous_value": "前一日", "threshold": "阈值", "severity": "级别", "missing_entities": "缺少的实体",
    "period_start": "周期起始日", "numerator": "分子", "denominator": "分母", "n": "数量",
    "state": "数据状态",
    # what stands in them
    "on track": "正常", "at risk": "有风险", "off track": "偏离目标", "no target": "无目标", "no data": "无数据",
    "too few": "样本不足", "too early": "时间尚早", "pace": "进度", "streak": "连续正常",
    "leading": "先行", "lagging": "滞后", "kpi": "KPI", "critical": "严重", "warning": "警告",
    "info": "提示", "new": "新", "historic": "历史", "withdrawn": "已撤回",
    # grains: "day" alone is the head of a column of dates
    "grain day": "日", "grain week": "周", "grain month": "月", "grain quarter": "季度",
    "open": "未结束", "provisional": "暂定", "settled": "已确定", "restated": "已修正",
    # labels of a KPI
    "What": "定义", "Question": "问题", "Formula": "公式",
    "New definition": "口径变更", "Owner": "负责人", "Timing": "指标类型", "Alert": "告警",
    "When off track": "偏离目标时", "To connect, map": "接入所需实体",
    # lines of the scorecard
    "{name} on {day}": "{name}　截至 {day}",
    "✓ on track from 98% of the target, ! at risk from 90%, ✗ off track below; a KPI may draw other lines.":
        "✓ 正常：达到目标的 98% 以上；! 有风险：90% 至 98%；✗ 偏离目标：低于 90%。个别 KPI 的界线可能不同。",
    "Off track or at risk, worst first:": "偏离目标或有风险（最差的在前）：",
    "And {counts}: kpi list": "另有：{counts}（见 kpi list）",
    "{count} off track": "偏离目标 {count} 个", "{count} at risk": "有风险 {count} 个",
    "{count} on track": "正常 {count} 个",
    "{count} with too few observations": "样本不足 {count} 个", "{count} too early to judge": "时间尚早 {count} 个",
    "{count} without data": "无数据 {count} 个", "{count} without a target": "无目标 {count} 个",
    "No data, because no day is closed yet: {titles}.": "无数据（还没有已结束的日期）：{titles}。",
    "No data, because no whole {grain} since {day} is closed yet: {titles}.":
        "无数据（自 {day} 起还没有完整且已结束的{grain}）：{titles}。",
    "Too early, because no whole {grain} since {day} ended {days} days ago, which they need to be judged: {titles}.":
        "时间尚早（自 {day} 起还没有结束满 {days} 天的完整{grain}，之后才能判断）：{titles}。",
    "No data, because there is no row to compute it from: {titles}.": "无数据（该期间没有可用于计算的记录）：{titles}。",
    "No data, because the history starts on {day}, and the period before has no value: {titles}.":
        "无数据（历史数据始于 {day}，前一期没有数值）：{titles}。",
    "No data, because the earlier period it is compared with has no value, or 0: {titles}.":
        "无数据（用于比较的前期没有数值或为 0）：{titles}。",
    "No data, because what it is divided by is 0 or missing: {titles}.": "无数据（分母为 0 或缺失）：{titles}。",
    "Too few observations to judge: {titles}.": "样本太少，暂不判断：{titles}。",
    "{title} ({n} of at least {minimum})": "{title}（{n}，至少需要 {minimum}）",
    "{title} ({period})": "{title}（{period}）",
    "and {count} more": "另有 {count} 个",
    "Not connected: {count} KPIs. What to map, and how many need it: {entities} (kpi list --all).":
        "未接入的 KPI：{count} 个。需要映射的实体及涉及的 KPI 数：{entities}（kpi list --all）。",
    "Not connected: {count} KPI. What to map: {entities} (kpi list --all).":
        "未接入的 KPI：{count} 个。需要映射的实体：{entities}（kpi list --all）。",
    "Open periods so far: {on} of {all} KPIs on pace.": "未结束期间的进度：{all} 个 KPI 中 {on} 个正常。",
    "Open periods so far: {on} of {all} KPIs on pace. Behind: {titles}.":
        "未结束期间的进度：{all} 个 KPI 中 {on} 个正常；落后：{titles}。",
    "{title} ({pace} of the pace)": "{title}（为应有进度的 {pace}）",
    "{title} reached its target in {period}: {value} (target {target}).":
        "{title}在{period}达到目标：{value}（目标 {target}）。",
    "{title}: the best {grain} so far was {period}: {value} (best before: {previous}).":
        "{title}：{period}创下历史最佳（按{grain}）：{value}（此前最佳：{previous}）。",
    "{title}: {count} {units} on track in a row ended in {period}: {value} (target {target}).":
        "{title}：连续 {count} {units}正常，在{period}中断：{value}（目标 {target}）。",
    "... and {count} more: mart.kpi_milestones": "……另有 {count} 条：mart.kpi_milestones",
    "Best ever: {value} in {period}.": "历史最佳：{value}（{period}）。",
    "No alert in the last {days} days{older}.": "最近 {days} 天没有告警{older}。",
    "Alerts of the last {days} days: {count}{older}": "最近 {days} 天的告警：{count} 条{older}",
    "{count} older alert": "更早的告警 {count} 条",
    "{count} swing in the past": "过往波动 {count} 次",
    "{count} older alerts": "更早的告警 {count} 条",
    "{count} swings in the past": "过往波动 {count} 次",
    " ({older}: kpi alerts --all)": "（{older}：kpi alerts --all）",
    "... and {count} more: kpi alerts --days {days}": "……另有 {count} 条：kpi alerts --days {days}",
    # the end of a run
    "Nothing new since the last run: no source, definition or setting has changed.":
        "自上次运行以来没有变化：数据源、定义和设置都没有改动。",
    "Steps: {steps}; all {seconds} s": "步骤：{steps}；共 {seconds} 秒",
    "{step} {seconds} s": "{step} {seconds} 秒",
    "... and {count} more failed check: kpi dev shows it": "……另有 {count} 项检查未通过：见 kpi dev",
    "... and {count} more failed checks: kpi dev shows them": "……另有 {count} 项检查未通过：见 kpi dev",
    "An alert could not be sent: {failure}": "有告警未能发送：{failure}",
    "Published: {path}": "已发布：{path}",
    "1 row could not be read ({example}). kpi quarantine --rows shows it.":
        "1 行无法读取（{example}）。kpi quarantine --rows 可查看。",
    "{count} rows could not be read ({example}). kpi quarantine --rows shows them.":
        "{count} 行无法读取（{example}）。kpi quarantine --rows 可查看。",
    # kpi quarantine
    "table": "表", "file": "文件", "reason": "原因", "when": "时间", "row": "原始行",
    "No row is in quarantine.": "隔离区没有数据行。",
    "No row of {source} is in quarantine.": "隔离区没有 {source} 的数据行。",
    "... and {count} more: --limit {all} shows all.": "……另有 {count} 行：--limit {all} 列出全部。",
    # checks that a run warns of
    "failed": "未通过",
    "check catalogue": "KPI 定义", "check targets": "目标", "check adds_up": "逐步对账",
    "check control_totals": "控制总数", "check freshness": "数据滞后", "check gaps": "日期缺口",
    "check keys_and_ranges": "主键与取值范围", "check ranges": "取值范围", "check schema": "列",
    "check undecided_versions": "版本未定", "check volume": "行数",
    # where a KPI is heading
    "{percent} likely": "达成可能性 {percent}", "less than 1%": "低于 1%", "more than 99%": "高于 99%",
    "almost certain": "几乎肯定", "likely": "很可能", "rather likely": "较可能", "as likely as not": "一半一半",
    "rather unlikely": "不太可能", "unlikely": "可能性小", "very unlikely": "可能性很小",
    "units day": "天", "units week": "周", "units month": "个月", "units quarter": "个季度",
    # kpi target
    "Now {now} (middle of the last {count} closed {unit}).": "当前 {now}（最近 {count} {unit}的中间值）。",
    "If things go on as they do: {value} in the {grain} to {day}, {range}.":
        "照目前的走势：到 {day} 的{grain}为 {value}，{range}。",
    "Benchmark: {value} ({source}).": "行业参考值：{value}（{source}）。",
    "The benchmark is reached already: the next step comes from the KPI's own past.":
        "已达到行业参考值：下一步目标按自身历史确定。",
    "No benchmark is known: give one with --benchmark and --source, or in the KPI file.":
        "没有行业参考值：可用 --benchmark 和 --source 给出，或写入 KPI 文件。",
    "step": "台阶", "chance": "可能性", "in words": "说明", "why": "依据",
    "safe": "稳妥", "stretch": "进取", "benchmark": "行业参考",
    "80% likely if nothing changes": "不做改变时，有八成可能达到",
    "half of the way to the benchmark": "到行业参考值的一半路程",
    "the largest improvement so far in as long a time": "以往同样时长内的最大改善",
    "where it is heading anyway": "按目前走势本来就会达到",
    "20% likely if nothing changes": "不做改变时，有两成可能达到",
    "what others reach": "同行的水平",
    "To reach {value} ({step}), with all else as it is now:": "要达到 {value}（{step}），其他保持现状时：",
    "{driver} would have to go from {now} to {needed} ({change}): {chance}.":
        "{driver} 需要从 {now} 变为 {needed}（{change}）：{chance}。",
    "{driver} would have to go from {now} to {needed} ({change}).": "{driver} 需要从 {now} 变为 {needed}（{change}）。",
    "It is heading for worse than now: a step that is worse than now limits the loss, no more.":
        "走势变差：比当前更差的台阶只是止损，并非进步。",
    "To get no worse than {value} ({step}), with all else as it is now:": "要不差于 {value}（{step}），其他保持现状时：",
    "{driver} may go from {now} to {needed} ({change}), but no further: {chance}.":
        "{driver} 最多可从 {now} 变为 {needed}（{change}）：{chance}。",
    "{driver} may go from {now} to {needed} ({change}), but no further.":
        "{driver} 最多可从 {now} 变为 {needed}（{change}）。",
    "{driver} alone does not take it that far.": "仅 {driver} 变差不会到这一步。",
    "Or all of them together: each worse by no more than {change}.": "或者全部一起：各变差不超过 {change}。",
    "{driver} alone cannot do it.": "仅靠 {driver} 无法达到。",
    "Or all of them together: each {change}.": "或者全部一起：各改善 {change}。",
    "Ready to paste under targets: of {kpi}:": "可直接粘贴到 {kpi} 的 targets: 下：",
    "Or as a line of a CSV file in kpis/:": "或作为 kpis/ 中 CSV 文件的一行：",
    "No rows.": "没有数据。",
    "No alert yet.": "还没有告警。",
    "No alert since yesterday; kpi alerts --all goes further back.": "昨天以来没有告警；更早的见 kpi alerts --all。",
    "No alert in the last {days} days; kpi alerts --all goes further back.":
        "最近 {days} 天没有告警；kpi alerts --all 列出全部。",
    ", ": "、",
    # kpi tree and kpi pairs
    "Serves: {titles}": "服务于：{titles}",
    "= a term of the formula, ~ influences, → a team's part of the goal, ↔ read beside; … shown above":
        "= 公式中的一项，~ 有影响，→ 团队承担的部分，↔ 对照查看；… 上文已列出",
    "not connected": "未接入",
    "not connected: map {entities}": "未接入：需映射 {entities}",
    "Not connected: {names} (kpi list --all).": "未接入：{names}（kpi list --all）。",
    "{current}, expected by now {expected}": "当前 {current}，此时应为 {expected}",
    "all": "全部", 
    # kpi scorecard and kpi okr
    "Scores (and coverage): {scores}": "得分（覆盖率）：{scores}",
    "{title} {score} ({coverage})": "{title} {score}（{coverage}）",
    "North Star and auxiliaries: {kpis}": "北极星及辅助指标：{kpis}",
    "scorecard": "记分卡", "title": "名称", "score": "得分", "previous": "上期", "coverage": "覆盖率", "points": "得分",
    "weight": "权重", "note": "说明",
    "100 points: every target is reached. Coverage: the weight of what could be scored.":
        "100 分：全部达到目标。覆盖率：能够评分的部分所占权重。",
    "Too little could be scored for a score.": "可评分的部分太少，不给出总分。",
    "No period is scored yet.": "还没有已评分的期间。",
    "{score} points (before: {before}), coverage {coverage}": "{score} 分（上期：{before}），覆盖率 {coverage}",
    "weight by {metric} = {value}": "权重取决于 {metric} = {value}",
    "north_star": "北极星", "auxiliary": "辅助", "happiness": "愉悦", "engagement": "参与", "adoption": "采用",
    "retention": "留存", "task_success": "任务完成",
    # kpi campaigns
    "Campaigns in {period}, money in {currency}": "{period} 各广告系列（金额单位 {currency}）",
    "No closed period with campaigns yet.": "还没有已结束且有广告系列的期间。",
    "channel": "渠道", "campaign": "广告系列", "spend": "支出", "clicks": "点击", "sessions": "访问", "orders": "订单",
    "by ads": "归因销售额", "cac": "CAC", "roas": "ROAS", "cpa": "CPA", "(none)": "（无）",
    "{statuses}. An empty cell is not known, which is not 0.": "{statuses}。空白表示未知，并不是 0。",
    "{kpi}: {title}, no target by {grain}": "{kpi}：{title}，没有按{grain}的目标",
    "{kpi}: {title}, target {targets}": "{kpi}：{title}，目标 {targets}",
    "No objective yet: write kpis/okrs.yml.": "还没有目标：请编写 kpis/okrs.yml。",
    "  {done} done, {expected} expected by now  ": "　完成 {done}，按已结束的期间应完成 {expected}　",
    "Key results: value at the start → last closed period → value to reach.":
        "关键结果：起始值 → 最近已结束期间的数值 → 要达到的数值。",
    "it began there already: 100% while it stays, else 0%": "起始时已达到：保持则为 100%，否则为 0%",
    "floors broken: {count}": "跌破底线：{count}",
    "floor {floor}: {value}": "底线 {floor}：{value}",
}  # fmt: skip
_CHINESE |= LINT_WORDS | SHOW_WORDS
_SPACE_WITHIN = re.compile("(?<=[一-鿿]) (?=[一-鿿])")


@dataclass(frozen=True)
class Words:
    """``Words("zh")("on track")`` is 正常. Values are put into the braces of a sentence."""

    language: str = "en"

    def __call__(self, english: str, **values: object) -> str:
        """The words in the language; KeyError for what has no Chinese, so that no half of a line stays English."""
        if self.language != "zh":
            return english.format(**values) if values else english
        text = _CHINESE[english]
        # no space between two Chinese characters: 达成可能性低于 1%, where a number would have one
        return _SPACE_WITHIN.sub("", text.format(**values)) if values else text

    def clauses(self, told: Sequence[str]) -> str:
        """Parts of a sentence: ``2026年5月为 313，无目标``. Names in a list are joined by ``say(", ")``, which is 、."""
        return ("，" if self.language == "zh" else ", ").join(told)

    def sentences(self, *told: str) -> str:
        """Sentences one behind the other; Chinese has no space between them."""
        return ("" if self.language == "zh" else " ").join(told)

    def end(self, sentence: str) -> str:
        """The sentence with its full stop."""
        return f"{sentence}。" if self.language == "zh" else f"{sentence}."

    def grain(self, grain: str) -> str:
        """The name of a grain: ``day`` is 日, and not 日期 as over a column. KeyError for another word."""
        return _CHINESE[f"grain {grain}"] if self.language == "zh" else grain

    def units(self, grain: str) -> str:
        """Several of a grain: ``days`` is 天. KeyError for another word."""
        return _CHINESE[f"units {grain}"] if self.language == "zh" else f"{grain}s"

    def dimension(self, name: str) -> str:
        """The name of a dimension as the head of a column: ``channel`` is 渠道; one of a workspace stays as it is."""
        return _CHINESE.get(name, name) if self.language == "zh" else name

    def check(self, name: str) -> str:
        """The name of a check: ``gaps`` is 日期缺口. A check of the workspace's own has no other name than its own."""
        return _CHINESE.get(f"check {name}", name) if self.language == "zh" else name
