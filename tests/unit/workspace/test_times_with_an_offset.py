"""A time that names its offset is that moment, whatever zone its source has, in Python and in dbt alike."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.workspace.business_dates import OFFSET, event_time_sql
from tests.conftest import REPOSITORY

MACRO = Path(REPOSITORY) / "dbt_project" / "macros" / "time" / "business_date.sql"


class _Berlin:
    timezone = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-05-01 10:00:00", "08:00"),
        ("2024-05-01T10:00:00Z", "10:00"),
        ("2024-05-01 10:00:00 UTC", "10:00"),
        ("2024-05-01 10:00:00 utc", "10:00"),
        ("2024-05-01 10:00:00Z ", "10:00"),
        ("2024-05-01T10:00:00+02:00", "08:00"),
        ("2024-05-01T10:00:00.000+0000", "10:00"),
        ("2024-05-01 10:00:00-05", "15:00"),
        ("2024-05-01 10:00:00+05:53:28", "04:06"),
    ],
)
def test_an_offset_of_its_own_wins_over_the_sources_zone(text: str, utc: str) -> None:
    source: Any = _Berlin()
    with duckdb.connect() as con:
        moment = event_time_sql(source, '"at"', "VARCHAR")
        found = con.execute(f"select {moment} at time zone 'UTC' from (select ? as \"at\")", [text]).fetchall()[0][0]
    assert isinstance(found, datetime)
    assert f"{found:%H:%M}" == utc


def test_dbt_and_python_know_the_same_offsets() -> None:
    """One reads the closing of days off the raw rows, the other their business dates: they have to be the same days."""
    (pattern,) = re.findall(r"'(\[0-9\]\{2\}:.*\$)'", MACRO.read_text(encoding="utf-8"))
    assert pattern == OFFSET
