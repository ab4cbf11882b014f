"""Days and periods as a person says them in a sentence; tables name them shorter (2026-05, 2026 W26)."""

from __future__ import annotations

import calendar
from datetime import date

from dagster_project.words import Words
from metrics.semantic.days import period_name


def period_words(start: date, grain: str, say: Words) -> str:
    """A period as a person says it: ``May 2026``, ``2026年5月``; ``Q1 2026``, ``week 26 of 2026``, ``3 May 2026``."""
    if grain == "day":
        return day_words(start, say, with_year=True)
    if grain == "month":
        return say("{month} {year}", month=calendar.month_name[start.month], number=start.month, year=start.year)
    if grain == "quarter":
        return say("Q{number} {year}", number=(start.month + 2) // 3, year=start.year)
    if grain == "week":
        year, week, _ = start.isocalendar()
        return say("week {number} of {year}", number=week, year=year)
    return period_name(start, grain)


def day_words(day: date, say: Words, *, with_year: bool = False) -> str:
    """``30 June``, ``6月30日``; with the year ``30 June 2026``, ``2026年6月30日``."""
    parts = {"day": day.day, "month": calendar.month_name[day.month], "number": day.month, "year": day.year}
    return say("{day} {month} {year}" if with_year else "{day} {month}", **parts)
