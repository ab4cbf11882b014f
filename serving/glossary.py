"""The glossary: every KPI and metric in plain words, with its lineage down to the sources, as Markdown and as one HTML page.

Written from the published snapshot, so that it says what the published numbers were computed with. The HTML needs nothing
from elsewhere: it can be mailed, printed or opened from a disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.errors import RunError
from metrics.semantic.days import period_name
from metrics.warehouse import open_published

if TYPE_CHECKING:
    from metrics.workspace import Workspace

_TEMPLATES = Path(__file__).with_name("templates")

_METRICS = "select * from mart.dim_kpi order by kind, coalesce(team, 'zzz'), metric"
_STATUS = "select metric, grain, period_start, value, target, status, unit, currency from mart.kpi_status where is_headline"
_LEADERS = (
    "select metric, leading_metric, lag_days from mart.kpi_leading_indicators order by metric, lag_days, leading_metric"
)

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Glossary", "as_of": "as of", "kpis": "KPIs", "metrics": "Plain metrics", "contents": "Contents",
        "intro": "A metric is a quantity that is counted or measured. A KPI is a metric that somebody owns, with a target.",
        "question": "The question", "what": "What it is", "formula": "Formula", "now": "Now", "target": "Target",
        "owner": "Owner", "kind": "Kind", "good": "Good is", "up": "more", "down": "less", "none": "neither more nor less",
        "red": "When off track", "leading": "Moves first", "days": "days before", "parent": "Serves",
        "guardrails": "Must not get worse", "siblings": "Read beside", "drivers": "Arithmetic", "goals": "Goals",
        "benchmark": "Others reach", "baseline": "No target before", "segments": "Split by",
        "lineage": "Where it comes from",
        "entities": "entities", "models": "dbt models", "sources": "sources", "defined": "Defined in", "version": "version",
        "missing": "Not connected. To have it, map", "other": "No team", "and": ", ", "is": ": ",
    },
    "zh": {
        "title": "指标词典", "as_of": "截至", "kpis": "KPI", "metrics": "普通指标", "contents": "目录",
        "intro": "指标是可以计数或测量的数量。KPI 是有负责人、有目标的指标。",
        "question": "回答的问题", "what": "定义", "formula": "公式", "now": "当前值", "target": "目标",
        "owner": "负责人", "kind": "类型", "good": "好的方向", "up": "越高越好", "down": "越低越好", "none": "不分高低",
        "red": "偏离目标时怎么办", "leading": "先行指标", "days": "天之前变化", "parent": "服务于",
        "guardrails": "不能变差的指标", "siblings": "对照阅读", "drivers": "算式", "goals": "目标方向",
        "benchmark": "同行水平", "baseline": "在此日期前不设目标", "segments": "可拆分维度", "lineage": "数据来源",
        "entities": "实体", "models": "dbt 模型", "sources": "数据源", "defined": "定义位置", "version": "版本",
        "missing": "尚未接入。需要映射的实体", "other": "未分配团队", "and": "、", "is": "：",
    },
}  # fmt: skip


# What the words of KPI files are called in Chinese; in English they are their own name.
_CHINESE: Mapping[str, str] = {
    "strategic": "战略层", "operational": "运营层", "functional": "职能层", "leading": "先行", "lagging": "滞后",
    "input": "投入", "process": "过程", "output": "产出", "outcome": "结果", "quantitative": "定量", "qualitative": "定性",
    "formula": "公式项", "influence": "有影响", "day": "日", "week": "周", "month": "月", "quarter": "季度",
    "marketing": "市场", "sales": "销售", "support": "客服", "ecommerce": "电商", "finance": "财务", "operations": "运营",
    "people": "人事", "product": "产品", "management": "管理层",
}  # fmt: skip


@dataclass(frozen=True)
class Glossary:
    """What both formats are written from; ``groups`` holds the KPIs by team, ``metrics`` those without a KPI file."""

    name: str
    day: Any
    groups: Mapping[str, Sequence[Mapping[str, Any]]]
    metrics: Sequence[Mapping[str, Any]]


def read_glossary(ws: Workspace) -> Glossary:
    """Everything known of each metric. Raises RunError before the first publication, or for one made by an older version."""
    with open_published(ws) as con:
        found = [dict(zip([column[0] for column in con.description], row, strict=True))
                 for row in con.execute(_METRICS).fetchall()]  # fmt: skip
        if found and "team" not in found[0]:
            raise RunError("the published version is older than this command. Run `kpi run` to publish a new one.")
        columns = [column[0] for column in con.execute(_STATUS).description]
        status = {row[0]: dict(zip(columns, row, strict=True)) for row in con.fetchall()}
        leaders: dict[str, list[tuple[str, int]]] = {}
        for metric, leading, lag in con.execute(_LEADERS).fetchall():
            leaders.setdefault(metric, []).append((leading, lag))
        day = con.execute("select max(today) from mart.clock").fetchone()
    sources = _sources(ws)
    known = {row["metric"] for row in found}
    for row in found:
        row["now"] = status.get(row["metric"])
        row["leaders"] = leaders.get(row["metric"], [])
        row["sources"] = sorted({name for entity in _names(row["entities"]) for name in sources.get(entity, ())})
        for field in ("entities", "models", "guardrails", "siblings", "goals", "segments", "missing_entities"):
            row[field] = _names(row[field])
        row["linked"] = known
    kpis = [row for row in found if row["kind"] == "kpi"]
    teams = sorted({row["team"] or "" for row in kpis}, key=lambda team: (not team, team))
    return Glossary(
        name=ws.name,
        day=day[0] if day else None,
        groups={team: [row for row in kpis if (row["team"] or "") == team] for team in teams},
        metrics=[row for row in found if row["kind"] != "kpi"],
    )


def write_glossary(ws: Workspace, folder: Path, languages: Sequence[str], formats: Sequence[str]) -> list[Path]:
    """Write ``glossary_<language>.<format>`` for each of them into ``folder`` and return the paths."""
    found = read_glossary(ws)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for language in languages:
        for kind in formats:
            path = folder / f"glossary_{language}.{kind}"
            path.write_text(render(found, language, kind, ws.currency), encoding="utf-8")
            written.append(path)
    return written


def render(glossary: Glossary, language: str, kind: str, currency: str) -> str:
    """The glossary as text. Values of the catalogue are escaped in HTML and in the tables of Markdown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    env = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(["html.j2"]), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    env.filters["amount"] = lambda value, unit: shown(value, unit, currency, language)
    env.filters["text"] = lambda row, field: row[f"{field}_{language}"] or row[f"{field}_en"] or ""
    env.filters["period"] = lambda now: period_name(now["period_start"], now["grain"])
    env.filters["word"] = lambda name: _CHINESE.get(name, name) if language == "zh" else name
    return env.get_template(f"glossary.{kind}.j2").render(found=glossary, say=WORDS[language], language=language)


def shown(value: float | None, unit: str, currency: str, language: str) -> str:
    """A value as a person reads it: 3 significant digits, its unit behind it."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{_digits(value * 100)}%"
    number = _digits(value)
    names = {"currency": currency, "minutes": "min", "hours": "h", "days": "d"}
    return f"{number} {names[unit]}" if unit in names else number


def _digits(value: float) -> str:
    """3 significant digits, all of those before the point, and never a power of ten."""
    value += 0.0  # no -0
    return f"{value:,.0f}" if abs(value) >= 100 else f"{Decimal(f'{value:.3g}'):,f}"


def _sources(ws: Workspace) -> dict[str, set[str]]:
    """The workspace's sources by the entity that they fill."""
    found: dict[str, set[str]] = {}
    for name, source in ws.sources.items():
        for entity in source.entities:
            found.setdefault(entity, set()).add(name)
    return found


def _names(joined: str | None) -> list[str]:
    return [name for name in (joined or "").split(",") if name]
