"""Periods of a vendor's totals as they are written: 2026, 2026-Q2, 2026-05 or 2026-05-31."""

from __future__ import annotations

import datetime as dt
import re

_PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-\d\d)?|-Q[1-4])?")


def period_days(period: str) -> tuple[dt.date, dt.date]:
    """First and last day of a period. Raises ValueError for a text that names none."""
    if not _PERIOD.fullmatch(period):
        raise ValueError(period)
    if len(period) == len("2026-05-31"):
        day = dt.date.fromisoformat(period)
        return day, day
    year, _, part = period.partition("-")
    if not part:
        return dt.date(int(year), 1, 1), dt.date(int(year), 12, 31)
    first, months = (int(part[1]) * 3 - 2, 3) if part.startswith("Q") else (int(part), 1)
    after = int(year) * 12 + first - 1 + months
    return dt.date(int(year), first, 1), dt.date(after // 12, after % 12 + 1, 1) - dt.timedelta(days=1)
