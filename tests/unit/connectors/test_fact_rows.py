"""Which rows of a fact cannot be right: told by source, key, date and file."""

from __future__ import annotations

import pytest

from dagster_project.checks.fact_rows import fact_faults
from metrics.workspace import load_entities
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

REMEDY = ". Correct the rows in the source, or leave them out with `query:` and its where"


@pytest.fixture
def loaded(small: SmallWorkspace) -> SmallWorkspace:
    """Order 2 of two files, once in 2024 and once in 2042."""
    small.settings["clock"] = "2024-03-31"
    small.file("orders_1.csv", csv_text("1,2024-03-01,10", "2,2024-03-02,20"))
    small.file("orders_2.csv", csv_text("2,2042-03-02,20", "ann@example.com,2024-03-03,20"))
    return small


def faults(small: SmallWorkspace, fact: str, entity: str, rows: str) -> str:
    """What is told of a fact with these rows, as the model makes them."""
    small.load_everything()
    small.con.execute(f"create table core.{fact} as {rows}")
    return str(fact_faults(small.con, small.workspace, fact, load_entities()[entity]))


def orders(*rows: str) -> str:
    listed = ", ".join(f"('shop', {row})" for row in rows)
    return f"select * from (values {listed}) as rows (source_relation, order_id, business_date)"


def test_repeated_keys_and_late_dates(loaded: SmallWorkspace) -> None:
    told = faults(
        loaded, "fct_orders", "orders",
        orders("'1', date '2024-03-01'", "'2', date '2024-03-02'", "'2', date '2042-03-02'", "'3', null::date"),
    )  # fmt: skip
    assert (
        told
        == (
            "1 of 4 rows repeats a key: shop order_id 2 on 2024-03-02, in orders_1.csv; 1 of 4 rows has no business date: shop"
            " order_id 3; 1 of 4 rows has a business date after today 2024-03-31: shop order_id 2 on 2042-03-02, in orders_2.csv"
        )
        + REMEDY
    )


def test_own_ids_are_found_in_their_file(loaded: SmallWorkspace) -> None:
    loaded.source["ids"] = "own"
    told = faults(loaded, "fct_orders", "orders", orders("'shop:2', date '2042-03-02'"))
    assert (
        "1 of 1 rows has a business date after today 2024-03-31: shop order_id shop:2 on 2042-03-02, in orders_2.csv" in told
    )


def test_an_address_is_not_shown_and_a_query_has_no_file(loaded: SmallWorkspace) -> None:
    query = "select id as order_id, created_at as ordered_at, price as gross_amount from orders"
    loaded.source["entities"]["orders"] = {"query": query, "columns": {}}
    told = faults(loaded, "fct_orders", "orders", orders("'ann@example.com', date '1989-12-31'", "'4', date '1990-01-01'"))
    assert told == "1 of 2 rows has a business date before 1990-01-01: shop on 1989-12-31" + REMEDY


def test_a_key_that_holds_the_day(loaded: SmallWorkspace) -> None:
    loaded.source["tables"]["ads"] = {"files": "ads.csv"}
    loaded.source["entities"]["ad_performance"] = {"table": "ads", "columns": {
        "platform": "'meta'", "performance_on": "day", "campaign_id": "id", "spend": "price",
        "impressions": "1", "clicks": "1"}}  # fmt: skip
    loaded.file("ads.csv", csv_text("7,1970-01-01,1", header="id,day,price"))
    rows = "select 'shop' as source_relation, 'meta' as platform, date '1970-01-01' as business_date, '7' as campaign_id"
    told = faults(loaded, "fct_ad_performance", "ad_performance", f"{rows}, 'unknown' as country")
    assert told == (
        "1 of 1 rows has a business date before 1990-01-01: shop platform meta, campaign_id 7, country unknown on 1970-01-01,"
        " in ads.csv" + REMEDY
    )
