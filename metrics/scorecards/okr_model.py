"""What okrs.yml holds: objectives with key results, and KPIs as floors that must hold meanwhile."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from metrics.catalogue.model import Frozen, Grain, Identifier, RefusedError, Sentence, Text


class KeyResult(Frozen):
    """A KPI that moves from where it starts to an ambitious value."""

    kpi: Identifier
    grain: Grain = "month"
    segment: dict[str, str] = Field(default_factory=dict, max_length=1)
    start: float | None = Field(None, description="Default: the value of the last period before the objective starts")
    stretch: float | None = Field(None, description="Default: the stretch of the KPI's target on the last day")
    weight: float = Field(1.0, gt=0)


class Floor(Frozen):
    """A KPI that must stay at least this good; default: the floor of its target in force, else the target."""

    kpi: Identifier
    grain: Grain = "month"
    floor: float | None = None


class Objective(Frozen):
    """What is to be achieved from one day to another. Its progress is the weighted mean of its key results and of the
    objectives that name it as ``parent``."""

    id: Identifier
    title: Text
    owner: Sentence
    team: Identifier | None = None
    goal: Identifier | None = None
    parent: Identifier | None = None
    weight: float = Field(1.0, gt=0, description="Weight in the parent's progress")
    from_: date = Field(alias="from")
    to: date
    key_results: tuple[KeyResult, ...] = ()
    floors: tuple[Floor, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to <= self.from_:
            raise RefusedError(
                f"objective ends on {self.to}, not after it starts on {self.from_}",
                f"OKR 目标在 {self.to} 结束，应晚于开始日期 {self.from_}",
            )
        return self


class OkrFile(Frozen):
    """A file of objectives."""

    version: Literal[1] = 1
    objectives: tuple[Objective, ...] = ()
