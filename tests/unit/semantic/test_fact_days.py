"""The digest of a fact by day sees what a query could see, also in tables that are joined, and nothing else."""

from __future__ import annotations

from datetime import date

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
