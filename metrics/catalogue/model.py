"""What a KPI file holds: people, dates and judgement about a metric. Formula and unit live in dbt's YAML.

Frozen models; a wrong file is reported by `load.py` with its line. `schema.py` generates `kpi.schema.json` from here.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from metrics.workspace.number_fields import truth_value_for_number

Grain = Literal["day", "week", "month", "quarter"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter")
DEFAULT_THRESHOLD = 0.15
# Shares that are larger are per cent by mistake: 15 for 0.15, 98 for 0.98.
LARGEST_SWING = 10
LARGEST_LINE = 2

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Sentence = Annotated[str, Field(min_length=2)]


class Frozen(BaseModel):
    """A model that cannot change and knows every one of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _numbers_are_written_as_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        found = truth_value_for_number(cls, info.field_name or "", value)
        if found:
            raise PydanticCustomError(found.complaint, "should be {what}", {"what": found.what, "value": found.value})
        return value


class RefusedError(ValueError):
    """What a model's own check says, without the full stop: in English, and in ``chinese``."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.chinese = chinese


class Text(Frozen):
    """One text in every language that ships."""

    en: Sentence
    zh: Sentence

    def in_language(self, language: str) -> str:
        """The text in Chinese for ``zh``, else in English."""
        return self.zh if language == "zh" else self.en


class Target(Frozen):
    """A value to reach, from one day to another, at one grain.

    ``step`` holds ``value`` for the whole time. ``linear`` moves in a straight line from ``start`` on ``from`` to
    ``value`` on ``to``. ``seasonal`` spreads ``value``, which is for a calendar year, over its periods as the KPI's own
    history does: what adds up sums to it, anything else has it as the mean of its periods. ``floor`` is the least that is
    acceptable, ``stretch`` the ambitious value of a key result. ``scope`` narrows it to one member of a segment, for
    example ``{channel: email}``.
    """

    from_: date = Field(alias="from", description="First day the target holds")
    to: date | None = Field(None, description="Last day the target holds; empty means until further notice")
    grain: Grain = Field(description="The period that the value is for")
    value: float = Field(description="The value to reach")
    floor: float | None = Field(None, description="The least that is acceptable; worse than this is off track")
    stretch: float | None = Field(None, description="The ambitious value, used by key results")
    review_on: date | None = Field(None, description="Day on which somebody looks at the target again")
    start: float | None = Field(None, description="Path linear: the value on the first day")
    scope: dict[str, str] = Field(default_factory=dict, max_length=1, description="One segment: {channel: email}")
    path: Literal["step", "linear", "seasonal"] = "step"

    @model_validator(mode="after")
    def _dates_fit_the_path(self) -> Self:
        if self.to is not None and self.to < self.from_:
            raise RefusedError(
                f"target ends on {self.to}, before it starts on {self.from_}",
                f"目标在 {self.to} 结束，早于开始日期 {self.from_}",
            )
        if self.path == "linear" and (self.to is None or self.start is None):
            raise RefusedError("a linear target needs 'to' and 'start'", "path 为 linear 的目标需要 'to' 和 'start'")
        if self.path != "linear" and self.start is not None:
            raise RefusedError("'start' is only for path: linear", "'start' 只用于 path: linear")
        if self.path == "seasonal" and self.grain == "week":
            raise RefusedError(
                "a seasonal target is for days (by weekday), months or quarters: weeks begin on another day each year. "
                "Set another grain",
                "path 为 seasonal 的目标只能按日（依星期几）、月或季度：各周每年从不同的日期开始。请改用其他 grain",
            )
        if self.path == "seasonal" and self.value <= 0:
            raise RefusedError(
                f"a seasonal target spreads a value above 0, found {self.value:g}. Use path: step",
                f"path 为 seasonal 的目标要分摊大于 0 的值，现为 {self.value:g}。请用 path: step",
            )
        return self

    def holds_on(self, day: date) -> bool:
        """Whether the target is in force on ``day``."""
        return self.from_ <= day and (self.to is None or day <= self.to)

    def value_on(self, day: date) -> float:
        """The value to reach in the period that starts on ``day``.

        Raises ValueError for a seasonal target: what it asks of a period depends on stored history, which
        ``metrics.values.status.read_target_book`` reads.
        """
        if self.path == "seasonal":
            raise ValueError("the periods of a seasonal target depend on history: ask read_target_book")
        if self.path == "step" or self.to is None or self.start is None or self.to == self.from_:
            return self.value
        share = (day - self.from_).days / (self.to - self.from_).days
        return self.start + (self.value - self.start) * min(max(share, 0.0), 1.0)


class Thresholds(Frozen):
    """Where a status changes, as a share of the target reached (1 = exactly on target).

    ``hysteresis`` is how much further than the line a KPI must recover before its status improves.
    """

    at_risk: float = Field(0.98, gt=0, le=LARGEST_LINE, description="Below this share of the target: at risk")
    off_track: float = Field(0.90, gt=0, description="Below this share of the target: off track")
    hysteresis: float = Field(0.01, ge=0, lt=0.5)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.off_track >= self.at_risk:
            raise RefusedError(
                f"off_track ({self.off_track}) must be below at_risk ({self.at_risk})",
                f"off_track（{self.off_track}）必须小于 at_risk（{self.at_risk}）",
            )
        return self


class LeadingIndicator(Frozen):
    """A metric that is expected to move before this one."""

    kpi: Identifier
    lag_days: int = Field(ge=0, le=365)
    effect: Literal["same", "opposite"] = Field("same", description="Whether both move the same way or opposite ways")


class Benchmark(Frozen):
    """What others reach, and who says so. A number without its source is no benchmark."""

    value: float = Field(description="The value that others reach, in the unit of the metric")
    source: Sentence = Field(description="Where the number was published, with its year and whom it covers")
    grain: Grain = Field("month", description="The period that the value is for")


class Kpi(Frozen):
    """One KPI: a metric that somebody owns, with a target. ``id`` is the metric's name."""

    id: Identifier
    version: int = Field(1, ge=1)
    title: Text
    description: Text = Field(description="What it is, in words a newcomer understands")
    question: Text = Field(description="The question it answers")
    owner: Sentence = Field(description="Who answers for it: a role, or a person in a workspace")
    team: Identifier | None = Field(None, description="The team that works on it: marketing, sales, support ...")
    goals: tuple[Identifier, ...] = Field((), description="Goals of the company that it serves")
    level: Literal["strategic", "operational", "functional"]
    scope: Literal["company", "team", "project"]
    timing: Literal["leading", "lagging"]
    role: Literal["input", "process", "output", "outcome"]
    nature: Literal["quantitative", "qualitative"] = Field(
        "quantitative", description="Counted or measured, or what people say they think"
    )
    practical: bool = Field(True, description="It fits how the company works and is measured today")
    directional: bool = Field(True, description="It tells whether things get better or worse")
    actionable: bool = Field(True, description="Its owner can change it")
    financial: bool = Field(False, description="It is money, or a share of money")
    grains: tuple[Grain, ...] = Field(GRAINS, min_length=1)
    segments: tuple[str, ...] | None = Field(None, description="Group-by items; empty means those of the metric")
    minimum_n: int = Field(30, ge=0, description="Below this many observations a value is not judged")
    matures_after_days: int = Field(
        0, ge=0, description="Days after its end before a period is judged or settled: its cohort still grows"
    )
    threshold: float = Field(
        DEFAULT_THRESHOLD, gt=0, le=LARGEST_SWING, description="Daily swing that opens an alert, as a share"
    )
    alert: Literal["any", "bad", "good", "none"] = Field("any", description="Which direction of a swing alerts")
    targets: tuple[Target, ...] = ()
    baseline_until: date | None = Field(
        None, description="Until this day it is only measured: a target set before anybody knows the level would be a guess"
    )
    benchmark: Benchmark | None = None
    thresholds: Thresholds = Field(default_factory=lambda: Thresholds(at_risk=0.98, off_track=0.90, hysteresis=0.01))
    leading_indicators: tuple[LeadingIndicator, ...] = ()
    parent: Identifier | None = Field(None, description="The KPI that this one serves")
    relation: Literal["formula", "influence"] = Field(
        "influence", description="To the parent: a term of its drivers' formula, or moves it in a way nobody can compute"
    )
    drivers: str | None = Field(
        None, description="The KPI as arithmetic of others, exact at every grain: sessions * conversion_rate"
    )
    siblings: tuple[Identifier, ...] = Field((), description="KPIs of other teams to be read beside it")
    guardrails: tuple[Identifier, ...] = Field((), description="KPIs that must not get worse for it")
    playbook: Text = Field(description="What to do when it is off track")
    review: Literal["weekly", "monthly", "quarterly", "yearly"] = "monthly"
    weight: float = Field(1.0, gt=0, description="Weight on a scorecard")


class Watch(Frozen):
    """A plain metric whose daily swings open alerts, though nobody owns it as a KPI."""

    metric: Identifier
    owner: Sentence = Field(description="Who is told")
    threshold: float = Field(
        DEFAULT_THRESHOLD, gt=0, le=LARGEST_SWING, description="Daily swing that opens an alert, as a share"
    )
    minimum_n: int = Field(30, ge=0, description="Below this many observations a day is not judged")
    alert: Literal["any", "bad", "good"] = "any"


OVERRIDABLE = ("owner", "targets", "threshold", "weight")


class Override(Frozen):
    """What a workspace may change of a KPI that ships: these four and nothing else."""

    id: Identifier
    owner: Sentence | None = None
    targets: tuple[Target, ...] | None = None
    threshold: float | None = Field(None, gt=0, le=LARGEST_SWING)
    weight: float | None = Field(None, gt=0)


class KpiFile(Frozen):
    """A file of KPIs. ``overrides`` is for workspaces only."""

    version: Literal[1] = 1
    kpis: tuple[Kpi, ...] = ()
    watched: tuple[Watch, ...] = Field((), description="Plain metrics whose daily swings open alerts")
    overrides: tuple[Override, ...] = ()
