"""The words of `kpi show` and of the list of what is not connected, in Chinese; in English they are their own key."""

from __future__ import annotations

SHOW_WORDS = {
    "Is it good": "达成情况", "Where it is heading": "走势", "Moves before it": "先行指标", "Must not suffer": "不能变差",
    "Read beside": "对照查看",
    "Goals": "对应目标", "Benchmark": "行业参考", "Target": "目标", "Made from": "数据来源", "Tables": "数据表",
    "{owner}, team {team}": "{owner}，团队：{team}", "usually {days} days ahead": "通常提前 {days} 天",
    "moves on the same day": "同日变化",
    "{change} against the {grain} before": "较上{grain} {change}", "{value} ({source})": "{value}（{source}）",
    "when a day moves by more than {threshold} against the day before": "某天的数值较前一天变化超过 {threshold} 时",
    "when a day gets worse by more than {threshold} against the day before": "某天的数值较前一天变差超过 {threshold} 时",
    "when a day gets better by more than {threshold} against the day before": "某天的数值较前一天变好超过 {threshold} 时",
    "none until {day}: it is only measured until then": "{day} 之前没有目标，先只观察",
    "· {title}: not connected": "· {title}：未接入",
    "{title}: {facts}": "{title}：{facts}", "{value} in {period}": "{period}为 {value}",
    "higher is better": "越高越好", "lower is better": "越低越好",
    "neither more nor less is better by itself": "本身无所谓高低",
    "On track": "正常", "At risk": "有风险", "Off track": "偏离目标",
    "No data: no period is closed yet.": "无数据：还没有已结束的期间。",
    "No data: there is no value in {period} ({direction}).": "无数据：{period}没有数值（{direction}）。",
    "No target to judge it by: {value} in {period} ({direction}).": "没有可对照的目标：{period}为 {value}（{direction}）。",
    "{status}: {value} in {period}, {comparison}{line} ({direction}).":
        "{status}：{period}为 {value}，{comparison}{line}（{direction}）。",
    "; {line}": "；{line}",
    "which is the target": "正好等于目标",
    "{gap} better than the target of {target}": "比目标 {target} 好 {gap}",
    "{gap} short of the target of {target}": "比目标 {target} 差 {gap}",
    "{gap} worse than the target of {target}": "比目标 {target} 差 {gap}",
    "{points} percentage points": "{points} 个百分点",
    "on track from {at_risk} of it": "达到目标的 {at_risk} 即为正常",
    "on track up to {at_risk} of it": "不超过目标的 {at_risk} 即为正常",
    "at risk between {off_track} and {at_risk} of it": "介于目标的 {off_track} 与 {at_risk} 之间为有风险",
    "at risk between {at_risk} and {off_track} of it": "介于目标的 {at_risk} 与 {off_track} 之间为有风险",
    "at risk because its floor of {floor} holds": "未跌破底线 {floor}，所以是有风险",
    "on track again at {again} of it": "到目标的 {again} 才恢复为正常",
    "at risk again at {again} of it": "到目标的 {again} 才恢复为有风险",
    "The value is provisional and may still change.": "数值为暂定，可能还会变化。",
    "Too few observations to judge: {value} in {period} from {n}, at least {minimum} are needed ({direction}).":
        "样本太少，暂不判断：{period}为 {value}，样本数 {n}，至少需要 {minimum}（{direction}）。",
    "Too early: no whole {grain} ended {days} days ago, which it needs to be judged ({direction}).":
        "时间尚早：还没有结束满 {days} 天的完整{grain}，之后才能判断（{direction}）。",
    "{numbers} = {value} in {period}": "{period}：{numbers} = {value}",
    "✓ on track from {at_risk} of the target, ! at risk from {off_track}, ✗ off track below.":
        "✓ 正常：达到目标的 {at_risk} 以上；! 有风险：{off_track} 以上；✗ 偏离目标：低于 {off_track}。",
    "✓ on track up to {at_risk} of the target, ! at risk up to {off_track}, ✗ off track above.":
        "✓ 正常：不超过目标的 {at_risk}；! 有风险：不超过 {off_track}；✗ 偏离目标：高于 {off_track}。",
    "Complete up to {day}": "完整数据截至{day}",
    "published on {day}, {time} UTC": "发布于{day} {time}（UTC）",
    # heads of its tables
    "every": "周期", "latest": "最近一期", "vs. before": "较上期", "in a row": "连续正常",
    "95% interval": "95% 置信区间", "count": "数量", "days without data": "缺数据天数", "data": "数据状态",
    "In a row: periods on track one after the other. A target is reached only when its full value is.":
        "连续正常：接连正常的期数；只有达到目标值本身才算“达到目标”。",
    "provisional: late rows may still change it.": "暂定：迟到的数据还可能改变它。",
    "open: the period has not ended; so far: with rows of days that are not complete yet, too.":
        "未结束：该期还没有结束；“至今”也包括尚未完整的日子的数据。",
    "days without data: closed days without the rows that were to be expected. Is a file missing?":
        "缺数据天数：已结束但缺少应有记录的天数。是否有文件缺失？",
    # where it is heading
    "{period}: ": "{period}：", "{period} so far: {value}{known}; ": "{period}至今为 {value}{known}；", ": ": "：",
    " ({known} of {days} days known)": "（{days} 天中已知 {known} 天）",
    "no forecast, as no daily values are kept that add up to it": "不作预测：没有保存可以逐日累加的数值",
    "no forecast, as too many of its recent {unit} have no value": "不作预测：最近有太多{unit}没有数值",
    "heading for {value} by {day}, {range}": "预计到{day}为 {value}，{range}",
    "80% likely between {low} and {high}": "有八成可能介于 {low} 与 {high} 之间",
    " (judged by closed {units} alone)": "（仅按已结束的{grain}推算）", "; target {target}": "；目标 {target}",
    "too early to say where it is heading: {has} {unit} of history, at least {needs} are needed":
        "现在还无法预计：已有历史 {has} {unit}，至少需要 {needs} {unit}",
    ", as it is judged by closed {units} alone: no daily values are kept that add up to it":
        "，因为没有保存可以逐日累加的数值，只能按已结束的{grain}推算",
    "{day} {month}": "{number}月{day}日", "{day} {month} {year}": "{year}年{number}月{day}日",
    "{month} {year}": "{year}年{number}月", "Q{number} {year}": "{year}年第{number}季度",
    "week {number} of {year}": "{year}年第{number}周",
    # kpi list --all
    "needs": "需要的实体",
    "Not connected: {count}": "未接入的 KPI：{count} 个", "entity": "实体", "rows it needs": "需要的数据行",
    "columns it needs at least": "至少需要的列", "What to map for them in workspace.yml": "需在 workspace.yml 中映射的实体",
    "kpi source suggest FILES reads your files and proposes the mapping; docs/mapping.md shows every option.":
        "kpi source suggest 文件 会读取文件并给出映射建议；全部选项见 docs/mapping.md。",
}  # fmt: skip
