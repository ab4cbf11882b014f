"""What a model reaches, over which joins, and what it does not."""

from __future__ import annotations

import pytest

from metrics.errors import QueryError
from metrics.semantic.joins import JoinGraph, Target, grains_from
from metrics.semantic.query import parse_name
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, model, shop

ANY = ("dimension", "entity", "time")


@pytest.fixture
def graph() -> JoinGraph:
    return JoinGraph(shop())


def _find(graph: JoinGraph, model_name: str, name: str) -> Target:
    return graph.find(model_name, parse_name(name), ANY)


def test_a_dimension_of_the_model_itself_needs_no_join(graph: JoinGraph) -> None:
    assert _find(graph, "orders", "order__status").hops == ()
    assert _find(graph, "orders", "customer").hops == ()
    assert _find(graph, "orders", "order__customer").hops == ()


def test_each_hop_goes_to_a_model_where_the_key_is_unique(graph: JoinGraph) -> None:
    target = _find(graph, "lines", "order__customer__country__area")
    assert [(hop.model, hop.from_path) for hop in target.hops] == [
        ("orders", ()),
        ("customers", ("order",)),
        ("countries", ("order", "customer")),
    ]
    assert target.expr == '"area"'


def test_the_last_entity_is_read_without_joining_its_own_table(graph: JoinGraph) -> None:
    assert [hop.model for hop in _find(graph, "lines", "order__customer").hops] == ["orders"]


def test_the_own_key_may_be_written_in_front(graph: JoinGraph) -> None:
    assert _find(graph, "orders", "order__customer__segment") == _find(graph, "orders", "customer__segment")


def test_a_name_without_its_path_means_the_only_shortest_path(graph: JoinGraph) -> None:
    assert _find(graph, "lines", "customer__segment") == _find(graph, "lines", "order__customer__segment")
    assert _find(graph, "orders", "session__device").path == ("session",)


def test_two_paths_of_one_length_are_refused_with_both(graph: JoinGraph) -> None:
    found = manifest(
        [
            model(
                "deals",
                [entity("deal", "primary"), entity("buyer", "foreign"), entity("seller", "foreign")],
                [],
                [measure("worth")],
            ),
            model("buyers", [entity("buyer", "primary"), entity("country", "foreign")]),
            model("sellers", [entity("seller", "unique"), entity("country", "foreign")]),
            model("countries", [entity("country", "primary")], [dimension("area")]),
        ],
        [],
    )
    with pytest.raises(QueryError, match=r"ambiguous.*buyer__country__area, seller__country__area"):
        _find(JoinGraph(found), "deals", "country__area")
    assert _find(JoinGraph(found), "deals", "seller__country__area").path == ("seller", "country")


def test_fan_out_is_refused(graph: JoinGraph) -> None:
    with pytest.raises(
        QueryError, match=r"'line__bought_by' would repeat the rows of 'orders' \(fan-out\).*Reachable: metric_time"
    ):
        _find(graph, "orders", "line__bought_by")
    with pytest.raises(QueryError, match="repeat the rows of 'sessions'"):
        _find(graph, "sessions", "order__status")


def test_a_model_without_a_join_path_is_not_called_fan_out(graph: JoinGraph) -> None:
    with pytest.raises(
        QueryError, match=r"'sessions' has no way to 'customer__segment'\.* Reachable: metric_time, campaign"
    ):
        _find(graph, "sessions", "customer__segment")


def test_an_unknown_name_is_answered_with_the_closest(graph: JoinGraph) -> None:
    with pytest.raises(QueryError, match=r"no 'session__devise'.*Did you mean 'session__device'"):
        _find(graph, "orders", "session__devise")


def test_the_same_name_in_two_models_of_one_key_is_refused() -> None:
    twice = manifest(
        [
            model("orders", [entity("order", "primary"), entity("customer", "foreign")], [], [measure("amount")]),
            model("customers", [entity("customer", "primary")], [dimension("segment")]),
            model("accounts", [entity("customer", "primary")], [dimension("segment")]),
        ],
        [],
    )
    with pytest.raises(QueryError, match=r"semantic models 'accounts' and 'customers'"):
        _find(JoinGraph(twice), "orders", "customer__segment")


def test_a_natural_key_is_not_unique_and_is_not_joined() -> None:
    history = manifest(
        [
            model("orders", [entity("order", "primary"), entity("customer", "foreign")], [], [measure("amount")]),
            model("history", [entity("row", "primary"), entity("customer", "natural")], [dimension("segment")]),
        ],
        [],
    )
    with pytest.raises(QueryError, match="no way to"):
        _find(JoinGraph(history), "orders", "customer__segment")


@pytest.mark.parametrize(
    ("finest", "grains"),
    [
        ("day", ("day", "week", "month", "quarter", "year")),
        ("hour", ("day", "week", "month", "quarter", "year")),
        ("week", ("week",)),
        ("month", ("month", "quarter", "year")),
        ("year", ("year",)),
    ],
)
def test_coarser_grains_follow_from_finer_ones(finest: str, grains: tuple[str, ...]) -> None:
    assert grains_from(finest) == grains
