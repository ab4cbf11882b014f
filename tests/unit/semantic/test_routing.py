"""Routing to a daily table: only where the answer is the same, and then the same to the last row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.small_shop import ROLLUP, build, rolled_up, small_shop

LAYER = SemanticLayer(small_shop())
FIRST, LAST = date(2024, 1, 30), date(2024, 2, 3)
SPINE = (date(2023, 11, 1), date(2024, 4, 30))
DAY_1, DAY_2, DAY_4 = date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 2)

# order_id, at, paid_on, channel, status, buyer, amount
ORDERS = [
    (1, DAY_1, DAY_2, "web", "paid", 7, 10),
    (2, DAY_1, None, "web", "open", 7, 5),
    (3, DAY_2, DAY_2, None, "paid", 8, 20),
    (4, DAY_4, None, "shop", "open", 9, None),
    (5, None, DAY_4, "web", "paid", 9, 3),
]
VISITS = [(1, DAY_1, "web", "mobile", True), (2, DAY_1, "web", "desktop", False), (3, DAY_2, "ads", "mobile", None)]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        build(connection, ORDERS, VISITS, SPINE)
        yield connection


def tables(query: Query, layer: SemanticLayer = LAYER) -> list[str]:
    return [fact.relation for fact in layer.explain(query).facts]


def rows(con: duckdb.DuckDBPyConnection, query: Query) -> list[tuple[Any, ...]]:
    return sorted(con.execute(LAYER.compile(query)).fetchall(), key=repr)


def test_a_table_answers_with_the_rows_of_its_fact_only(con: duckdb.DuckDBPyConnection) -> None:
    """Visits from ads have no order, so no order's row appears for them; an order without an amount keeps its row."""
    query = Query(["amount", "rows"], ["channel"], start=FIRST, end=LAST)
    assert tables(query) == ["core.shop_daily"]
    assert rows(con, query) == [("shop", None, 1), ("web", 15, 2), (None, 20, 1)]


def test_each_fact_is_judged_alone(con: duckdb.DuckDBPyConnection) -> None:
    query = Query(["conversion", "buyers"], ["metric_time__month"], start=FIRST, end=LAST)
    assert tables(query) == ["core.orders", "core.shop_daily"]
    assert rows(con, query) == [(date(2024, 1, 1), 1.0, 2), (date(2024, 2, 1), None, 1)]
    told = str(LAYER.explain(query))
    assert "route: the fact itself, because 'buyers' is count_distinct, and its days cannot be put together" in told
    assert "route: the daily table core.shop_daily, because it holds every measure, name and day" in told


def test_dates_that_may_be_missing_need_a_range(con: duckdb.DuckDBPyConnection) -> None:
    """Order 5 has no day, so the table does not know it: a query over all days has to."""
    unbounded = Query(["rows"], ["channel"])
    assert tables(unbounded) == ["core.orders"]
    assert rows(con, unbounded) == [("shop", 1), ("web", 3), (None, 1)]
    assert "has no rows without a at, and the query has neither start nor end" in str(LAYER.explain(unbounded))
    assert tables(Query(["visits"], ["channel"])) == ["core.shop_daily"]
    assert tables(Query(["rows"], ["channel"], end=LAST)) == ["core.shop_daily"]


RANGE: dict[str, Any] = {"start": FIRST, "end": LAST}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        (Query(["buyers"], **RANGE), "'buyers' is count_distinct"),
        (Query(["middle"], **RANGE), "'middle' is median"),
        (Query(["average_amount"], **RANGE), "'average_amount' is average"),
        (Query(["visits"], ["visit__device"], **RANGE), "shop_daily does not hold 'visit__device'"),
        (Query(["visits"], where=["{{ Dimension('visit__device') }} = 'x'"], **RANGE), "of the filter visit__device = 'x'"),
        (Query(["rows"], ["order__paid_on__day"], **RANGE), "does not hold 'order__paid_on__day'"),
        (Query(["rows"], ["order"], **RANGE), "does not hold 'order'"),
        (Query(["rows"], raw=True, **RANGE), "because the query asks for it"),
    ],
)
def test_what_is_not_held_is_read_from_the_fact(query: Query, why: str) -> None:
    assert all(name != "core.shop_daily" for name in tables(query))
    assert why in str(LAYER.explain(query))


def test_the_date_of_the_measure_decides(con: duckdb.DuckDBPyConnection) -> None:
    query = Query(["paid_amount", "amount"], ["order__status"], **RANGE)
    assert tables(query) == ["core.shop_daily", "core.shop_daily"]
    assert rows(con, query) == [("open", None, 5), ("paid", 33, 30)]


def test_the_facts_own_date_is_held(con: duckdb.DuckDBPyConnection) -> None:
    query = Query(["rows"], ["order__at__month"], where=["{{ TimeDimension('order__at', 'day') }} < '2024-02-01'"], **RANGE)
    assert tables(query) == ["core.shop_daily"]
    assert rows(con, query) == [(date(2024, 1, 1), 3)]


def test_facts_of_one_table_are_read_in_one_pass(con: duckdb.DuckDBPyConnection) -> None:
    """A day without visits has none, not 0; the day on which an order was only paid is no day of orders or visits."""
    con.execute("insert into core.shop_daily by name select date '2024-02-03' as day, 'web' as channel, 1 as paid_rows")
    query = Query(["amount", "rows", "visits"], ["metric_time__day"], **RANGE)
    assert tables(query) == ["core.shop_daily"]
    assert rows(con, query) == [(DAY_1, 15, 2, 2), (DAY_2, 20, 1, 1), (DAY_4, None, 1, None)]
    assert rows(con, Query(["visits", "paid_amount"], ["channel"], start=DAY_4, end=LAST)) == [("web", None, 3)]
    assert rows(con, Query(["visits", "rows"], start=DAY_4, end=DAY_4)) == [(None, 1)]
    assert rows(con, Query(["visits", "amount"], start=LAST, end=LAST)) == [(None, None)]
    assert "read core.shop_daily (orders and visits)" in str(LAYER.explain(query))


def test_each_fact_keeps_its_filters_and_fillings_in_one_pass(con: duckdb.DuckDBPyConnection) -> None:
    """Web orders make no row for the order without a channel; orders that are filled with 0 stay so on a day without visits."""
    query = Query(["web_amount", "visits"], ["channel"], **RANGE)
    assert tables(query) == ["core.shop_daily"]
    assert rows(con, query) == [("ads", None, 1), ("web", 15, 2)]
    query = Query(["orders", "visits", "conversion"], ["metric_time__day"], start=DAY_2, end=LAST, parts=True)
    assert tables(query) == ["core.shop_daily"]
    assert sorted({(row[0], row[1], row[4]) for row in rows(con, query)}) == [(DAY_2, 1, 1), (DAY_4, 1, None)]


def test_what_a_table_holds_beside_other_facts_is_not_theirs(con: duckdb.DuckDBPyConnection) -> None:
    """A table may hold 0 where another fact's rows are: ads, seen by visits only, have no amount."""
    first, *others = ROLLUP["facts"]  # type: ignore[misc]
    padded = {
        **first,
        "measures": ["order_count", {"amount": "coalesce(amount, 0)"}, {"smallest": "coalesce(smallest, -1)"}],
    }
    layer = SemanticLayer(small_shop([rolled_up(rollup={"date": "day", "facts": [padded, *others]})]))
    query = Query(["orders", "amount", "smallest", "visits"], ["channel"], **RANGE)
    assert tables(query, layer) == ["core.shop_daily"]
    found = {row[0]: row[1:] for row in con.execute(layer.compile(query)).fetchall()}
    assert found["ads"] == (0, None, None, 1)
    assert found["web"] == (2, 15, 5, 2)
    assert found[None] == (1, 20, 20, None)


@pytest.mark.parametrize(
    ("metrics", "reads"),
    [
        (["visits", "amount", "paid_amount", "bounces"], 1),
        (["amount", "daily_amount"], 2),  # a day without orders is filled up for the second only
        (["amount", "trailing"], 2),
        (["growth", "visits"], 2),  # this month of both, and the month before of one
        (["buyers", "visits"], 2),
    ],
)
def test_only_readings_of_the_same_rows_are_put_together(metrics: list[str], reads: int) -> None:
    assert len(tables(Query(metrics, ["metric_time__month"], **RANGE))) == reads


def _broken(**change: Any) -> list[Any]:
    fact = {**ROLLUP["facts"][0], **change}  # type: ignore[index,dict-item]
    return [rolled_up(rollup={"date": "day", "facts": [{key: value for key, value in fact.items() if value is not None}]})]


@pytest.mark.parametrize(
    ("rollups", "message"),
    [
        ([rolled_up(rollup="shop")], "'shop_daily': meta.rollup is 'shop'; expected `date`"),
        ([rolled_up(rollup={"date": "day"})], "facts is None; expected a list"),
        (_broken(rows=None), "expected model, time, rows, measures"),
        (_broken(more=1), "expected model, time, rows, measures"),
        (_broken(model="order"), "names 'order'. Did you mean 'orders'"),
        (_broken(time="status"), "expected a time dimension of 'orders'"),
        (_broken(dated="yes"), "expected true or false"),
        (_broken(measures=["visits"]), "expected a measure of 'orders'"),
        (_broken(measures=["paid_amount"]), "which counts by paid_on; expected measures by at"),
        (_broken(measures=["buyers"]), r"\(count_distinct\), whose days cannot be put together"),
        (_broken(measures=[1]), "has 1; expected names"),
        (_broken(dimensions=["device"]), "names 'device'"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(rollups: list[Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        SemanticLayer(small_shop(rollups))


def test_the_smaller_table_is_read(con: duckdb.DuckDBPyConnection) -> None:
    fact = {**ROLLUP["facts"][0], "dimensions": []}  # type: ignore[index,dict-item]
    layer = SemanticLayer(small_shop([rolled_up(), rolled_up("tiny", {"date": "day", "facts": [fact]})]))
    assert tables(Query(["amount"], **RANGE), layer) == ["core.tiny"]
    assert tables(Query(["amount"], ["channel"], **RANGE), layer) == ["core.shop_daily"]


_days = st.dates(FIRST - timedelta(days=3), LAST + timedelta(days=33))
_channels = st.sampled_from(["web", "shop", None])
_orders = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(1, 9)), st.one_of(st.none(), _days), st.one_of(st.none(), _days), _channels,
        st.sampled_from(["paid", "open", None]), st.integers(1, 3), st.one_of(st.none(), st.integers(-5, 20)),
    ),
    max_size=12,
)  # fmt: skip
_visits = st.lists(
    st.tuples(st.integers(1, 9), _days, _channels, st.sampled_from(["mobile", None]), st.sampled_from([True, False, None])),
    max_size=8,
)
_HELD = sorted({"rows", "orders", "amount", "biggest", "smallest", "paid_amount", "visits", "bounces", "daily_amount",
                "web_amount", "conversion", "bounce_rate", "due", "growth", "day_change", "trailing", "trailing_rows",
                "to_date", "all_time"})  # fmt: skip
_SHARED = [
    "{{ Entity('channel') }} = 'web' or {{ Entity('channel') }} is null",
    "{{ TimeDimension('metric_time', 'day') }} <> '2024-01-31'",
]


@st.composite
def _queries(draw: st.DrawFn) -> Query:
    grain = draw(st.sampled_from(["day", "month", "quarter", None]))
    start, end = sorted((draw(_days), draw(_days)))
    group_by = ([f"metric_time__{grain}"] if grain else []) + draw(st.sampled_from([[], ["channel"]]))
    return Query(
        draw(st.lists(st.sampled_from(_HELD), min_size=1, max_size=3, unique=True)),
        group_by,
        where=draw(st.lists(st.sampled_from(_SHARED), max_size=1)),
        start=draw(st.sampled_from([start, None])),
        end=end,
        parts=draw(st.booleans()),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders=_orders, visits=_visits, queries=st.lists(_queries(), min_size=4, max_size=4))
def test_routed_equals_raw(orders: list[tuple[Any, ...]], visits: list[tuple[Any, ...]], queries: list[Query]) -> None:
    with duckdb.connect() as con:
        build(con, orders, visits, SPINE)
        for query in queries:
            try:
                routed = con.execute(LAYER.compile(query))
            except QueryError:
                continue  # a metric that needs a time to stand at
            assert "core.shop_daily" in tables(query)
            found = (routed.description, sorted(routed.fetchall(), key=repr))
            raw = con.execute(LAYER.compile(replace(query, raw=True)))
            assert found == (raw.description, sorted(raw.fetchall(), key=repr)), query


@pytest.mark.parametrize("metrics", [[metric] for metric in _HELD] + [_HELD])
def test_both_engines_route(metrics: list[str], engine: Engine) -> None:
    build(engine, ORDERS, VISITS, SPINE, engine.mark)
    for keys in (["metric_time__day"], ["metric_time__month", "channel"]):
        query = Query(metrics, keys, start=FIRST, end=LAST)
        assert "core.shop_daily" in tables(query)
        routed, raw = engine.ask(LAYER, query), engine.ask(LAYER, replace(query, raw=True))
        assert sorted(routed[1], key=repr) == sorted(raw[1], key=repr)
        assert routed[1]
