"""What the query of a mapping leaves out and repeats of its raw tables, counted by hand."""

from __future__ import annotations

import pytest

from metrics.reconciliation.query_rows import QueryRows, follow_rows
from tests.unit.connectors.conftest import SmallWorkspace, csv_text

COLUMNS = "o.id as order_id, o.created_at as ordered_at, o.price as gross_amount"


@pytest.fixture
def loaded(small: SmallWorkspace) -> SmallWorkspace:
    """Four orders; buyers of orders 1 (two of them) and 2, and of one that is not there."""
    small.file("orders.csv", csv_text(*(f"{n},2024-05-0{n} 10:00:00,{n}0" for n in (1, 2, 3, 4))))
    small.file("buyers.csv", csv_text("1,Ann", "1,Bob", "2,Cem", "9,Dan", header="order_id,buyer"))
    small.source["tables"]["buyers"] = {"files": "buyers.csv"}
    small.load()
    return small


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"select {COLUMNS} from orders as o", QueryRows(("orders",), 0, 0)),
        (f"select {COLUMNS} from orders as o where o.price > 10", QueryRows(("orders",), 1, 0)),
        # Orders 3 and 4 have no buyer; order 1 has two.
        (f"select {COLUMNS} from orders as o inner join buyers as b on b.order_id = o.id", QueryRows(("orders",), 2, 1)),
        (f"select {COLUMNS} from orders as o left join buyers as b on b.order_id = o.id", QueryRows(("orders",), 0, 1)),
        # 1 is left out by the first branch, 4 by the second: two of eight.
        (f"select {COLUMNS} from orders as o where cast(o.id as integer) > 1 union all select {COLUMNS} from orders as o where cast(o.id as integer) < 4",
         QueryRows(("orders", "orders"), 2, 0)),
        # What is grouped, merged or nested cannot be followed row by row.
        ("select o.id as order_id, max(o.created_at) as ordered_at, sum(o.price) as gross_amount from orders as o group by o.id",
         QueryRows(("orders",), None, None)),
        (f"select distinct {COLUMNS} from orders as o", QueryRows(("orders",), None, None)),
        (f"select {COLUMNS} from orders as o union select {COLUMNS} from orders as o", QueryRows(("orders",), None, None)),
        (f"select {COLUMNS} from orders as o limit 2", QueryRows(("orders",), None, None)),
        (f"select {COLUMNS} from (select id, created_at, price from orders) as o", QueryRows(("orders",), None, None)),
        (f"select {COLUMNS} from orders as o full join buyers as b on b.order_id = o.id",
         QueryRows(("orders", "buyers"), None, None)),
        (f"with o as (select id, created_at, price from orders) select {COLUMNS} from o", QueryRows(("orders",), None, None)),
    ],
)  # fmt: skip
def test_rows_are_followed_through_the_query(loaded: SmallWorkspace, query: str, expected: QueryRows) -> None:
    loaded.source["entities"]["orders"] = {"query": query}
    source = loaded.workspace.sources["shop"]
    assert follow_rows(loaded.con, source, source.entities["orders"]) == expected


def test_a_table_is_taken_as_it_is(loaded: SmallWorkspace) -> None:
    source = loaded.workspace.sources["shop"]
    assert follow_rows(loaded.con, source, source.entities["orders"]) == QueryRows(("orders",), 0, 0)
