"""The SQL text of a few queries, so that a change of it is seen in review.

After an intended change: ``BELLWETHER_UPDATE_SNAPSHOTS=1 pytest tests/unit/semantic/test_render.py``, then read the diff.
That the text gives right answers is shown in tests/soundness, not here.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from metrics.semantic import Query, SemanticLayer
from metrics.semantic.joins import JoinGraph
from metrics.semantic.plan import build_plan
from metrics.semantic.render import DIALECTS, tree
from metrics.semantic.resolve import Resolver
from tests.unit.semantic.manifests import shop

SNAPSHOTS = Path(__file__).parent / "snapshots"
MARCH = {"start": date(2024, 3, 1), "end": date(2024, 3, 31)}
SNAPPED = {
    "ratio_across_facts.duckdb": Query(
        ["conversion", "paid", "amount"],
        ["metric_time__week", "session"],
        where=["{{ Dimension('session__device') }} = 'mobile'", "{{ TimeDimension('metric_time', 'day') }} <= '2024-03-20'"],
        order_by=["-amount"],
        limit=10,
        **MARCH,
    ),
    "ratio_across_facts.postgres": Query(["conversion"], ["metric_time__month"], parts=True, **MARCH),
    "month_over_month.duckdb": Query(["growth"], ["metric_time__month"], **MARCH),
    "day_against_month_before.postgres": Query(["growth"], ["metric_time__day"], **MARCH),
    "trailing.duckdb": Query(["trailing"], ["metric_time__month", "order__status"], **MARCH),
    "three_hops.duckdb": Query(["items"], ["order__customer__country__area"]),
    "keyword.duckdb": Query(["keyword"], ["order"]),
}


@pytest.mark.parametrize("name", SNAPPED)
def test_the_text_is_the_one_last_reviewed(name: str) -> None:
    sql = SemanticLayer(shop()).compile(SNAPPED[name], name.rpartition(".")[2]) + "\n"
    path = SNAPSHOTS / f"{name}.sql"
    if os.environ.get("BELLWETHER_UPDATE_SNAPSHOTS"):
        path.write_text(sql, encoding="utf-8")
    assert sql == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_part_of_a_tree_hangs_in_two_places(dialect: str) -> None:
    """It is written without a copy, and writing changes parts of it: one in two places would be changed in both."""
    source = shop()
    graph = JoinGraph(source)
    for query in SNAPPED.values():
        parts = list(tree(build_plan(Resolver(source, graph).resolve(query), source, graph), source, dialect).walk())
        assert len(parts) == len({id(part) for part in parts})
        assert all(part.parent is not None for part in parts[1:])


@pytest.mark.parametrize("operator", [">=", ">", "<", "<="])
def test_a_condition_on_days_leaves_the_column_bare(operator: str) -> None:
    where = [f"{{{{ TimeDimension('metric_time', 'day') }}}} {operator} '2024-03-20'"]
    sql = SemanticLayer(shop()).compile(Query(["orders"], where=where))
    day = "2024-03-21" if operator in (">", "<=") else "2024-03-20"
    plain = ">=" if operator in (">=", ">") else "<"
    assert f'"fact"."at" {plain} CAST(\'{day}\' AS DATE)' in sql


def test_dividing_by_a_number_needs_no_guard_and_dividing_by_a_metric_does() -> None:
    from tests.unit.semantic.manifests import entity, manifest, measure, metric, model

    layer = SemanticLayer(
        manifest(
            [model("orders", [entity("order", "primary")], [], [measure("amount"), measure("cost")])],
            [
                metric("amount", measure="amount"),
                metric("cost", measure="cost"),
                metric("mixed", "derived", expr="amount / 100 + amount / cost", metrics=["amount", "cost"]),
            ],
        )
    )
    sql = layer.compile(Query(["mixed"]))
    assert "/ 100" in sql
    assert 'NULLIF("orders"."cost", 0)' in sql
