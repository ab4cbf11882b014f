"""An alert event: what happened, how bad it is, and the sentence a person reads, in English and Chinese."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from metrics.catalogue import Catalogue

RULE = "literal"
HISTORIC_AFTER = timedelta(days=7)
# a swing of this many thresholds is critical
_CRITICAL_RATIO = 2.0


@dataclass(frozen=True)
class Alert:
    """One event, in the order of the columns of `mart.alerts` (without run, time of detection and of withdrawal)."""

    fingerprint: str
    metric: str
    day: date
    segment_dimension: str
    segment_value: str
    rule: str
    value: float
    previous_value: float
    change: float
    threshold: float
    n: int | None
    direction: Literal["up", "down"]
    is_good: bool | None
    severity: Literal["info", "warning", "critical"]
    status: Literal["new", "historic"]
    message_en: str
    message_zh: str
    owner: str

    def row(self) -> tuple[Any, ...]:
        """The values in column order."""
        return astuple(self)

    def message(self, language: str) -> str:
        """The sentence in the asked language."""
        return self.message_zh if language == "zh" else self.message_en


def fingerprint(metric: str, day: date, segment: str, rule: str, direction: str) -> str:
    """The identity of an event: one day of one series that moved one way under one rule is one event for ever."""
    return hashlib.sha256(f"{metric}|{day.isoformat()}|{segment}|{rule}|{direction}".encode()).hexdigest()


def breach_events(catalogue: Catalogue, currency: str, breaches: Iterable[Mapping[str, Any]], today: date) -> list[Alert]:
    """One event per breach of a total; ``breaches`` have the columns of the swing report."""
    return [_event(catalogue, currency, breach, today) for breach in breaches]


def _event(catalogue: Catalogue, currency: str, breach: Mapping[str, Any], today: date) -> Alert:
    metric, day, change = breach["metric"], breach["day"], breach["change"]
    direction: Literal["up", "down"] = "up" if change > 0 else "down"
    good = catalogue.direction(metric)
    is_good = None if good == "none" else good == direction
    unit = catalogue.unit(metric)
    numbers, numbers_zh = (
        {name: shown(breach[name], unit, currency, language) for name in ("value", "previous_value")}
        for language in ("en", "zh")
    )
    title = catalogue.title(metric)
    share = {"change": f"{change:+.1%}", "threshold": f"{breach['threshold']:.0%}"}
    return Alert(
        fingerprint=fingerprint(metric, day, "", RULE, direction),
        metric=metric,
        day=day,
        segment_dimension="",
        segment_value="",
        rule=RULE,
        value=breach["value"],
        previous_value=breach["previous_value"],
        change=change,
        threshold=breach["threshold"],
        n=breach["n"],
        direction=direction,
        is_good=is_good,
        severity=_severity(is_good, breach["breach_ratio"]),
        status="new" if today - day <= HISTORIC_AFTER else "historic",
        message_en=_ENGLISH.format(title=title.en, day=day, verdict=_VERDICT[is_good][0], **numbers, **share),
        message_zh=_CHINESE.format(title=title.zh, day=day, verdict=_VERDICT[is_good][1], **numbers_zh, **share),
        owner=catalogue.kpis[metric].owner if metric in catalogue.kpis else catalogue.watched[metric].owner,
    )


_ENGLISH = "{title} on {day}: {value}, {change} against the day before ({previous_value}). Threshold {threshold}. {verdict}"
_CHINESE = "{title} {day}：{value}，较前一日（{previous_value}）{change}，超过阈值 {threshold}。{verdict}"
_VERDICT = {
    True: ("It moved in the good direction.", "变化方向是好的。"),
    False: ("It moved in the bad direction.", "变化方向是不利的。"),
    None: ("Neither direction is good in itself.", "涨跌本身无好坏之分。"),
}


def _severity(is_good: bool | None, ratio: float) -> Literal["info", "warning", "critical"]:
    if is_good:
        return "info"
    return "critical" if ratio >= _CRITICAL_RATIO else "warning"


_UNITS = {"en": {"minutes": "min", "days": "days", "hours": "h"}, "zh": {"minutes": "分钟", "days": "天", "hours": "小时"}}


def shown(value: float, unit: str, currency: str, language: str = "en") -> str:
    """A number as a person writes it: 3.20%, 1,250 EUR, 12.5 min, 33 days, 84; in Chinese 12.5 分钟, 33 天."""
    if unit == "ratio":
        return f"{value:.2%}"
    if unit == "currency":
        return f"{value:,.2f} {currency}" if abs(value) < 1000 else f"{value:,.0f} {currency}"
    if unit in ("minutes", "days", "hours"):
        digits = 0 if unit == "days" and abs(value) >= 10 else 1
        return f"{value:,.{digits}f} {_UNITS[language][unit]}"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"
