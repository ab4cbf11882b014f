"""Look-back runs: one run that trusts nothing of the last days, so that whatever was missed or restated heals.

An ordinary run follows what looks changed: files with a new size or time, rows above a database's cursor. A look-back run
reads the contents of the files, asks the databases for the rows of the whole window, and computes the KPI values of the
window whatever was touched. Values that come out the same are not written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import dagster as dg

from metrics.values import Window

LOOKBACK_TAG = "bellwether/lookback_days"


def lookback_tags(days: int) -> dict[str, str]:
    """Run tags that ask for a look-back over so many days."""
    return {LOOKBACK_TAG: str(days)}


def lookback_days(tags: Mapping[str, str]) -> int:
    """Days that a run looks back; 0 for an ordinary run. Raises dagster.Failure when the tag is no number of days."""
    text = tags.get(LOOKBACK_TAG, "0")
    if not text.isdecimal():
        raise dg.Failure(f"the tag {LOOKBACK_TAG} is '{text}'; give a number of days, such as 35", allow_retries=False)
    return int(text)


def lookback_window(tags: Mapping[str, str], today: date) -> Window | None:
    """The days up to the workspace's today that a look-back run computes again; None for an ordinary run."""
    days = lookback_days(tags)
    return Window(today - timedelta(days=days - 1), today) if days else None
