"""The digest of a fact by day sees what a query could see, also in tables that are joined, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from metrics.semantic import SemanticLayer
from metrics.semantic.fact_days import FactDate
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model

ORDERS = FactDate("orders", "at")


def layer(filter_by: str | None = None, device: str | None = None) -> SemanticLayer:
    orders = model("orders", [entity("order", "primary"), entity("visit", "foreign", "visit_id")], [], [measure("amount")])
    visits = model("visits", [entity("visit", "primary", "id"), entity("person", "foreign")], [dimension("device", device)])
    people = model("people", [entity("person", "primary")], [dimension("city")])
    return SemanticLayer(manifest([orders, visits, people], [metric("sales", measure="amount", filter=filter_by)]))


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        """create schema core;
        create table core.orders as
            select * from (values (1, date '2026-04-01', 'v1', 5, 'x'), (2, date '2026-04-02', 'v2', 6, 'x'))
            as t("order", "at", visit_id, amount, note);
        create table core.visits as select * from (values ('v1', 'p1', 'phone'), ('v2', 'p2', 'desk')) as t(id, person, device);
        create table core.people as select * from (values ('p1', 'Bonn'), ('p2', 'Rome')) as t(person, city)"""
    )
    return connection


def changed_days(con: duckdb.DuckDBPyConnection, found: SemanticLayer, change: str, group_by: list[str]) -> list[int]:
    """Days of April on which the digest differs after the change."""
    reads = found.facts("sales", group_by)
    assert list(reads) == [ORDERS]
    digest = found.digest(ORDERS, reads[ORDERS])
    before = dict(con.execute(f"select day, digest from ({digest.sql})").fetchall())
    con.execute(change)
    after = dict(con.execute(f"select day, digest from ({digest.sql})").fetchall())
    assert all(isinstance(day, date) for day in after)
    return sorted(day.day for day in before | after if before.get(day) != after.get(day))


@pytest.mark.parametrize(
    ("change", "group_by", "days"),
    [
        ("update core.orders set amount = 7 where visit_id = 'v1'", [], [1]),
        ("update core.orders set note = 'y'", [], []),
        ("update core.orders set visit_id = 'v1'", [], [2]),
        ("update core.visits set device = 'phone' where id = 'v2'", ["visit__device"], [2]),
        ("delete from core.visits where id = 'v1'", ["visit__device"], [1]),
        ("update core.visits set device = 'phone' where id = 'v2'", [], []),
        ("update core.people set city = 'Oslo' where person = 'p1'", ["visit__person__city"], [1]),
        ("update core.people set city = 'Oslo' where person = 'p1'", ["visit__device"], []),
    ],
)
def test_days_that_differ(con: duckdb.DuckDBPyConnection, change: str, group_by: list[str], days: list[int]) -> None:
    assert changed_days(con, layer(), change, group_by) == days


def test_a_filter_reads_what_it_names(con: duckdb.DuckDBPyConnection) -> None:
    by_device = layer("{{ Dimension('visit__device') }} = 'desk'")
    assert changed_days(con, by_device, "update core.visits set device = 'phone' where id = 'v2'", []) == [2]


def test_another_expression_over_the_same_columns_is_another_fact() -> None:
    one, other = layer(), layer(device="upper(device)")
    reads = one.facts("sales", ["visit__device"])[ORDERS]
    assert one.digest(ORDERS, reads).name == layer().digest(ORDERS, reads).name
    changed = other.facts("sales", ["visit__device"])[ORDERS]
    assert one.digest(ORDERS, reads).name != other.digest(ORDERS, changed).name


def window_edge(name: str, *, is_start: bool, grain: str = "day") -> dict[str, Any]:
    params = {"time_granularity": grain, "validity_params": {"is_start": is_start, "is_end": not is_start}}
    return {"name": name, "type": "time", "expr": None, "type_params": params}


def layer_of_plans() -> SemanticLayer:
    """Orders of customers whose plan, and with it their tier, changes over time."""
    orders = model("orders", [entity("order", "primary"), entity("customer", "foreign")], [], [measure("amount")])
    edges = [window_edge("since", is_start=True), window_edge("until", is_start=False)]
    plans = model("plans", [entity("customer", "natural"), entity("tier", "foreign")], [dimension("plan"), *edges])
    tiers = model("tiers", [entity("tier", "primary")], [dimension("label")])
    return SemanticLayer(manifest([orders, plans, tiers], [metric("sales", measure="amount")]))


@pytest.fixture
def plans_con() -> duckdb.DuckDBPyConnection:
    """One customer, an order on 1, 10 and 20 April: basic until the 15th (not included), pro since then."""
    connection = duckdb.connect()
    connection.execute(
        """create schema core;
        create table core.orders as
            select * from (values (1, date '2026-04-01', 'c1', 5), (2, date '2026-04-10', 'c1', 6), (3, date '2026-04-20', 'c1', 7))
            as t("order", "at", customer, amount);
        create table core.plans as
            select * from (values
                ('c1', 'basic', 't1', date '2026-01-01', date '2026-04-15'), ('c1', 'pro', 't2', date '2026-04-15', null))
            as t(customer, plan, tier, since, until);
        create table core.tiers as select * from (values ('t1', 'low'), ('t2', 'high')) as t(tier, label)"""
    )
    return connection


@pytest.mark.parametrize("segment", ["customer__plan", "customer__tier__label"])
@pytest.mark.parametrize(
    ("change", "days"),
    [
        # pro since the 5th already: the order of the 10th has another plan, those of the 1st and the 20th have not
        ("update core.plans set since = least(since, date '2026-04-05'), until = if(plan = 'basic', date '2026-04-05', null)",
         [10]),
        # the open window is closed before the 20th: that order has no plan any more
        ("update core.plans set until = date '2026-04-18' where plan = 'pro'", [20]),
        # the edge moves where nobody ordered
        ("update core.plans set since = if(plan = 'pro', date '2026-04-12', since), until = if(plan = 'basic', date '2026-04-12', null)",
         []),
        # the plan of another time, and a customer nobody ordered for
        ("insert into core.plans values ('c1', 'old', 't1', date '2025-01-01', date '2026-01-01'), ('c2', 'x', 't1', date '2025-01-01', null)",
         []),
    ],
)  # fmt: skip
def test_moved_edges_of_a_validity_window_change_the_days_whose_segment_they_change(
    plans_con: duckdb.DuckDBPyConnection, segment: str, change: str, days: list[int]
) -> None:
    assert changed_days(plans_con, layer_of_plans(), change, [segment]) == days


def test_an_edge_that_moves_within_its_day_changes_the_day_whose_rows_it_moves() -> None:
    """The order of 12:00 is pro while the plan changes at 10:00, and basic when it changes at 15:00 of the same day."""
    orders = model(
        "orders", [entity("order", "primary"), entity("customer", "foreign")], [], [measure("amount")], at="second"
    )
    edges = [window_edge("since", is_start=True, grain="second"), window_edge("until", is_start=False, grain="second")]
    plans = model("plans", [entity("customer", "natural")], [dimension("plan"), *edges])
    found = SemanticLayer(manifest([orders, plans], [metric("sales", measure="amount")]))
    with duckdb.connect() as con:
        con.execute(
            """create schema core;
            create table core.orders as
                select * from (values (1, timestamp '2026-04-10 12:00', 'c1', 5), (2, timestamp '2026-04-11 12:00', 'c1', 6))
                as t("order", "at", customer, amount);
            create table core.plans as
                select * from (values
                    ('c1', 'basic', timestamp '2026-01-01', timestamp '2026-04-10 10:00'),
                    ('c1', 'pro', timestamp '2026-04-10 10:00', null))
                as t(customer, plan, since, until)"""
        )
        later = "timestamp '2026-04-10 15:00'"
        change = f"update core.plans set since = if(plan = 'pro', {later}, since), until = if(plan = 'basic', {later}, null)"
        assert changed_days(con, found, change, ["customer__plan"]) == [10]


def test_a_row_is_counted_once_however_many_windows_its_key_has(plans_con: duckdb.DuckDBPyConnection) -> None:
    found = layer_of_plans()
    digest = found.digest(ORDERS, found.facts("sales", ["customer__plan"])[ORDERS])
    rows = plans_con.execute(f"select day, row_count from ({digest.sql}) order by day").fetchall()
    assert [(day.day, count) for day, count in rows] == [(1, 1), (10, 1), (20, 1)]


def test_only_the_own_partition_of_a_joined_table_is_seen() -> None:
    """Prices by region: the orders of the north do not see a price of the south."""
    region = {**dimension("region"), "is_partition": True}
    orders = model("orders", [entity("order", "primary"), entity("item", "foreign")], [region], [measure("amount")])
    items = model("items", [entity("item", "primary")], [dimension("price"), region])
    found = SemanticLayer(manifest([orders, items], [metric("sales", measure="amount")]))
    con = duckdb.connect()
    con.execute(
        """create schema core;
        create table core.orders as
            select * from (values (1, date '2026-04-01', 'i', 'north', 5), (2, date '2026-04-02', 'i', 'south', 6))
            as t("order", "at", item, region, amount);
        create table core.items as select * from (values ('i', 'north', 'low'), ('i', 'south', 'high')) as t(item, region, price)"""
    )
    change = "update core.items set price = 'mid' where region = 'south'"
    assert changed_days(con, found, change, ["item__price"]) == [2]
