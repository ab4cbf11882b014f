"""The query object and the grammar of names."""

from __future__ import annotations

import zoneinfo
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic.query import ElementName, Query, parse_name


def test_lists_become_tuples_so_that_a_query_can_be_a_key() -> None:
    query = Query(metrics=["orders"], group_by=["channel"])
    assert query == Query(metrics=("orders",), group_by=("channel",))
    assert hash(query) == hash(Query(metrics=("orders",), group_by=("channel",)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metrics": []}, "no metric"),
        ({"metrics": "orders"}, "expected a list"),
        ({"metrics": ["a", "a"]}, "names 'a' twice"),
        ({"metrics": ["a"], "group_by": ["b", "b"]}, "names 'b' twice"),
        ({"metrics": ["a"], "start": date(2024, 2, 1), "end": date(2024, 1, 1)}, "after end"),
        ({"metrics": ["a"], "start": datetime(2024, 2, 1, 12)}, "without a time"),  # noqa: DTZ001
        ({"metrics": ["a"], "end": "2024-02-01"}, "expected a date"),
        ({"metrics": ["a"], "limit": -1}, "expected 0 or more"),
        ({"metrics": ["a"], "limit": "1; drop table x"}, "expected 0 or more"),
        ({"metrics": ["a"], "limit": True}, "expected 0 or more"),
        ({"metrics": ["a"], "limit": 2**63}, "expected 0 or more"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        Query(**given)


@pytest.mark.parametrize("distance", ["0 days", "\u0663 months", "1\u0663 months", "\uff11 day", "1 fortnight", " 1 day"])
def test_a_distance_is_written_in_plain_digits(distance: str) -> None:
    with pytest.raises(QueryError, match="expected previous_period, same_period_last_year or a distance"):
        Query(["a"], compare=[distance])


@pytest.mark.parametrize(
    "name",
    ["right/Europe/Berlin", "posix/Europe/Berlin", "localtime", "posixrules", "Factory", "../../etc/passwd", "", "a\0b"],
)
def test_what_is_no_place_is_no_time_zone(name: str) -> None:
    """Some of them are files beside those of the zones, which Python reads and DuckDB does not know."""
    with pytest.raises(QueryError, match="expected an IANA name"):
        Query(["a"], timezone=name)


def test_every_time_zone_that_passes_is_one_of_duckdbs() -> None:
    known = {name for (name,) in duckdb.sql("select name from pg_timezone_names()").fetchall()}
    passed = set()
    for name in zoneinfo.available_timezones():
        with suppress(QueryError):
            passed.add(str(Query(["a"], timezone=name).timezone))
    assert "Europe/Berlin" in passed
    assert passed <= known


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("channel", ElementName((), "channel")),
        ("session__device", ElementName(("session",), "device")),
        ("order__customer__segment", ElementName(("order", "customer"), "segment")),
        ("metric_time__week", ElementName((), "metric_time", "week")),
        ("order__shipped_at__month", ElementName(("order",), "shipped_at", "month")),
        ("Metric_Time__MONTH", ElementName((), "metric_time", "month")),
        ("day", ElementName((), "day")),
    ],
)
def test_names_are_split_at_double_underscores(text: str, name: ElementName) -> None:
    assert parse_name(text) == name
    assert str(name) == text.lower()


@pytest.mark.parametrize("text", ["", "__", "a__", "__a", "a____b"])
def test_an_empty_part_is_no_name(text: str) -> None:
    with pytest.raises(QueryError, match="not a group-by name"):
        parse_name(text)
