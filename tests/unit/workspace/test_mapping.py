"""SQL in mappings: quoting, raw tables, refusals, and the dbt vars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.workspace import load_workspace, mapping_vars
from metrics.workspace.mapping import (
    ColumnRef,
    MappingError,
    column_refs,
    expression_sql,
    parse_query,
    plain_column,
    plain_columns,
    query_tables,
)
from tests.unit.workspace.conftest import HEAD, SHOP

TABLES = ("orders", "lines")
QUERY = """\
      order_lines:
        query: >-
          with paid as (select id, created_at from orders where state = 'paid')
          select l.id as order_line_id, l.order_id as order_id, p.created_at as ordered_at, l.price::decimal(18, 2) as amount
          from lines as l join paid as p on p.id = l.order_id
"""


@pytest.mark.parametrize(
    ("text", "column"),
    [("id", "id"), ("order", "order"), ('"Order ID"', "Order ID"), ("订单号", "订单号"), ("a - b", None), (True, None)],
)
def test_plain_column(text: str | bool, column: str | None) -> None:
    assert plain_column(text) == column


@pytest.mark.parametrize(
    ("text", "duckdb", "postgres"),
    [
        ("id", '"id"', '"id"'),
        ("price - discount", '"price" - "discount"', '"price" - "discount"'),
        ("orders.price", '"price"', '"price"'),
        (False, "FALSE", "FALSE"),
        (1, "1", "1"),
        ("'EUR'", "'EUR'", "'EUR'"),
        ("email like '%@x.test'", "\"email\" LIKE '%@x.test'", "\"email\" LIKE '%@x.test'"),
        ("try_cast(a as double)", 'TRY_CAST("a" AS DOUBLE)', 'CAST("a" AS DOUBLE PRECISION)'),
    ],
)
def test_expressions_in_both_dialects(text: str | bool | int, duckdb: str, postgres: str) -> None:
    assert expression_sql(text, "orders") == duckdb
    assert expression_sql(text, "orders", "postgres") == postgres


def test_true_is_not_one() -> None:
    assert (expression_sql(1, "orders"), expression_sql(True, "orders")) == ("1", "TRUE")


@pytest.mark.parametrize(
    "text",
    ["drop table x", "a; b", "(select max(x) from y)", "lines.price", "random()", "current_date + 1", "count(*)",
     "row_number() over ()", "a as b", "*"],
)  # fmt: skip
def test_refused_expressions(text: str) -> None:
    with pytest.raises(MappingError):
        expression_sql(text, "orders")


@pytest.mark.parametrize(
    "text",
    ["delete from orders", "select 1 as a; select 2 as b", "select * from orders", "create table x as select 1 as a",
     "select id from other", "select id from main.orders", "select a from read_csv('/etc/passwd')",
     "select a from '/etc/passwd'", "select now() as a from orders", "insert into orders values (1)", "copy orders to 'x'",
     "select id from orders union all select id from secrets", "attach 'x.db'"],
)  # fmt: skip
def test_refused_queries(text: str) -> None:
    with pytest.raises(MappingError):
        parse_query(text, TABLES)


def test_raw_tables_become_tokens() -> None:
    query = parse_query("select o.id from orders o join lines on lines.order_id = o.id", TABLES)
    sql = query.sql("duckdb")
    assert "FROM __raw__orders__ AS o JOIN __raw__lines__ AS lines ON lines.order_id = o.id" in sql
    assert query_tables(query, TABLES) == ["orders", "lines"]


def test_vars(write_workspace: Callable[..., Path]) -> None:
    found = mapping_vars(load_workspace(write_workspace(HEAD + SHOP + QUERY)))
    assert found["mapping"]["orders"] == [
        {
            "source": "shop",
            "schema": "raw_shop",
            "table": "orders",
            "relations": ["orders"],
            "columns": {"order_id": '"id"', "ordered_at": '"created_at"', "gross_amount": '"price" - "discount"'},
            "query": None,
            "latest_by": None,
            "own_ids": [],
        }
    ]
    lines = found["mapping"]["order_lines"][0]
    assert lines["relations"] == ["orders", "lines"]
    assert lines["columns"]["amount"] == '"amount"'
    assert "FROM __raw__lines__ AS l JOIN paid AS p" in lines["query"]
    assert (found["timezone"], found["source_timezones"]) == ("Europe/Berlin", {"shop": "UTC"})
    assert found["business_hours"] == {"days": [0, 1, 2, 3, 4], "from_minute": 540, "to_minute": 1080}


def test_columns_that_a_query_reads(write_workspace: Callable[..., Path]) -> None:
    source = load_workspace(write_workspace(HEAD + SHOP + QUERY)).sources["shop"]
    mapping = source.entities["order_lines"]
    refs = {ref for _, ref in column_refs(source, mapping)}
    assert {ColumnRef("lines", "price"), ColumnRef("orders", "state"), ColumnRef("orders", "created_at")} <= refs
    assert dict(plain_columns(source, mapping)) == {
        "order_line_id": ColumnRef("lines", "id"),
        "order_id": ColumnRef("lines", "order_id"),
    }


class TestOwnIds:
    """Which columns of a source with `ids: own` get its name before them."""

    MARKET = """\
  market:
    connector: files
    domain: sales
    ids: own
    tables:
      sales: {files: sales.csv}
      people: {files: people.csv}
    entities:
      orders:
        table: sales
        columns: {order_id: number, ordered_at: day, gross_amount: total, customer_id: buyer, session_id: visit, country: land}
"""
    CUSTOMERS = "      customers: {table: people, columns: {customer_id: number}}\n"
    CRM = """\
  crm:
    connector: files
    domain: sales
    tables:
      people: {files: crm.csv}
    entities:
      customers: {table: people, columns: {customer_id: id}}
"""

    def own_ids(self, write: Callable[..., Path], text: str) -> dict[str, dict[str, list[str]]]:
        entries = mapping_vars(load_workspace(write(HEAD + text)))["mapping"]
        return {entity: {entry["source"]: entry["own_ids"] for entry in found} for entity, found in entries.items()}

    def test_keys_and_references_to_what_the_source_maps(self, write_workspace: Callable[..., Path]) -> None:
        found = self.own_ids(write_workspace, SHOP + self.MARKET + self.CUSTOMERS)
        # Nobody maps visits: the ids of them can only be the source's own.
        assert found["orders"] == {"shop": [], "market": ["order_id", "customer_id", "session_id"]}
        assert found["customers"] == {"market": ["customer_id"]}

    def test_an_id_of_another_source_stays_as_it_is(self, write_workspace: Callable[..., Path]) -> None:
        found = self.own_ids(write_workspace, "sources:\n" + self.MARKET + self.CRM)
        assert found == {"orders": {"market": ["order_id", "session_id"]}, "customers": {"crm": []}}

    def test_a_natural_key_is_no_id(self, write_workspace: Callable[..., Path]) -> None:
        ads = """\
sources:
  ads:
    connector: files
    domain: marketing
    ids: own
    tables:
      days: {files: days.csv}
    entities:
      ad_performance:
        table: days
        columns: {platform: p, performance_on: d, campaign_id: c, spend: s, impressions: i, clicks: k}
"""
        assert self.own_ids(write_workspace, ads) == {"ad_performance": {"ads": ["campaign_id"]}}
