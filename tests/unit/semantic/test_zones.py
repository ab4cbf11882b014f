"""``timezone``: the days of a place, of 23 and 25 hours when its clocks change, on DuckDB and PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.manifest import Manifest
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model, time

BERLIN = "Europe/Berlin"
SPRING, AUTUMN = date(2024, 3, 31), date(2024, 10, 27)


def calls() -> Manifest:
    """Calls by the second, invoices by the day."""
    made = model(
        "calls",
        [entity("call", "primary"), entity("ticket", "foreign")],
        [dimension("team"), time("ended_at", "second")],
        [measure("calls", "sum", "1"), measure("minutes")],
        at="second",
    )
    tickets = model("tickets", [entity("ticket", "primary")], [time("opened_at", "minute")])
    invoices = model("invoices", [entity("invoice", "primary")], [], [measure("billed", "sum", "1")])
    week = {"window": {"count": 2, "granularity": "days"}, "period_agg": "last"}
    before = {"name": "calls", "alias": "before", "offset_window": {"count": 1, "granularity": "day"}}
    return manifest(
        [made, tickets, invoices],
        [
            metric("calls", measure="calls"),
            metric("trailing", "cumulative", measure="calls", cumulative_type_params=week),
            metric("change", "derived", expr="calls - before", metrics=["calls", before]),
            metric("billed", measure="billed"),
        ],
    )


LAYER = SemanticLayer(calls())


@pytest.fixture
def hourly(engine: Engine) -> Engine:
    """One call in the middle of every hour of UTC, from 30 March to 2 April and from 26 to 29 October 2024."""
    engine.execute("create schema core")
    engine.execute(
        'create table core.calls (call integer, ticket integer, "at" timestamp, ended_at timestamp, team varchar)'
    )
    engine.execute("create table core.tickets (ticket integer, opened_at timestamp)")
    engine.execute("create table core.days (date_day date)")
    for first in ("2024-03-30", "2024-10-26"):
        engine.execute(
            "insert into core.days select cast(d as date) from"
            f" (select unnest(array[{', '.join(_days(first))}]) as d) as days"
        )
        engine.execute(
            f"insert into core.calls select 1, 1, t + interval '30 minutes', t + interval '35 minutes', 'a' from"
            f" generate_series(timestamp '{first} 00:00', timestamp '{first} 00:00' + interval '95 hours', interval '1 hour')"
            " as hours(t)"
        )
    engine.execute("insert into core.tickets values (1, timestamp '2024-03-31 22:30:00')")
    return engine


def _days(first: str) -> list[str]:
    start = date.fromisoformat(first)
    return [f"date '{start + timedelta(days=index)}'" for index in range(5)]


def ask(engine: Engine, metrics: list[str], group_by: list[str], **options: Any) -> list[tuple[Any, ...]]:
    return engine.ask(LAYER, Query(metrics, group_by, **{"timezone": BERLIN, "order_by": group_by, **options}))[1]


@pytest.mark.parametrize("zone", [None, BERLIN, "America/New_York"])
def test_windows_with_a_time_of_day_hold_by_instant_in_every_zone(zone: str | None, engine: Engine) -> None:
    """The plan changes at 23:00 UTC; an order at 22:59:59 has the old one, one at 23:00 the new one. Rent changes by day."""

    def edge(name: str, side: str, grain: str) -> dict[str, Any]:
        found = time(name, grain)
        found["type_params"]["validity_params"] = {"is_start": side == "start", "is_end": side == "end"}
        return found

    def changing(name: str, key: str, grain: str) -> dict[str, Any]:
        edges = [edge(f"{name}_from", "start", grain), edge(f"{name}_to", "end", grain)]
        return model(f"{name}s", [entity(key, "natural")], [dimension(name), *edges])

    orders = model(
        "orders",
        [entity("order", "primary", "id"), entity("customer", "foreign"), entity("shop", "foreign")],
        [],
        [measure("amount")],
        at="second",
    )
    models = [orders, changing("plan", "customer", "second"), changing("rent", "shop", "day")]
    layer = SemanticLayer(manifest(models, [metric("amount", measure="amount")]))
    engine.execute("create schema core")
    engine.execute('create table core.orders (id integer, customer integer, shop integer, "at" timestamp, amount integer)')
    engine.execute(
        "insert into core.orders values (1, 1, 1, '2024-01-31 22:59:59', 1), (2, 1, 1, '2024-01-31 23:00:00', 2),"
        " (3, 1, 1, '2024-02-01 05:30:00', 4), (4, 2, null, '2024-02-01 00:00:00', 8)"
    )
    engine.execute("create table core.plans (customer integer, plan varchar, plan_from timestamp, plan_to timestamp)")
    engine.execute(
        "insert into core.plans values (1, 'basic', '2023-01-01', '2024-01-31 23:00'), (1, 'pro', '2024-01-31 23:00', null)"
    )
    engine.execute("create table core.rents (shop integer, rent varchar, rent_from date, rent_to date)")
    engine.execute("insert into core.rents values (1, 'old', '2020-01-01', '2024-02-01'), (1, 'new', '2024-02-01', null)")

    def found(key: str) -> dict[Any, Any]:
        return dict(engine.ask(layer, Query(["amount"], [key], timezone=zone))[1])

    assert found("customer__plan") == {"basic": 1, "pro": 6, None: 8}
    # 05:30 UTC is 00:30 in New York; midnight in Berlin is 23:00 UTC.
    by_day = {None: {"old": 3, "new": 4, None: 8}, BERLIN: {"old": 1, "new": 6, None: 8}}
    assert found("shop__rent") == by_day.get(zone, by_day[None])


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_day_has_the_hours_of_its_place(hourly: Engine, day: date, hours: int) -> None:
    """An hour of UTC holds one call, so a day's calls are its hours; in UTC each has 24."""
    next_day = day + timedelta(days=1)
    found = ask(hourly, ["calls"], ["metric_time__day"], start=day, end=next_day)
    assert found == [(day, hours), (next_day, 24)]
    assert ask(hourly, ["calls"], [], start=day, end=day) == [(hours,)]
    assert ask(hourly, ["calls"], ["metric_time__day"], start=day, end=day, timezone=None) == [(day, 24)]


def test_windows_and_offsets_count_local_days(hourly: Engine) -> None:
    """30 March in Berlin began an hour before it did in UTC: 23 of its 24 calls are there."""
    found = ask(hourly, ["trailing", "change"], ["metric_time__day"], start=SPRING, end=date(2024, 4, 1))
    assert found == [(SPRING, 46, 0), (date(2024, 4, 1), 47, 1)]


def test_other_timestamps_are_local_too(hourly: Engine) -> None:
    """22:30 in UTC on 31 March is half past midnight of 1 April in Berlin."""
    key = "ticket__opened_at__day"
    assert ask(hourly, ["calls"], [key], start=AUTUMN, end=AUTUMN) == [(date(2024, 4, 1), 25)]
    where = ["{{ TimeDimension('ticket__opened_at', 'day') }} = '2024-04-01'"]
    assert ask(hourly, ["calls"], [], where=where, start=AUTUMN, end=AUTUMN) == [(25,)]


def test_the_stored_column_is_filtered_bare() -> None:
    sql = LAYER.compile(Query(["calls"], ["metric_time__day"], start=SPRING, end=SPRING, timezone=BERLIN))
    assert """"fact"."at" >= CAST('2024-03-30 23:00:00' AS TIMESTAMP)""" in sql
    assert """"fact"."at" < CAST('2024-03-31 22:00:00' AS TIMESTAMP)""" in sql


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Sao_Paulo", "Atlantic/Azores", "Asia/Kathmandu", "Asia/Beirut"])
def test_days_begin_at_the_first_instant_of_their_date(zone: str) -> None:
    """Where clocks change at midnight, too: every hour of two years lies in the range of exactly the day it is shown at."""
    from metrics.semantic.expressions import _midnight

    day = date(2017, 1, 1)
    while day < date(2019, 1, 1):
        bounds = [datetime.fromisoformat(_midnight(edge, zone).this.this) for edge in (day, day + timedelta(days=1))]
        quarters = int((bounds[1] - bounds[0]) / timedelta(minutes=15))
        instants = [bounds[0] + timedelta(minutes=15 * index) for index in range(quarters)]
        assert {_local_day(instant, zone) for instant in instants} == {day}
        day += timedelta(days=1)


def _local_day(instant: datetime, zone: str) -> date:
    return instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()


def test_a_date_has_no_time_zone() -> None:
    with pytest.raises(QueryError, match=r"'billed': it is counted by invoices.at, which holds dates .*leave timezone out"):
        LAYER.compile(Query(["billed"], timezone=BERLIN))


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../../etc/passwd", "UTC'; drop table x --"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(QueryError, match="expected an IANA name"):
        Query(["calls"], timezone=zone)


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        (None, date(2024, 3, 30), date(2024, 4, 1)),
        (BERLIN, date(2024, 3, 30), date(2024, 4, 1)),
        ("America/New_York", date(2024, 3, 30), SPRING),
        ("Asia/Tokyo", SPRING, date(2024, 4, 1)),
        ("Pacific/Kiritimati", SPRING, date(2024, 4, 1)),
    ],
)
def test_complete_days_of_another_zone_lie_within_what_is_complete(
    zone: str | None, first: date, last: date, hourly: Engine
) -> None:
    """Known from 30 March to 1 April in Berlin, which is over at 22:00 UTC: New York still has 1 April then."""
    layer = SemanticLayer(calls(), {"calls": date(2024, 4, 1)}, date(2024, 3, 30), zone=BERLIN)
    day = "metric_time__day"

    def days(**options: Any) -> list[date]:
        return [row[0] for row in hourly.ask(layer, Query(["calls"], [day], order_by=[day], timezone=zone, **options))[1]]

    found = days()
    assert (found[0], found[-1]) == (first, last)
    assert len(days(complete_periods=False)) > len(found)
