"""Metrics unfolded to their leaves, and everything that is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.errors import QueryError
from metrics.semantic.joins import JoinGraph
from metrics.semantic.manifest import Manifest
from metrics.semantic.query import Query
from metrics.semantic.resolve import Resolver, output_columns
from metrics.semantic.resolved import LeafValue, Offset, RatioValue, ResolvedQuery, leaves_of
from tests.unit.semantic.manifests import entity, manifest, measure, metric, model, shop


def resolve(query: Query, source: Manifest | None = None) -> ResolvedQuery:
    source = source or shop()
    return Resolver(source, JoinGraph(source)).resolve(query)


def _with_metrics(*metrics: dict[str, Any], spine: bool = True) -> Manifest:
    stock = {"name": "at", "window_choice": "max", "window_groupings": []}
    orders = model(
        "orders",
        [entity("order", "primary")],
        [],
        [measure("amount"), measure("balance", non_additive_dimension=stock)],
    )
    return manifest([orders], [metric("amount", measure="amount"), *metrics], spine)


def _before(count: int, grain: str, name: str = "amount") -> dict[str, Any]:
    return {"name": name, "alias": "before", "offset_window": {"count": count, "granularity": grain}}


def test_a_ratio_unfolds_to_two_leaves() -> None:
    resolved = resolve(Query(["conversion"]))
    ((_, value),) = resolved.values
    assert isinstance(value, RatioValue)
    assert [leaf.measure.name for leaf in leaves_of(value)] == ["order_count", "session_count"]


def test_offsets_and_filters_reach_the_leaves_and_add_up() -> None:
    source = _with_metrics(
        metric("change", "derived", expr="amount - before", metrics=["amount", _before(1, "month")]),
        metric(
            "older", "derived", expr="before", metrics=[_before(1, "quarter", "change")], filter="{{ Entity('order') }} > 1"
        ),
    )
    resolved = resolve(Query(["older"], ["metric_time__month"]), source)
    found = list(leaves_of(resolved.values[0][1]))
    assert [leaf.offset for leaf in found] == [Offset(months=3), Offset(months=4)]
    assert [[condition.text for condition in leaf.conditions] for leaf in found] == [["order > 1"], ["order > 1"]]


def test_equal_leaves_are_one() -> None:
    resolved = resolve(Query(["orders", "conversion"]))
    first, second = (next(leaves_of(value)) for _, value in resolved.values)
    assert isinstance(resolved.values[0][1], LeafValue)
    assert first == second


def test_columns_come_in_the_order_asked_for() -> None:
    resolved = resolve(Query(["orders", "conversion"], ["session", "metric_time__day"], parts=True))
    assert output_columns(resolved) == [
        *("session", "metric_time__day"),
        *("orders", "orders__numerator", "orders__denominator"),
        *("conversion", "conversion__numerator", "conversion__denominator"),
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (Query(["order"]), r"no metric 'order'\. Did you mean 'orders'"),
        (Query(["nothing"]), r"no metric 'nothing'\. `kpi list --all` shows all \d+\."),
        (Query(["loop"]), r"defined by itself: loop -> loop"),
        (Query(["funnel"]), r"'funnel' has no base_measure and conversion_measure"),
        (Query(["orders"], ["customer__name"]), r"metric 'orders' \(measure 'order_count' of 'orders'\).*Reachable"),
        (Query(["conversion"], ["order__status"]), r"measure 'session_count' of 'sessions'.*fan-out"),
        (Query(["orders"], ["session__metric_time__day"]), r"belongs to no entity; ask for metric_time__day"),
        (Query(["orders"], ["order__status__month"]), r"it is not a time"),
        (Query(["budget"], ["metric_time__day"]), r"known by month, not by day; ask for month or quarter or year"),
        (Query(["growth"]), r"compares with an earlier period and needs a time to stand at"),
        (Query(["growth"], ["metric_time__week"]), r"weeks do not nest in months"),
        (Query(["trailing"], ["customer"]), r"accumulates over a window of time and needs a time"),
        (Query(["orders"], order_by=["-orderz"]), r"not in the answer\. Did you mean 'orders'"),
        (Query(["orders"], where=["{{ Dimension('customer') }} = 1"]), r"'customer' is an entity; expected a dimension"),
        (
            Query(["orders"], where=["{{ Entity('order__status') }} = 1"]),
            r"'order__status' is a dimension; expected an entity",
        ),
    ],
)
def test_what_has_no_exact_answer_is_refused(query: Query, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        resolve(query)


def test_a_stock_is_not_accumulated() -> None:
    source = _with_metrics(metric("sum_of_stock", "cumulative", measure="balance", cumulative_type_params={}))
    with pytest.raises(QueryError, match="accumulates the stock"):
        resolve(Query(["sum_of_stock"], ["metric_time__day"]), source)


def test_a_window_needs_a_time_spine() -> None:
    window = {"window": {"count": 7, "granularity": "day"}}
    source = _with_metrics(metric("week", "cumulative", measure="amount", cumulative_type_params=window), spine=False)
    with pytest.raises(QueryError, match="needs a time spine of days"):
        resolve(Query(["week"], ["metric_time__day"]), source)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([{"name": "amount", "alias": "a", "offset_window": {"count": 3, "granularity": "fortnight"}}], "not supported"),
        ([{"name": "amount", "alias": "a", "offset_to_grain": "fortnight"}], "unknown"),
        ([{"name": "monthly", "alias": "a", "offset_window": {"count": 7, "granularity": "day"}}], "another unit"),
        ([{"name": "monthly", "alias": "a", "offset_to_grain": "year"}], "another unit"),
        (["missing"], "no metric 'missing'"),
    ],
)
def test_definitions_that_mean_nothing_are_refused(inputs: list[Any], message: str) -> None:
    source = _with_metrics(
        metric("monthly", "derived", expr="before", metrics=[_before(1, "month")]),
        metric("odd", "derived", expr="a", metrics=inputs),
    )
    with pytest.raises(QueryError, match=message):
        resolve(Query(["odd"], ["metric_time__day"], start=date(2024, 1, 1)), source)


def test_a_metric_in_dbts_newer_form_is_named() -> None:
    source = _with_metrics(metric("newer"))
    with pytest.raises(QueryError, match="'newer' has no measure: it was written in dbt's newer form"):
        resolve(Query(["newer"]), source)
