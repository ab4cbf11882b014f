"""Saved queries of a dbt project as queries of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.saved_queries import find_saved_query, read_saved_queries
from tests.unit.semantic.manifests import shop


def saved(name: str = "weekly", **params: Any) -> dict[str, Any]:
    asked = {"metrics": ["orders", "conversion"], "group_by": [], "order_by": [], "limit": None, "where": None, **params}
    return {"name": name, "label": None, "description": "By week", "query_params": asked, "exports": [], "tags": []}


def found(**params: Any) -> Query:
    return find_saved_query("weekly", read_saved_queries([saved(**params)]), ("fiscal_quarter",))


def test_a_saved_query_is_the_query_that_it_says() -> None:
    query = found(
        group_by=[
            "TimeDimension('metric_time', 'week')",
            "Dimension('session__device')",
            "Entity('session')",
            "Dimension('order__shipped_at').grain('month')",
            "TimeDimension('order__shipped_at', 'fiscal_quarter')",
            "TimeDimension('shipped_at', 'day', entity_path=['line', 'order'])",
            "customer__segment",
        ],
        order_by=[
            "-TimeDimension('metric_time', 'week')",
            "Dimension('session__device')",
            "Metric('orders').descending(True)",
            "-orders",
        ],
        where={
            "where_filters": [
                {"where_sql_template": "{{ Entity('session') }} > 1"},
                {"where_sql_template": "{{ Entity('session') }} < 9"},
            ]
        },
        limit=10,
    )
    assert query == Query(
        ["orders", "conversion"],
        [
            "metric_time__week", "session__device", "session", "order__shipped_at__month", "order__shipped_at__fiscal_quarter",
            "line__order__shipped_at__day", "customer__segment",
        ],
        where=["{{ Entity('session') }} > 1", "{{ Entity('session') }} < 9"],
        order_by=["-metric_time__week", "session__device", "-orders", "-orders"],
        limit=10,
    )  # fmt: skip


def test_the_layer_lists_and_compiles_them() -> None:
    asked = saved(group_by=["TimeDimension('metric_time', 'month')"], order_by=["-metric_time__month"])
    exports = [{"name": "to_bi", "config": {"export_as": "table"}}]
    source = replace(shop(), saved_queries=read_saved_queries([{**asked, "exports": exports, "tags": "bi"}]))
    layer = SemanticLayer(source)
    (kept,) = layer.saved_queries.values()
    assert (kept.name, kept.label, kept.description, kept.exports, kept.tags) == (
        "weekly",
        "weekly",
        "By week",
        ("to_bi",),
        ("bi",),
    )
    assert layer.compile(layer.saved_query("weekly")).endswith('"metric_time__month" DESC')


def test_an_unknown_one_names_those_that_there_are() -> None:
    with pytest.raises(QueryError, match=r"no saved query 'weekl'\. Did you mean 'weekly'\? There are: weekly\."):
        find_saved_query("weekl", read_saved_queries([saved()]))
    with pytest.raises(QueryError, match="The project defines none"):
        find_saved_query("weekly", {})


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("Metric('orders', group_by=['session'])", "groups a metric by something of its own, which is not supported"),
        ("Metric('orders')", "metrics are not grouped by"),
        ("TimeDimension('metric_time', 'month', date_part_name='year')", "asks for a part of a date"),
        ("Dimension('metric_time').date_part('month')", "asks for a part of a date"),
        ("Dimension('a__b', 'c', 'd')", "it takes name, entity_path"),
        ("Dimension('a__b', colour='red')", "it takes name, entity_path"),
        ("Dimension()", "it takes name, entity_path"),
        ("Dimension('a__b', entity_path='c')", "its entity_path is no list"),
        ("Dimension(open('x'))", "malformed node"),
        ("__import__('os')", "no call that is known here"),
        ("Dimension('a__b').upper()", "no call that is known here"),
        ("Dimension('a__b'", "cannot be parsed"),
        ("Dimension('__')", "is not a group-by name"),
    ],
)
def test_what_is_not_supported_is_refused_with_its_place(item: str, message: str) -> None:
    with pytest.raises(QueryError, match=r"saved query 'weekly': group_by holds") as refused:
        found(group_by=[item])
    assert message in str(refused.value)


@pytest.mark.parametrize("part", ["metrics", "group_by", "order_by", "where"])
@pytest.mark.parametrize("item", [None, 5, ["orders"], {}])
def test_what_is_no_text_is_refused_as_the_manifest_is_read(part: str, item: Any) -> None:
    """So that it is told in one line where the file is read, and not when the query is asked."""
    asked = {"where_filters": [{"where_sql_template": item}]} if part == "where" else [item]
    with pytest.raises(TypeError, match="where a text is expected"):
        read_saved_queries([saved(**{part: asked})])
