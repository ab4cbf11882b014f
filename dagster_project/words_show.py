"""The words of `kpi show` and of the list of what is not connected, in Chinese; in English they are their own key."""

from __future__ import annotations

SHOW_WORDS = {
    "Is it good": "好不好", "Moves before it": "先行指标", "Must not suffer": "护栏指标", "Read beside": "对照查看",
    "Goals": "服务的目标", "Benchmark": "行业参考", "Target": "目标", "Made from": "数据实体", "Tables": "数据表",
    "{owner}, team {team}": "{owner}（团队：{team}）", "{days} days before": "提前 {days} 天",
    "none until {day}: it is only measured until then": "{day} 之前没有目标，先只观察",
    "· {title}: not connected": "· {title}：未接入",
    "{title}: {facts}": "{title}：{facts}", "{value} in {period}": "{period}为 {value}",
    "on the same day": "同日",
    "higher is better": "越高越好", "lower is better": "越低越好",
    "neither more nor less is better by itself": "本身无所谓高低",
    "On track": "达标", "At risk": "有风险", "Off track": "未达标",
    "No data: no period is closed yet.": "无数据：还没有已结束的期间。",
    "No data: there is no value in {period}; {direction}.": "无数据：{period}没有数值；{direction}。",
    "No target to judge it by: {value} in {period}; {direction}.": "没有可对照的目标：{period}为 {value}；{direction}。",
    "{status}: {value} in {period}, target {target}; {direction}.":
        "{status}：{period}为 {value}，目标 {target}；{direction}。",
    "{status}: {value} in {period}, target {target} (reached to {reached}); {direction}.":
        "{status}：{period}为 {value}，目标 {target}（达成 {reached}）；{direction}。",
    "Too few observations to judge: {value} in {period} from {n}, at least {minimum} are needed; {direction}.":
        "样本太少，暂不判断：{period}为 {value}，样本数 {n}，至少需要 {minimum}；{direction}。",
    "Too early: no whole {grain} ended {days} days ago, which it needs to be judged; {direction}.":
        "时间尚早：还没有结束满 {days} 天的完整{grain}，之后才能判断；{direction}。",
    "{numerator} / {denominator} = {value} in {period}": "{period}：{numerator} / {denominator} = {value}",
    "{month} {year}": "{year}年{number}月", "Q{number} {year}": "{year}年第{number}季度",
    "week {number} of {year}": "{year}年第{number}周",
    # kpi list --all
    "needs": "需要的实体",
    "Not connected: {count}": "未接入的 KPI：{count} 个", "entity": "实体", "rows it needs": "需要的数据行",
    "columns it needs at least": "至少需要的列", "What to map for them in workspace.yml": "需在 workspace.yml 中映射的实体",
    "kpi source suggest FILES reads your files and proposes the mapping; docs/mapping.md shows every option.":
        "kpi source suggest 文件 会读取文件并给出映射建议；全部选项见 docs/mapping.md。",
}  # fmt: skip
