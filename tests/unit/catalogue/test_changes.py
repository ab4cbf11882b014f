"""What changed in a definition is told in words, in both languages, and nothing that changed goes untold."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from metrics.catalogue.changes import definition_changes, model_changes
from metrics.catalogue.definitions import read_definitions
from tests.unit.values.company import METRICS, MODELS

WHERE = {"where_filters": [{"where_sql_template": "{{ Entity('channel') }}\n  = 'email'"}]}


def manifest() -> dict[str, Any]:
    return copy.deepcopy({"metrics": METRICS, "semantic_models": MODELS})


def named(found: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return next(one for one in found[kind] if one["name"] == name)


def told(metric: str, edited: dict[str, Any], language: str = "en") -> list[str]:
    before, after = read_definitions(manifest())[metric], read_definitions(edited)[metric]
    changes = [change.in_language(language) for change in definition_changes(before.arithmetic, after.arithmetic)]
    assert bool(changes) == (before.definition_hash != after.definition_hash)
    return changes


def test_a_filter_is_told_of_the_metric_and_of_what_is_computed_from_it() -> None:
    edited = manifest()
    named(edited, "metrics", "orders")["filter"] = WHERE
    assert told("orders", edited) == ["filter: none -> {{ Entity('channel') }} = 'email'"]
    assert told("conversion_rate", edited) == ["filter of orders: none -> {{ Entity('channel') }} = 'email'"]
    assert told("conversion_rate", edited, "zh") == ["orders 的筛选条件：无 → {{ Entity('channel') }} = 'email'"]
    assert told("sessions", edited) == []


def test_expression_aggregation_and_observations() -> None:
    edited = manifest()
    orders = named(edited, "semantic_models", "orders")
    named({"measures": orders["measures"]}, "measures", "amount").update(agg="max", expr="net_amount")
    named(edited, "metrics", "gross_revenue")["config"]["meta"]["n"] = "sessions"
    assert told("gross_revenue", edited) == [
        "observations: orders -> sessions",
        "aggregation of amount: sum -> max",
        "expression of amount: gross_amount -> net_amount",
    ]


def test_an_offset_and_another_denominator() -> None:
    edited = manifest()
    growth = named(edited, "metrics", "revenue_growth")
    growth["type_params"]["metrics"][1]["offset_window"] = {"count": 1, "granularity": "quarter"}
    assert told("revenue_growth", edited) == ["offset of previous_revenue: 1 month -> 1 quarter"]
    named(edited, "metrics", "conversion_rate")["type_params"]["denominator"]["name"] = "tickets_created"
    changes = told("conversion_rate", edited)
    assert changes[0] == "denominator: sessions -> tickets_created"


def test_the_expression_of_a_dimension_that_a_filter_names_is_part_of_the_definition() -> None:
    """Orders "of mails" are others when it is written down anew what a mail is."""
    edited = manifest()
    for side in (edited, before := manifest()):
        named(side, "metrics", "orders")["filter"] = {
            "where_filters": [
                {"where_sql_template": "{{ Dimension('order__is_mail') }} and {{ Dimension('order__kind') }} = 'x'"}
            ]
        }
        expression = "channel = 'email'" if side is before else "channel in ('email', 'letter')"
        named(side, "semantic_models", "orders")["dimensions"] += [
            {"name": "is_mail", "type": "categorical", "expr": expression},
            {"name": "kind", "type": "categorical", "expr": None},
        ]
    old, new = (read_definitions(one)["orders"] for one in (before, edited))
    assert old.definition_hash != new.definition_hash
    (change,) = definition_changes(old.arithmetic, new.arithmetic)
    assert change.in_language("en") == "expression of orders.is_mail: channel = 'email' -> channel in ('email', 'letter')"
    plain, same = manifest(), manifest()
    named(same, "semantic_models", "orders")["dimensions"].append({"name": "is_mail", "type": "categorical", "expr": "true"})
    assert read_definitions(plain)["orders"].definition_hash == read_definitions(same)["orders"].definition_hash


def test_wording_is_no_change() -> None:
    edited = manifest()
    named(edited, "metrics", "orders").update(label="Purchases", description="What people buy")
    assert told("orders", edited) == []


def test_what_differs_in_the_models_is_told_by_element() -> None:
    edited = manifest()
    orders = named(edited, "semantic_models", "orders")
    orders["entities"][1]["expr"] = "lower(channel)"
    orders["description"] = "words"
    changes = [change.in_language("en") for change in model_changes(manifest(), edited)]
    assert changes == ["expression of orders.channel: channel -> lower(channel)"]


@pytest.mark.parametrize("part", ["entities", "dimensions", "measures"])
def test_an_element_on_one_side_only(part: str) -> None:
    edited = manifest()
    gone = named(edited, "semantic_models", "tickets")[part].pop()["name"]
    (change,) = model_changes(manifest(), edited)
    assert (change.about, change.old, change.new) == (f"tickets.{gone}", "yes", None)
