"""The cascade of a goal in words, in English and Chinese."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from metrics.alerts.events import shown

if TYPE_CHECKING:
    from metrics.alignment.cascade import Answer, Ask
    from metrics.alignment.model import TeamShare
    from metrics.catalogue.model import Text

_GRAINS = {"day": "天", "week": "周", "month": "个月", "quarter": "个季度"}
_NO_DATA = ("Nothing can be said: the starting point has no value.", "起点没有数值，无法计算。")


@dataclass(frozen=True)
class Said:
    """One KPI of a cascade as it is said: its title and how its numbers are written."""

    title: Text
    unit: str
    currency: str
    grain: str
    ends_on: date
    base: float | None
    wanted: float | None
    change: float | None

    def number(self, value: float) -> str:
        """A value of this KPI with its unit; counts without decimals."""
        return shown(round(value) if self.unit == "count" and abs(value) >= 10 else value, self.unit, self.currency)


def explain_goal(goal: Said, is_relative: bool) -> tuple[str, str]:
    """What the goal asks for. ``is_relative``: it was given as a change."""
    if goal.base is None or goal.wanted is None:
        return _NO_DATA
    first, last = goal.number(goal.base), goal.number(goal.wanted)
    change = f" ({goal.change:+.1%})" if goal.change is not None else ""
    stated = "as a change" if is_relative else "as a value"
    return (
        f"{goal.title.en} from {first} to {last}{change} by {goal.ends_on}, stated {stated}.",
        f"{goal.title.zh}在 {goal.ends_on} 之前从 {first} 达到 {last}{change.replace(' (', '（').replace(')', '）')}。",
    )


def explain_team(
    team: Said,
    goal: Said,
    share: TeamShare,
    rates: Mapping[str, float | None],
    ask: Ask | None,
    computed: Answer | None,
    stated: float | None,
    verdict: str,
    largest: float | None,
) -> tuple[str, str]:
    """Why the team's KPI has to rise by so much, or what is known of what was stated."""
    if team.base is None:
        return _NO_DATA
    parts = [_chain(team, goal, share, rates, ask, computed)] if ask and computed else []
    if stated is not None:
        parts.append(_stated(team, stated, verdict))
    if largest is not None and team.change is not None:
        parts.append(_history(team, largest))
    if not parts:
        missing = ", ".join(name for name, rate in rates.items() if rate is None)
        return (
            f"The rise cannot be computed: no value of {missing or 'the chain'} at the starting point.",
            f"无法计算所需增幅：起点缺少 {missing or '链路'} 的数值。",
        )
    return " ".join(english for english, _ in parts), "".join(chinese for _, chinese in parts)


def _chain(
    team: Said, goal: Said, share: TeamShare, rates: Mapping[str, float | None], ask: Ask, computed: Answer
) -> tuple[str, str]:
    chain = " x ".join(f"{name} {rate:.4g}" if not _is_number(name) else f"{rate:.6g}" for name, rate in rates.items())
    now, each, wanted = (goal.number(v) for v in (computed.added_now, math.prod(ask.rates), computed.added_wanted))
    lost = goal.number(computed.lost)
    missing, value, base = goal.number(computed.missing), team.number(computed.value), team.number(ask.team_value)
    change = f"{computed.value / ask.team_value - 1:+.1%}"
    grain, count = team.grain, ask.team_periods
    english = (
        f"{base} {team.title.en} a {grain} add {now} each {grain} ({chain}: {each} each). Missing are {missing}"
        + (f", and {lost} are lost on the way" if computed.lost else "")
        + (f"; {share.team} brings {share.share:.0%} of it" if share.share < 1 else "")
        + (
            f"; within {count} {grain}s that takes {wanted} each {grain}"
            if ask.adds_up
            else f"; that takes {wanted} a {grain}"
        )
        + f", which is {value} a {grain}{' on average' if ask.adds_up else ''} ({change}) by {team.ends_on}."
    )
    one = _GRAINS[grain].lstrip("个")
    chinese = (
        f"目前每{one}{team.title.zh} {base}，每{one}贡献 {now}（{chain}，每单位 {each}）。还差 {missing}"
        + (f"，途中还会流失 {lost}" if computed.lost else "")
        + (f"，其中 {share.team} 承担 {share.share:.0%}" if share.share < 1 else "")
        + (f"；在 {count} {_GRAINS[grain]}内需要平均每{one}贡献 {wanted}" if ask.adds_up else f"；需要每{one}贡献 {wanted}")
        + f"，即在 {team.ends_on} 之前每{one} {value}（{change}）。"
    )
    return english, chinese


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "-."


def _stated(team: Said, stated: float, verdict: str) -> tuple[str, str]:
    value = team.number(stated)
    change = f"{stated / team.base - 1:+.1%}" if team.base and team.base > 0 else ""
    english, chinese = {
        "enough": ("which the chain confirms as enough", "链路核算表明足够"),
        "too_low": ("which is not enough by the chain", "按链路核算并不够"),
        "unchecked": ("which no chain could check", "没有链路可供核对"),
    }[verdict]
    return f"Stated are {value} ({change}), {english}.", f"设定为 {value}（{change}），{chinese}。"


def _history(team: Said, largest: float) -> tuple[str, str]:
    assert team.change is not None  # noqa: S101 - asked by explain_team
    is_new = team.change > largest
    english = f"The largest rise over as long a time so far was {largest:+.1%}" + (
        ": this would be more than ever before." if is_new else "."
    )
    return english, f"历史上同样时长内的最大增幅为 {largest:+.1%}" + ("：这将超过以往任何时候。" if is_new else "。")
