"""What scorecard files hold: weighted scorecards with curves and weight rules, and ready-made sets of KPIs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from metrics.catalogue.model import Frozen, Grain, Identifier, RefusedError, Sentence, Text

Points = Annotated[tuple[tuple[float, float], ...], Field(min_length=2)]
ScoreGrain = Literal["week", "month", "quarter"]
_RISING = ("the first numbers of 'points' must rise, each given once", "'points' 中每对的第一个数必须递增，不能重复")


class Curve(Frozen):
    """How a value becomes points: 0 at the floor, 100 at the target, ``stretch_points`` at the stretch, straight between.

    What is not given comes from the KPI's target in force; without any floor each percent by which the target is missed
    costs one point. ``points`` gives the whole curve instead: [x, points] pairs, x a value or the share of the target
    that is reached (``of: share``). ``cap`` limits what one item can earn.
    """

    floor: float | None = Field(None, description="Value that earns 0 points")
    target: float | None = Field(None, description="Value that earns 100 points; default: the KPI's target")
    stretch: float | None = Field(None, description="Value that earns stretch_points")
    stretch_points: float = Field(120, gt=100)
    points: Points | None = Field(None, description="[[x, points], ...] with x rising, instead of floor/target/stretch")
    of: Literal["value", "share"] = Field("value", description="What x of points is: a value, or value against target")
    cap: float = Field(120, gt=0, description="No more points than this, however good the value is")

    @model_validator(mode="after")
    def _is_one_curve(self) -> Self:
        if self.points is not None:
            if any(value is not None for value in (self.floor, self.target, self.stretch)) and self.of == "value":
                raise RefusedError(
                    "a curve has 'points' or floor/target/stretch. Keep one",
                    "curve 只能写 'points' 或 floor/target/stretch。请只保留一种",
                )
            if [x for x, _ in self.points] != sorted({x for x, _ in self.points}):
                raise RefusedError(*_RISING)
        elif self.of == "share":
            raise RefusedError(
                "'of: share' is only for a curve given by 'points'", "'of: share' 只用于以 'points' 给出的 curve"
            )
        return self


class WeightRule(Frozen):
    """A weight that follows a metric: its value, perhaps of one segment, times ``factor`` plus ``offset``, within limits.

    Evaluated for every period that is scored, and stored with the score. The result is the item's share of the whole
    scorecard (0 to 1); items without a rule share what is left in proportion to their weights.
    """

    metric: Identifier
    segment: dict[str, str] = Field(default_factory=dict, max_length=1, description="{product_category: Garden}")
    factor: float = 1.0
    offset: float = 0.0
    points: Points | None = Field(None, description="[[value, share], ...] instead of factor and offset")
    floor: float = Field(0.0, ge=0, le=1, description="Never a smaller share than this")
    cap: float = Field(1.0, gt=0, le=1, description="Never a larger share than this: 0.7 is 70 %")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.floor > self.cap:
            raise RefusedError(
                f"floor ({self.floor:g}) must not be above cap ({self.cap:g})",
                f"floor（{self.floor:g}）不能大于 cap（{self.cap:g}）",
            )
        if self.points is not None and [x for x, _ in self.points] != sorted({x for x, _ in self.points}):
            raise RefusedError(*_RISING)
        return self


class Item(Frozen):
    """One KPI on a scorecard. ``weight``: its part of the whole, in the unit in which all weights add up to 1 or 100."""

    kpi: Identifier
    name: Identifier | None = Field(None, description="To tell two items of one KPI apart; default: the KPI")
    segment: dict[str, str] = Field(default_factory=dict, max_length=1, description="One segment: {channel: email}")
    grain: Grain | None = Field(None, description="Default: the scorecard's, or the one that the KPI has a target for")
    weight: float = Field(gt=0)
    weight_rule: WeightRule | None = None
    curve: Curve = Curve()  # type: ignore[call-arg]

    @property
    def key(self) -> str:
        """The name, else the KPI with its segment."""
        return self.name or "_".join([self.kpi, *self.segment.values()])


class Scorecard(Frozen):
    """Items with weights. The score is the weighted mean of what the items earn, over those that have a value.

    Missing items lower ``coverage`` and never count as 0; below ``minimum_coverage`` there is no score.
    """

    id: Identifier
    title: Text
    description: Text
    owner: Sentence
    grain: ScoreGrain = "month"
    minimum_coverage: float = Field(0.5, ge=0, le=1)
    rules_cap: float = Field(1.0, gt=0, le=1, description="The largest share that all weight rules have together")
    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        total = sum(item.weight for item in self.items)
        if not any(abs(total - whole) <= 1e-6 * whole for whole in (1, 100)):
            raise RefusedError(
                f"weights add up to {total:g}. Make them add up to 1 or 100", f"权重之和为 {total:g}。请调整为 1 或 100"
            )
        keys = [item.key for item in self.items]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice:
            raise RefusedError(
                f"'{twice}' is listed twice. Remove one, or give each a 'name'",
                f"'{twice}' 列了两次。请删除一个，或各取不同的 'name'",
            )
        return self


class Member(Frozen):
    """One KPI of a set and what it stands for there."""

    kpi: Identifier
    role: Literal["north_star", "auxiliary", "happiness", "engagement", "adoption", "retention", "task_success"]


class KpiSet(Frozen):
    """A ready-made set: a North Star with its auxiliaries for one business model, or HEART."""

    id: Identifier
    title: Text
    description: Text
    kind: Literal["north_star", "heart"]
    members: tuple[Member, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_north_star(self) -> Self:
        stars = sum(member.role == "north_star" for member in self.members)
        wanted = int(self.kind == "north_star")
        if stars != wanted:
            raise RefusedError(
                f"a set of kind {self.kind} has {stars} members with role north_star, expected {wanted}. Change the roles",
                f"kind 为 {self.kind} 的 KPI 组有 {stars} 个 role 为 north_star 的成员，应为 {wanted} 个。请修改 role",
            )
        return self


class ScorecardFile(Frozen):
    """A file of scorecards and sets."""

    version: Literal[1] = 1
    scorecards: tuple[Scorecard, ...] = ()
    sets: tuple[KpiSet, ...] = ()
