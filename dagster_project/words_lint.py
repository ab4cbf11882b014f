"""The fixed words of `kpi validate` and `kpi new` in Chinese; what a rule of the catalogue says stands with the rule."""

from __future__ import annotations

LINT_WORDS = {
    # what was found
    "error": "错误", "settings": "设置",
    "1 error": "1 个错误", "{count} errors": "{count} 个错误",
    "1 warning": "1 个警告", "{count} warnings": "{count} 个警告",
    "no error": "没有错误", "no warning": "没有警告",
    "{name}: {sources} sources, {entities} entities, {kpis} KPIs: {found}.":
        "{name}：{sources} 个数据源，{entities} 个实体，{kpis} 个 KPI：{found}。",
    "{name}: {found}, listed above: mend {places}.": "{name}：{found}，见上文：请修正 {places}。",
    "{name}: {found}, each listed above: mend {places}.": "{name}：{found}，均列在上文：请修正 {places}。",
    "the KPI files": "KPI 文件", "workspace.yml": "workspace.yml", " and ": "和",
    "{found}: {first} kpi validate shows all.": "{found}：{first} kpi validate 列出全部。",
    # SMART
    "criterion": "标准", "met": "符合", "reason": "原因", "yes": "是", "no": "否",
    "specific": "具体", "measurable": "可衡量", "achievable": "可实现", "relevant": "相关", "time-bound": "有时限",
    "{met} of {all} KPIs meet all five: specific, measurable, achievable, relevant, time-bound.":
        "{all} 个 KPI 中有 {met} 个五项全部符合：具体、可衡量、可实现、相关、有时限。",
    "described with an example, and owned by {owner}": "定义清楚并有例子，负责人：{owner}",
    "its texts are not clear yet: {rules}": "文字还不够清楚：{rules}",
    "its metric reads no source": "其指标没有数据来源",
    "not connected: map {entities}": "未接入：请映射 {entities}",
    "computed from {entities}, by {grains}": "由 {entities} 计算，周期：{grains}",
    "its owner cannot change it (actionable: false)": "负责人无法改变它（actionable: false）",
    "no target to judge": "没有可评判的目标",
    "less than a year of history to judge the target {value} by {grain}: {count} of {least} periods":
        "历史不足一年，无法评判按 {grain} 的目标 {value}：{count} 期，至少需要 {least} 期",
    "the target {value} lies within {low} to {high}, which history makes plausible":
        "目标 {value} 在历史支持的 {low} 至 {high} 之内",
    "the target {value} lies outside {low} to {high}, which history makes plausible":
        "目标 {value} 超出历史支持的 {low} 至 {high}",
    "serves {goals}": "服务于目标 {goals}",
    "serves {goals} through {way}": "通过 {way} 服务于目标 {goals}",
    "neither it nor {way} above it names a goal": "它和上级 {way} 都没有写明公司目标",
    "it names neither a goal nor a parent": "没有写明公司目标，也没有 parent",
    "target until {day}": "目标有效期至 {day}",
    "its target is looked at again on {day}": "目标将在 {day} 复查",
    "the review of its target was due on {day}": "目标本应在 {day} 复查",
    "its target has neither an end nor a day of review": "目标既没有结束日期也没有复查日期",
    "no target holds today, the last one ended on {day}": "今天没有有效的目标，最后一个在 {day} 结束",
    "no target holds today": "今天没有有效的目标",
    "its level is learned until {day}": "在 {day} 之前先测量水平",
    # kpi new
    "Which metric becomes a KPI (its id)?": "哪个指标要成为 KPI（填 id）？", "Teams": "团队",
    "Title (English)": "标题（英文）", "Title (Chinese)": "标题（中文）",
    "What it is, with an example (English)": "定义与例子（英文）",
    "What it is, with an example (Chinese)": "定义与例子（中文）",
    "The question it answers (English)": "它回答的问题（英文）", "The question it answers (Chinese)": "它回答的问题（中文）",
    "Who answers for it?": "负责人是谁？", "Team": "团队",
    "Goals that it serves, separated by commas": "服务的公司目标（用逗号分隔）",
    "Level (strategic, operational, functional)": "层级（strategic、operational、functional）",
    "Scope (company, team, project)": "范围（company、team、project）",
    "Timing (leading, lagging)": "指标类型（leading 先行、lagging 滞后）",
    "Role (input, process, output, outcome)": "角色（input、process、output、outcome）",
    "The KPI that it serves": "上级 KPI（parent）",
    "What must not get worse for it, separated by commas": "护栏指标（不能因此变差，用逗号分隔）",
    "The value to reach, in the metric's unit (a share as 0.03); empty for none":
        "目标值，按指标的单位（比例写 0.03）；没有则留空",
    "First day of the target": "目标的第一天", "Last day of the target": "目标的最后一天",
    "Grain of the target ({grains})": "目标的周期（{grains}）",
    "Without a target: measured only, until which day? Empty for none": "没有目标：先测量到哪一天？没有则留空",
    "What to do when it is off track (English)": "偏离目标时的做法（英文）",
    "What to do when it is off track (Chinese)": "偏离目标时的做法（中文）",
    "Review (weekly, monthly, quarterly, yearly)": "复盘频率（weekly、monthly、quarterly、yearly）",
    "{file}: written.": "{file}：已写入。",
    "Next: fill in the lines with TODO, then kpi validate -w {folder} and kpi run -w {folder}.":
        "下一步：填写带 TODO 的行，然后运行 kpi validate -w {folder} 和 kpi run -w {folder}。",
    "Next: kpi validate -w {folder}, then kpi run -w {folder}.":
        "下一步：kpi validate -w {folder}，然后 kpi run -w {folder}。",
    "Next: put your exports into {exports}, map them with kpi source suggest {exports}, "
    "then kpi validate -w {folder} and kpi run -w {folder}.":
        "下一步：把导出的文件放进 {exports}，用 kpi source suggest {exports} 生成映射，"
        "然后运行 kpi validate -w {folder} 和 kpi run -w {folder}。",
    # coverage
    "dimension": "维度", "member": "成员", "KPIs": "KPI 数", "connected": "已接入", "names": "KPI",
    "level": "层级", "role": "角色", "nature": "性质", "scope": "范围", "team": "团队", "goal": "目标",
    "team without": "团队缺少",
    "strategic": "战略", "operational": "运营", "functional": "职能", "input": "投入", "process": "过程", "output": "产出",
    "outcome": "结果", "quantitative": "定量", "qualitative": "定性", "company": "公司", "project": "项目",
    "none": "无",
    "Without a KPI: {members}.": "没有 KPI 的有：{members}。",
    "Every level, role, timing, team and goal has a KPI.": "每个层级、角色、指标类型、团队和目标都有 KPI。",
}  # fmt: skip
