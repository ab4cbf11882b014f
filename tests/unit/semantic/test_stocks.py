"""Stocks that are read more than once a day: of a period its last reading counts, not all those of its last day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.semantic import Query, SemanticLayer
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import entity, manifest, measure, metric, model

LATE, EARLY = date(2024, 1, 2), date(2024, 1, 1)


def _layer() -> SemanticLayer:
    def stock(choice: str, *groupings: str) -> dict[str, Any]:
        return {"name": "at", "window_choice": choice, "window_groupings": list(groupings)}

    names = {"last": stock("max"), "first": stock("min"), "last_of_item": stock("max", "item")}
    measures = [measure(name, expr="amount", non_additive_dimension=how) for name, how in names.items()]
    on_first = {"name": "last", "alias": "before", "offset_to_grain": "month"}
    since = metric("since", "derived", expr="last - before", metrics=["last", on_first])
    readings = model("readings", [entity("item", "foreign")], [], measures, at="second")
    return SemanticLayer(manifest([readings], [*(metric(name, measure=name) for name in names), since]))


@pytest.fixture
def read(engine: Engine) -> Engine:
    """In UTC. y is read three hours after x on the second day, the last one after midnight in Berlin."""
    engine.execute("create schema core")
    engine.execute('create table core.readings (item varchar, "at" timestamp, amount integer)')
    engine.execute(
        "insert into core.readings values"
        " ('x', '2024-01-01 08:00:00', 1), ('x', '2024-01-01 20:00:00', 2), ('y', '2024-01-01 20:00:00', 4),"
        " ('x', '2024-01-02 08:00:00', 8), ('x', '2024-01-02 20:30:00', 16), ('y', '2024-01-02 23:30:00', 32)"
    )
    return engine


@pytest.mark.parametrize(
    ("name", "by_day", "in_total"),
    [
        ("last", [(EARLY, 6), (LATE, 32)], 32),
        ("first", [(EARLY, 1), (LATE, 8)], 1),
        ("last_of_item", [(EARLY, 6), (LATE, 48)], 48),
    ],
)
def test_the_last_reading_counts(name: str, by_day: list[Any], in_total: int, read: Engine) -> None:
    day = "metric_time__day"
    assert read.ask(_layer(), Query([name], [day], order_by=[day]))[1] == by_day
    assert read.ask(_layer(), Query([name]))[1] == [(in_total,)]


def test_the_last_reading_of_a_day_of_another_zone(read: Engine) -> None:
    day = "metric_time__day"
    query = Query(["last"], [day], order_by=[day], timezone="Europe/Berlin")
    assert read.ask(_layer(), query)[1] == [(EARLY, 6), (LATE, 16), (date(2024, 1, 3), 32)]


def test_each_day_is_compared_with_that_of_the_month_before_and_with_the_first_of_its_month(read: Engine) -> None:
    read.execute("insert into core.readings values ('x', '2024-02-01 09:00:00', 64), ('y', '2024-02-02 09:00:00', 128)")
    read.execute("create table core.days (date_day date)")
    read.execute(
        "insert into core.days values ('2024-01-01'), ('2024-01-02'), ('2024-02-01'), ('2024-02-02'), ('2024-02-03')"
    )
    day = "metric_time__day"
    months = Query(["last"], [day], order_by=[day], start=date(2024, 2, 1), end=date(2024, 2, 3), compare=["1 month"])
    assert read.ask(_layer(), months)[1] == [
        (date(2024, 2, 1), 64, 6, pytest.approx(64 / 6 - 1)),
        (date(2024, 2, 2), 128, 32, 3),
    ]
    firsts = Query(["since"], [day], order_by=[day], start=EARLY, end=date(2024, 2, 2))
    assert read.ask(_layer(), firsts)[1] == [(EARLY, 0), (LATE, 26), (date(2024, 2, 1), 0), (date(2024, 2, 2), 64)]
