"""What a dbt test that failed is told as: the model, what was found, the test's name last."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from dagster_project.assets.dbt_failures import stop_on_failure, warnings
from dagster_project.dbt_runner import BuildResult, GenericTest, NodeResult
from metrics.workspace import Workspace, load_workspace
from tests.conftest import DEMO


@pytest.fixture(scope="module")
def ws() -> Workspace:
    return load_workspace(DEMO)


def told(ws: Workspace, *nodes: NodeResult) -> str | None:
    with pytest.raises(dg.Failure) as caught:
        stop_on_failure(BuildResult(success=False, nodes=list(nodes)), ws)
    return caught.value.description


@pytest.mark.parametrize(
    ("name", "arguments", "found", "expected"),
    [
        ("unique_key", {"columns": ["source_relation", "order_id"]}, 1, "1 value of source_relation, order_id occurs more than once"),
        ("unique", {"column_name": "order_id"}, 1200, "1,200 values of order_id occur more than once"),
        ("not_null", {"column_name": "order_id"}, 2, "2 rows without order_id"),
        ("relationships", {"column_name": "order_id", "to": "ref('fct_orders')", "field": "order_id"}, 2,
         "2 values of order_id are not in order_id of fct_orders"),
        ("currency_is_known", {"column_name": "currency"}, 2, "2 currencies have days without an exchange rate. Map the entity"
         " exchange_rates for every currency besides the workspace's"),
        ("currency_is_of_order", {"column_name": "currency", "to": "ref('fct_orders')"}, 2, "2 rows without a currency, whose order"
         " is not there either, are counted in the workspace's, though there are others. Map currency, or load the orders"),
        ("one_row", {}, 1, "1 row fails the test one_row"),
        ("accepted_range", {"column_name": "amount", "min_value": 0}, 3, "3 values of amount are below 0"),
        ("accepted_range", {"column_name": "rating", "min_value": 1, "max_value": 5}, 1, "1 value of rating is not in 1 to 5"),
        ("accepted_range", {"column_name": "rate", "above": 0}, 1, "1 value of rate is 0 or less"),
    ],
)  # fmt: skip
def test_a_test(ws: Workspace, name: str, arguments: dict[str, Any], found: int, expected: str) -> None:
    unique_id = f"test.bellwether.{name}_fct_orders.1a2b"
    node = NodeResult(unique_id, "fail", "Got 1 result", 0.1, test=GenericTest(name, "fct_orders", arguments, found))
    assert told(ws, node) == f"dbt stopped: fct_orders: {expected} ({unique_id}). Nothing was published."


def test_a_test_that_only_warns_is_told_in_the_same_words() -> None:
    arguments = {"column_name": "order_id", "to": "ref('fct_orders')", "field": "order_id"}
    orphans = GenericTest("relationships", "fct_refunds", arguments, 2)
    nodes = [
        NodeResult("test.a", "warn", "Got 2 results", 0.1, test=orphans),
        NodeResult("test.b", "pass", "", 0.1, test=GenericTest("unique", "fct_orders", {"column_name": "order_id"}, 0)),
        NodeResult("test.own", "warn", "Got 1 result", 0.1),
    ]
    told = warnings(BuildResult(success=True, nodes=nodes))
    assert told == {"test.a": "2 values of order_id are not in order_id of fct_orders"}


def test_a_model(ws: Workspace) -> None:
    nodes = [NodeResult(f"model.bellwether.{name}", "error", "Binder\n  Error", 0.1) for name in "ab"]
    assert told(ws, *nodes) == "dbt stopped at model.bellwether.a: Binder Error (and 1 more). Nothing was published."
