"""What goals.yml and pairs.yml hold: where the company goes, which team moves what for it, what is read side by side."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from metrics.catalogue.model import Frozen, Grain, Identifier, RefusedError, Sentence, Text


class TeamShare(Frozen):
    """What one team's KPI has to do for a goal.

    ``through`` is the chain: multiplied with the team's KPI, its metrics and numbers give what the team adds to the goal's
    KPI in one period (leads x lead_to_deal_rate x 400 EUR a deal).
    """

    team: Identifier
    kpi: Identifier
    through: tuple[Identifier | float, ...] = Field((), description="Rates and numbers from the team's KPI to the goal's")
    share: float = Field(1.0, gt=0, le=1, description="Part of the missing amount that this team brings")
    change: float | None = Field(None, description="Stated by the author: 0.5 is half as much again")
    value: float | None = Field(None, description="Stated by the author: the value to reach, instead of a change")
    by: date | None = Field(None, description="Last day; default that of the goal. Earlier where effects take time")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.change is not None and self.value is not None:
            raise RefusedError(
                f"team {self.team} states 'change' and 'value'. Keep one",
                f"团队 {self.team} 同时写了 'change' 和 'value'。请只保留一个",
            )
        if not self.through and self.change is None and self.value is None:
            raise RefusedError(
                f"team {self.team} needs a chain ('through') or a stated 'change' or 'value'",
                f"团队 {self.team} 需要写计算链（'through'），或直接写明 'change' 或 'value'",
            )
        return self


class Goal(Frozen):
    """A goal in words; with ``kpi``, ``from``, ``by`` and ``change`` or ``value`` it is concrete and has a cascade.

    ``adds_up``: the KPI is a stock (subscriptions, followers), to which every period adds, so contributions add up until
    ``by``; ``loss_rate`` is the metric that says what share of the stock is lost in a period.
    """

    id: Identifier
    title: Text
    description: Text
    parent: Identifier | None = Field(None, description="The goal that this one serves")
    owner: Sentence | None = None
    kpi: Identifier | None = None
    grain: Grain = "month"
    from_: date | None = Field(None, alias="from", description="First day; the last period before it is the starting point")
    by: date | None = Field(None, description="Last day")
    change: float | None = Field(None, description="0.2 is a fifth more than at the start")
    value: float | None = Field(None, description="The value to reach, instead of a change")
    adds_up: bool = False
    loss_rate: Identifier | None = None
    teams: tuple[TeamShare, ...] = ()

    @model_validator(mode="after")
    def _is_concrete_or_not(self) -> Self:
        if self.kpi is None:
            if self.teams or self.by or self.change is not None or self.value is not None:
                raise RefusedError(
                    "a goal with teams, a date or a number needs its 'kpi'", "写了团队、日期或数值的目标必须写 'kpi'"
                )
            return self
        if self.from_ is None or self.by is None or (self.change is None) == (self.value is None):
            raise RefusedError(
                "a goal with a kpi needs 'from', 'by', and either 'change' or 'value'",
                "写了 kpi 的目标需要 'from'、'by'，以及 'change' 和 'value' 中的一个",
            )
        if self.by <= self.from_:
            raise RefusedError(
                f"goal ends on {self.by}, not after it starts on {self.from_}",
                f"目标在 {self.by} 结束，应晚于开始日期 {self.from_}",
            )
        if self.loss_rate and not self.adds_up:
            raise RefusedError("'loss_rate' is only for adds_up: true", "'loss_rate' 只用于 adds_up: true")
        shares = sum(team.share for team in self.teams)
        if shares > 1 + 1e-9:
            raise RefusedError(
                f"shares of teams add up to {shares:g}, more than 1", f"各团队的 share 之和为 {shares:g}，超过了 1"
            )
        return self


class GoalFile(Frozen):
    """A file of goals."""

    version: Literal[1] = 1
    goals: tuple[Goal, ...] = ()


class Side(Frozen):
    """One team's KPIs in a pair."""

    team: Identifier
    kpis: tuple[Identifier, ...] = Field(min_length=1)


class Pair(Frozen):
    """KPIs of two teams of which one feeds the other, read side by side by one dimension."""

    id: Identifier
    title: Text
    dimension: Identifier = Field(description="The short name: channel")
    grain: Grain = "month"
    left: Side
    right: Side


class PairFile(Frozen):
    """A file of pairs."""

    version: Literal[1] = 1
    pairs: tuple[Pair, ...] = ()
