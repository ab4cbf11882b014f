"""The eight questions that are timed, each asked of every engine, and the ratio to hand-written SQL that is the goal."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

from metrics.semantic import Query

DAILY_GOAL = 1.3
FIRST, LAST = date(2022, 1, 1), date(2024, 12, 31)
YEAR = date(2024, 1, 1)
SCORECARD = (
    "sessions", "bounce_rate", "conversion_rate", "revenue", "average_order_value", "spend", "roas", "tickets_created",
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """``name`` is also that of the files ``benchmarks/hand/<name>.sql`` and ``<name>_daily.sql``, where it is timed."""

    name: str
    title: str
    query: Query
    goal: float

    @property
    def raw(self) -> Query:
        """The query with the daily tables left out, where the layer knows how to use them."""
        return replace(self.query, raw=True) if can_route() else self.query

    def moved(self, days: int) -> Query:
        """The query of some days before: another text for the compiler, of the same shape."""
        step = timedelta(days=days)
        assert self.raw.start
        assert self.raw.end
        return replace(self.raw, start=self.raw.start - step, end=self.raw.end - step)


def can_route() -> bool:
    """Whether this version of the layer knows daily tables."""
    return any(field.name == "raw" for field in fields(Query))


SHAPES = (
    Shape(
        "sessions_by_day",
        "one KPI by day, 90 days",
        Query(["sessions"], ["metric_time__day"], start=LAST - timedelta(days=89), end=LAST),
        1.1,
    ),
    Shape(
        "five_by_month",
        "five KPIs by month, 3 years",
        Query(
            ["sessions", "conversion_rate", "revenue", "average_order_value", "roas"],
            ["metric_time__month"],
            start=FIRST,
            end=LAST,
        ),
        1.1,
    ),
    Shape(
        "conversion_by_week_and_channel",
        "conversion by week, channel",
        Query(["conversion_rate"], ["metric_time__week", "channel"], start=FIRST, end=LAST),
        1.1,
    ),
    Shape(
        "roas_by_channel_and_month",
        "ROAS by channel, month",
        Query(["roas"], ["channel", "metric_time__month"], start=FIRST, end=LAST),
        1.1,
    ),
    Shape(
        "trailing_28_days",
        "trailing 28 days by day",
        Query(["revenue_28d"], ["metric_time__day"], start=YEAR, end=LAST),
        1.2,
    ),
    Shape("scorecard_of_eight", "eight KPIs of one day", Query(SCORECARD, start=LAST, end=LAST), 1.5),
    Shape(
        "month_over_month",
        "month over month, 1 year",
        Query(["revenue_growth"], ["metric_time__month"], start=YEAR, end=LAST),
        1.1,
    ),
    Shape(
        "scorecard_with_trailing",
        "eight KPIs, one trailing",
        Query(["revenue_28d" if name == "spend" else name for name in SCORECARD], start=LAST, end=LAST),
        1.5,
    ),
)

# Asked of the compiler alone: this kind of metric has the longest statement.
COMPILED_ONLY = (
    Shape(
        "conversion_metric",
        "conversion metric by month",
        Query(["sessions_to_order"], ["metric_time__month", "channel"], start=YEAR, end=LAST),
        1.1,
    ),
)
