"""Which passes over which facts a query needs, and over which days."""

from __future__ import annotations

from datetime import date

import pytest

from metrics.errors import QueryError
from metrics.semantic.days import Days
from metrics.semantic.joins import JoinGraph
from metrics.semantic.plan import Plan, build_plan
from metrics.semantic.query import Query
from metrics.semantic.resolve import Resolver
from metrics.semantic.shifts import Shift
from tests.unit.semantic.manifests import shop

MARCH = {"start": date(2024, 3, 1), "end": date(2024, 3, 31)}


def plan(query: Query) -> Plan:
    source = shop()
    graph = JoinGraph(source)
    return build_plan(Resolver(source, graph).resolve(query), source, graph)


def test_measures_of_one_fact_share_a_pass_and_facts_do_not() -> None:
    found = plan(Query(["orders", "amount", "paid", "conversion"], ["metric_time__day"], **MARCH))
    assert [(branch.name, [column.alias for column in branch.columns]) for branch in found.branches] == [
        ("orders", ["order_count", "amount", "amount_2"]),
        ("sessions", ["session_count"]),
    ]
    paid = found.branches[0].columns[2]
    assert [item.condition.text for item in paid.conditions] == ["order__status = 'paid'"]
    assert found.branches[0].conditions == ()


def test_a_condition_that_all_columns_share_is_the_passs_own() -> None:
    (branch,) = plan(Query(["paid"], ["metric_time__day"])).branches
    assert [item.condition.text for item in branch.conditions] == ["order__status = 'paid'"]
    assert branch.columns[0].conditions == ()


def test_joins_are_made_once_and_in_order() -> None:
    query = Query(
        ["items"], ["order__customer", "order__customer__segment"], where=["{{ Dimension('order__status') }} = 'x'"]
    )
    (branch,) = plan(query).branches
    assert [hop.model for hop in branch.hops] == ["orders", "customers"]


def test_an_offset_reads_other_days_than_it_shows() -> None:
    now, before = plan(Query(["growth"], ["metric_time__month"], **MARCH)).branches
    assert (now.shift, before.shift) == (Shift.NONE, Shift.MONTHS)
    assert now.scanned == Days(date(2024, 3, 1), date(2024, 3, 31))
    assert before.scanned == Days(date(2024, 2, 1), date(2024, 2, 29))
    assert before.shown == now.shown


def test_an_offset_in_months_by_day_goes_over_the_spine() -> None:
    _, before = plan(Query(["growth"], ["metric_time__day"], start=date(2024, 3, 30), end=date(2024, 3, 31))).branches
    assert before.shift is Shift.SPINE
    assert before.scanned == Days(date(2024, 2, 29), date(2024, 2, 29))


def test_a_window_widens_the_scan_only() -> None:
    (branch,) = plan(Query(["trailing"], ["metric_time__day"], **MARCH)).branches
    assert branch.scanned == Days(date(2024, 2, 24), date(2024, 3, 31))
    assert branch.standing == branch.shown == Days(date(2024, 3, 1), date(2024, 3, 31))
    assert branch.is_decomposable


@pytest.mark.parametrize(
    ("keys", "grain"),
    [
        (["metric_time__month"], "month"),
        (["metric_time__month", "metric_time__quarter"], "month"),
        (["metric_time__week", "metric_time__month"], "day"),
        (["metric_time__week"], "week"),
        (["customer"], None),
    ],
)
def test_the_finest_grain_that_all_keys_follow_from(keys: list[str], grain: str | None) -> None:
    (branch,) = plan(Query(["orders"], keys)).branches
    assert branch.grain == grain


def test_days_and_members_in_one_alternative_are_refused_for_windows() -> None:
    where = ["{{ TimeDimension('metric_time', 'day') }} = '2024-03-01' or {{ Dimension('order__status') }} = 'paid'"]
    assert plan(Query(["amount"], ["metric_time__day"], where=where))
    with pytest.raises(QueryError, match="mixes metric_time with other names, and 'trailing' is accumulated"):
        plan(Query(["amount", "trailing"], ["metric_time__day"], where=where))
