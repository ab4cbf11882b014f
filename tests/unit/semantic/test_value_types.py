"""Extremes of texts, booleans and dates: asked for by themselves they are what they are; their changes are refused."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import entity, manifest, measure, metric, model, time

MEASURES = [
    measure("last_name", "max", "upper(name)"),
    measure("any_large", "max", "amount > 10"),
    measure("all_paid", "min", "is_paid"),
    measure("paid", "sum_boolean", "is_paid"),
    measure("last_paid", "max", "paid_on"),
    measure("largest", "max", "amount"),
    measure("bare_name", "min", "name"),
]
LAYER = SemanticLayer(
    manifest(
        [model("orders", [entity("order", "primary", "id")], [time("paid_on")], MEASURES)],
        [
            *(metric(one["name"], measure=one["name"]) for one in MEASURES),
            metric("doubled", "derived", expr="largest * 2", metrics=["largest"]),
        ],
    )
)
BY_MONTH = ["metric_time__month"]


@pytest.fixture
def shop(engine: Engine) -> Engine:
    engine.execute("create schema core")
    engine.execute("create table core.days (date_day date)")
    engine.execute(
        'create table core.orders (id integer, "at" date, name varchar, amount integer, is_paid boolean, paid_on date)'
    )
    engine.execute(
        "insert into core.orders values (1, '2024-01-10', 'a', 10, true, '2024-01-11'), (2, '2024-02-10', 'b', 20, false, null)"
    )
    return engine


@pytest.mark.parametrize(
    ("name", "kind"), [("last_name", "text"), ("any_large", "boolean"), ("all_paid", "boolean"), ("last_paid", "date")]
)
def test_a_change_of_what_is_no_number_is_refused(name: str, kind: str) -> None:
    with pytest.raises(QueryError, match=f"metric '{name}' has no change: the (min|max) of .* is a {kind}, not a number"):
        LAYER.compile(Query([name], BY_MONTH, compare=["previous_period"]))


def test_extremes_by_themselves_and_changes_of_numbers(shop: Engine) -> None:
    """10 in January, 20 in February: twice as much, both times."""
    assert shop.ask(LAYER, Query(["last_name", "last_paid", "bare_name"]))[1] == [("B", date(2024, 1, 11), "a")]
    asked = Query(
        ["largest", "doubled"], BY_MONTH, compare=["previous_period"], start=date(2024, 2, 1), end=date(2024, 2, 29)
    )
    assert shop.ask(LAYER, asked)[1] == [(date(2024, 2, 1), 20, 40, 10, 1, 20, 1)]


@pytest.mark.parametrize("name", ["any_large", "all_paid"])
def test_extremes_of_booleans_where_the_engine_has_them(name: str, shop: Engine) -> None:
    if shop.dialect == "postgres":
        with pytest.raises(
            QueryError, match=f"measure '{name}' is the (min|max) of a boolean, which postgres does not have"
        ):
            shop.ask(LAYER, Query([name]))
    else:
        assert shop.ask(LAYER, Query([name]))[1] == [(name == "any_large",)]
