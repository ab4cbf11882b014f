"""Status: every KPI judged against its targets, the pace of its open period, streaks and records, all kept append-only."""

from metrics.values.status.judgement import (
    PeriodTarget,
    Point,
    Score,
    Status,
    attainment,
    change,
    judged,
    walk,
)
from metrics.values.status.targets import TargetBook, append_targets, read_target_book
from metrics.values.status.write import TREND_PERIODS, StatusReport, write_status

__all__ = [
    "TREND_PERIODS",
    "PeriodTarget",
    "Point",
    "Score",
    "Status",
    "StatusReport",
    "TargetBook",
    "append_targets",
    "attainment",
    "change",
    "judged",
    "read_target_book",
    "walk",
    "write_status",
]
