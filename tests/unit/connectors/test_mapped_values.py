"""Expressions of a mapping that give values which their column cannot hold: one line before any model is built."""

from __future__ import annotations

from tests.unit.connectors.conftest import SmallWorkspace, csv_text

HEADER = "id,created_at,price,phone"
GOOD = ["1,2024-03-01,10,030123", "2,2024-03-02,20,030124", "3,2024-03-03,30,"]


def refusal(small: SmallWorkspace, *rows: str, **columns: str) -> str:
    """The one line with which a run over these further rows stops, without the values of any row."""
    small.source["entities"]["orders"]["columns"] |= columns
    small.file("orders_1.csv", csv_text(*GOOD, header=HEADER))
    small.load_everything()
    small.file("orders_2.csv", csv_text("4,2024-03-04,40,030125", *rows, header=HEADER))
    return small.refusal()


def test_amount(small: SmallWorkspace) -> None:
    message = refusal(small, "5,2024-03-05,123456789012345678.9,", gross_amount="price * 1")
    assert message.startswith(
        f"workspace.yml:{small.line_of('gross_amount')}: shop.orders.gross_amount: 1 of 5 values cannot be held as decimal"
        " (at most 14 digits before the point), the first in orders_2.csv."
    )
    assert message.endswith("Nothing was published.")
    assert "12345" not in message


def test_whole_number(small: SmallWorkspace) -> None:
    small.source["entities"]["leads"] = {"table": "orders", "columns": {
        "lead_id": "id", "created_at": "created_at", "sales_rating": "price * 1e15"}}  # fmt: skip
    message = refusal(small, "5,2024-03-05,20000,", "6,2024-03-05,30000,")
    assert "shop.leads.sales_rating: 2 of 6 values cannot be held as integer" in message


def test_milliseconds_taken_for_seconds(small: SmallWorkspace) -> None:
    """The usual way to the year 55000."""
    message = refusal(small, "5,2024-03-05,1709632800000,", delivered_at="to_timestamp(price)")
    assert "shop.orders.delivered_at: 1 of 5 values cannot be held as timestamp (years from 1 to 9999)" in message


def test_text_that_is_no_truth_value(small: SmallWorkspace) -> None:
    message = refusal(small, "5,2024-03-05,1,0301", is_test="case when phone = '0301' then 'perhaps' else 'no' end")
    assert "shop.orders.is_test: 1 of 5 values cannot be held as boolean" in message


def test_an_expression_that_fails_shows_no_value(small: SmallWorkspace) -> None:
    message = refusal(small, "5,2024-03-05,1,ann@example.com", customer_id="'c' || cast(phone as bigint)")
    assert "shop.orders.customer_id: the expression cannot be computed for every row (Conversion Error)" in message
    assert "try_cast" in message
    assert "ann@" not in message


def test_a_query(small: SmallWorkspace) -> None:
    query = "select id as order_id, created_at as ordered_at, price * 1000 as gross_amount from orders"
    small.source["entities"]["orders"] = {"query": query, "columns": {}}
    message = refusal(small, "5,2024-03-05,123456789012,")
    assert message.startswith(f"workspace.yml:{small.line_of('query:')}: shop.orders.gross_amount: 1 of 5 values")


def test_a_query_that_fails_shows_no_value(small: SmallWorkspace) -> None:
    query = (
        "select id as order_id, created_at as ordered_at, price as gross_amount from orders where cast(phone as bigint) <> 5"
    )
    small.source["entities"]["orders"] = {"query": query, "columns": {}}
    message = refusal(small, "5,2024-03-05,1,ann@example.com")
    assert message.startswith(f"workspace.yml:{small.line_of('query:')}: shop.orders: the query cannot be computed")
    assert "ann@" not in message


def test_nulls_and_offsets_are_no_problem(small: SmallWorkspace) -> None:
    small.source["entities"]["orders"]["columns"] |= {
        "delivered_at": "case when id = '1' then '2024-03-01T10:00:00+02:00' when id = '2' then '2024-03-01 10:00:00' end",
        "is_test": "price > 25",
        "cogs_amount": "nullif(price, 10) / 3",
    }
    small.file("orders_1.csv", csv_text(*GOOD, header=HEADER))
    small.load_everything()
