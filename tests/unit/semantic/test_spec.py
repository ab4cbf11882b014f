"""Each field of dbt's semantic specification: read, without effect on answers, or refused; and the page that says so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_semantic_interfaces.implementations import (
    element_config,
    export,
    node_relation,
    project_configuration,
    saved_query,
    semantic_manifest,
    semantic_model,
    time_spine,
    time_spine_table_configuration,
)
from dbt_semantic_interfaces.implementations import metric as metrics_of_dbt
from dbt_semantic_interfaces.implementations.elements import dimension as dimension_of_dbt
from dbt_semantic_interfaces.implementations.elements import entity as entity_of_dbt
from dbt_semantic_interfaces.implementations.elements import measure as measure_of_dbt
from dbt_semantic_interfaces.implementations.filters import where_filter

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.manifest import Cumulative, Window, parse_manifest
from metrics.semantic.spec import NO_EFFECT, READ
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model, time

PAGE = Path(__file__).parents[3] / "docs" / "semantic-spec.md"
CLASSES = {
    "semantic_manifest": semantic_manifest.PydanticSemanticManifest,
    "semantic_model": semantic_model.PydanticSemanticModel,
    "defaults": semantic_model.PydanticSemanticModelDefaults,
    "node_relation": node_relation.PydanticNodeRelation,
    "entity": entity_of_dbt.PydanticEntity,
    "dimension": dimension_of_dbt.PydanticDimension,
    "dimension_type_params": dimension_of_dbt.PydanticDimensionTypeParams,
    "validity_params": dimension_of_dbt.PydanticDimensionValidityParams,
    "measure": measure_of_dbt.PydanticMeasure,
    "agg_params": measure_of_dbt.PydanticMeasureAggregationParameters,
    "non_additive_dimension": measure_of_dbt.PydanticNonAdditiveDimensionParameters,
    "metric": metrics_of_dbt.PydanticMetric,
    "metric_type_params": metrics_of_dbt.PydanticMetricTypeParams,
    "input_measure": metrics_of_dbt.PydanticMetricInputMeasure,
    "input_metric": metrics_of_dbt.PydanticMetricInput,
    "window": metrics_of_dbt.PydanticMetricTimeWindow,
    "cumulative_type_params": metrics_of_dbt.PydanticCumulativeTypeParams,
    "conversion_type_params": metrics_of_dbt.PydanticConversionTypeParams,
    "constant_property": metrics_of_dbt.PydanticConstantPropertyInput,
    "filter": where_filter.PydanticWhereFilterIntersection,
    "where_filter": where_filter.PydanticWhereFilter,
    "project_configuration": project_configuration.PydanticProjectConfiguration,
    "time_spine": time_spine.PydanticTimeSpine,
    "primary_column": time_spine.PydanticTimeSpinePrimaryColumn,
    "custom_granularity": time_spine.PydanticTimeSpineCustomGranularityColumn,
    "time_spine_table": time_spine_table_configuration.PydanticTimeSpineTableConfiguration,
    "saved_query": saved_query.PydanticSavedQuery,
    "query_params": saved_query.PydanticSavedQueryQueryParams,
    "export": export.PydanticExport,
}


@pytest.mark.parametrize("part", CLASSES)
def test_every_field_of_dbts_classes_is_accounted_for_once(part: str) -> None:
    read, without = READ[part], NO_EFFECT.get(part, frozenset())
    assert read | without == set(CLASSES[part].__fields__)
    assert not read & without


def test_no_other_part_is_named() -> None:
    assert READ.keys() == CLASSES.keys()
    assert NO_EFFECT.keys() <= READ.keys()
    assert set(element_config.PydanticSemanticLayerElementConfig.__fields__) == {"meta"}


def test_the_page_names_every_field() -> None:
    told = set(re.findall(r"^\| `(\w+)\.(\w+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert told == {(part, name) for part in READ for name in READ[part] | NO_EFFECT.get(part, frozenset())}


def test_the_page_names_tests_that_exist() -> None:
    root = PAGE.parents[1]
    named = set(re.findall(r"`(\w+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert named
    for file, name in named:
        (path,) = [*root.glob(f"tests/unit/semantic/{file}"), *root.glob(f"tests/soundness/{file}")]
        assert f"def {name}(" in path.read_text(encoding="utf-8"), f"{file}::{name}"


# Slowly changing dimensions, partitions ---------------------------------------------------------------------------------

ROWS = """
    create schema core;
    create table core.orders (order_id integer, person varchar, amount integer, "at" timestamp, load_on date);
    insert into core.orders values
        (1, 'a', 1, '2024-01-09 23:00', '2024-02-01'), (2, 'a', 2, '2024-01-10 00:00', '2024-02-01'),
        (3, 'a', 4, '2024-01-20 00:00', '2024-02-02'), (4, 'b', 8, '2023-12-31 00:00', '2024-02-02'),
        (5, null, 16, '2024-01-15 00:00', '2024-02-02');
    create table core.people (person varchar, tier varchar, land varchar, since date, until date);
    insert into core.people values
        ('a', 'silver', 'DE', '2024-01-01', '2024-01-10'), ('a', 'gold', 'FR', '2024-01-10', null),
        ('b', 'silver', 'DE', '2024-01-01', null);
    create table core.lands (land varchar, area varchar);
    insert into core.lands values ('DE', 'north'), ('FR', 'south');
    create table core.loads (person varchar, score integer, load_on timestamp);
    insert into core.loads values ('a', 10, '2024-02-01 05:00'), ('a', 20, '2024-02-02 05:00'), ('b', 30, '2024-02-02 05:00');
"""


def _edge(name: str, edge: str) -> dict[str, Any]:
    found = time(name)
    found["type_params"]["validity_params"] = {"is_start": edge == "start", "is_end": edge == "end"}
    return found


def _partition(name: str = "load_on") -> dict[str, Any]:
    return {**time(name), "is_partition": True}


def _changing(orders_partitioned: bool = True) -> SemanticLayer:
    dimensions = [_partition()] if orders_partitioned else [time("load_on")]
    return SemanticLayer(
        manifest(
            [
                model(
                    "orders",
                    [entity("order", "primary", "order_id"), entity("person", "foreign")],
                    dimensions,
                    [measure("amount")],
                ),
                model(
                    "people",
                    [entity("person", "natural"), entity("land", "foreign")],
                    [dimension("tier"), _edge("since", "start"), _edge("until", "end")],
                ),
                model("lands", [entity("land", "primary")], [dimension("area")]),
                model("loads", [entity("person", "primary")], [dimension("score"), _partition()]),
            ],
            [metric("amount", measure="amount")],
        )
    )


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(ROWS)
    return connection


def _ask(con: duckdb.DuckDBPyConnection, layer: SemanticLayer, *group_by: str, **more: Any) -> dict[Any, Any]:
    rows = con.execute(layer.compile(Query(["amount"], list(group_by), **more))).fetchall()
    found = {row[0] if len(row) == 2 else row[:-1]: row[-1] for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_slowly_changing_dimension_is_that_of_the_time_of_the_fact(con: duckdb.DuckDBPyConnection) -> None:
    """The first day of a window counts, its last does not; before its first window b had no tier."""
    assert _ask(con, _changing(), "person__tier") == {"silver": 1, "gold": 6, None: 24}
    assert _ask(con, _changing(), "person__land__area") == {"north": 1, "south": 6, None: 24}
    assert _ask(con, _changing(), "person__since__month") == {date(2024, 1, 1): 7, None: 24}
    assert _ask(con, _changing(), where=["{{ Dimension('person__tier') }} = 'gold'"]) == {(): 6}


def test_partitions_are_joined_too(con: duckdb.DuckDBPyConnection) -> None:
    assert _ask(con, _changing(), "person__score") == {10: 3, 20: 4, 30: 8, None: 16}


def test_a_partition_that_the_fact_lacks_is_refused() -> None:
    with pytest.raises(QueryError, match=r"'loads' has a row for each load_on .is_partition., which 'orders' lacks"):
        _changing(orders_partitioned=False).compile(Query(["amount"], ["person__score"]))


# Refusals ---------------------------------------------------------------------------------------------------------------


def _stock(**more: Any) -> dict[str, Any]:
    return measure("odd", non_additive_dimension={"name": "at", "window_choice": "max", "window_groupings": [], **more})


def _cumulative(**params: Any) -> dict[str, Any]:
    return metric("odd", "cumulative", measure="fine", cumulative_type_params=params)


SIMPLE = metric("odd", measure="odd")


@pytest.mark.parametrize(
    ("odd_measure", "odd_metric", "message"),
    [
        (
            measure("odd", "percentile"),
            SIMPLE,
            r"measure 'odd' cannot be computed exactly: its percentile is None; give agg_par",
        ),
        (measure("odd", "percentile", agg_params={"percentile": 50}), SIMPLE, r"its percentile is 50; .* from 0 to 1"),
        (measure("odd", agg_params={"trim": 0.1}), SIMPLE, r"'trim' is not known here: it was written by another version"),
        (_stock(name="ordered"), SIMPLE, r"'ordered' is no time dimension of 'orders'; there are at"),
        (_stock(window_choice="average"), SIMPLE, r"its window_choice is 'average'; use min or max"),
        (_stock(window_groupings=["shop"]), SIMPLE, r"window_groupings name 'shop', which is no entity .* there are order"),
        (measure("odd", "harmonic_mean"), SIMPLE, r"uses the aggregation 'harmonic_mean'; expected one of sum"),
        (
            measure("odd"),
            _cumulative(window={"count": 36, "granularity": "hours"}),
            r"metric 'odd' cannot be computed exactly: its window is 36 hours; use a count of day, week",
        ),
        (measure("odd"), _cumulative(window={"count": 1, "granularity": "retail_week"}), r"its window is 1 retail_week"),
        (measure("odd"), _cumulative(grain_to_date="hour"), r"its grain_to_date is 'hour'; use one of day"),
        (
            measure("odd"),
            _cumulative(grain_to_date="month", window={"count": 2, "granularity": "day"}),
            r"it has a window and a grain_to_date; give one of them",
        ),
        (measure("odd"), _cumulative(period_agg="median"), r"its period_agg is 'median'; use first, last or average"),
        (measure("odd"), _cumulative(metric={"name": "fine"}), r"'metric' is not known here"),
        (measure("odd"), {**SIMPLE, "certified": True}, r"'certified' is not known here"),
        (measure("odd"), metric("odd", measure={"name": "odd", "unit": "eur"}), r"'unit' is not known here"),
    ],
)
def test_what_has_no_exact_answer_is_refused(odd_measure: dict[str, Any], odd_metric: dict[str, Any], message: str) -> None:
    orders = model("orders", [entity("order", "primary")], [], [measure("fine", "sum", "1"), odd_measure])
    layer = SemanticLayer(manifest([orders], [odd_metric, metric("fine", measure="fine")]))
    with pytest.raises(QueryError, match=message):
        layer.compile(Query(["odd"], ["metric_time__day"]))
    assert layer.compile(Query(["fine"], ["metric_time__day"]))


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (model("people", [entity("person", "natural")], [dimension("tier")]), r"natural entity has several rows per value"),
        (
            model("people", [entity("person", "natural")], [dimension("tier"), _edge("since", "start")]),
            r"validity_params need one dimension with is_start and one with is_end",
        ),
        (
            {**model("people", [entity("person", "primary")], [dimension("tier")]), "row_filter": "x"},
            r"semantic model 'people' cannot be computed exactly: 'row_filter' is not known here",
        ),
    ],
)
def test_a_model_that_cannot_be_joined_says_why(people: dict[str, Any], message: str) -> None:
    orders = model("orders", [entity("order", "primary"), entity("person", "foreign")], [], [measure("amount")])
    layer = SemanticLayer(manifest([orders, people], [metric("amount", measure="amount")]))
    with pytest.raises(QueryError, match=message):
        layer.compile(Query(["amount"], ["person__tier"]))
    assert layer.compile(Query(["amount"], ["person"]))


def test_a_measure_of_a_slowly_changing_dimension_is_refused() -> None:
    changing = model(
        "people", [entity("person", "natural")], [_edge("since", "start"), _edge("until", "end")], [measure("amount")]
    )
    with pytest.raises(QueryError, match="holds validity windows, and a row of it is no event"):
        SemanticLayer(manifest([changing], [metric("amount", measure="amount")])).compile(Query(["amount"]))


def test_hours_are_refused_in_words() -> None:
    orders = model("orders", [entity("order", "primary")], [], [measure("amount")], at="hour")
    layer = SemanticLayer(manifest([orders], [metric("amount", measure="amount")]))
    with pytest.raises(QueryError, match="'metric_time__hour': the finest grain here is day; ask for metric_time__day"):
        layer.compile(Query(["amount"], ["metric_time__hour"]))
    with pytest.raises(QueryError, match="uses the grain 'minute'; expected one of day, week"):
        layer.compile(Query(["amount"], where=["{{ TimeDimension('metric_time', 'minute') }} is null"]))
    assert layer.dimensions("amount")[0] == "metric_time__day"


# Fields whose effect no other test file shows ---------------------------------------------------------------------------


def test_metric_time_without_a_grain_takes_the_coarsest_default() -> None:
    orders = model("orders", [entity("order", "primary")], [], [measure("amount")])
    plans = model("plans", [entity("plan", "primary")], [], [measure("planned")], at="month")
    weekly = {**metric("weekly", measure="amount"), "time_granularity": "week"}
    fiscal = {**metric("fiscal", measure="amount"), "time_granularity": "fiscal_week"}
    made = [metric("amount", measure="amount"), metric("planned", measure="planned"), weekly, fiscal]
    layer = SemanticLayer(manifest([orders, plans], made))

    def grain(*asked: str) -> str:
        sql = layer.compile(Query(asked, ["metric_time"]))
        return (re.findall(r"DATE_TRUNC\('(\w+)'", sql) or ["DAY"])[0].lower()

    assert [grain("amount"), grain("weekly"), grain("planned"), grain("amount", "planned")] == [
        "day",
        "week",
        "month",
        "month",
    ]
    with pytest.raises(QueryError, match="has the time_granularity 'fiscal_week'"):
        layer.compile(Query(["fiscal"], ["metric_time"]))
    assert layer.compile(Query(["fiscal"], ["metric_time__day"]))


def test_an_old_projects_time_spine_is_found() -> None:
    orders = model("orders", [entity("order", "primary")], [], [measure("amount")])
    all_time = metric("so_far", "cumulative", measure="amount", cumulative_type_params={})
    legacy = {"location": '"db"."core"."metricflow_time_spine"', "column_name": "date_day", "grain": "day"}
    raw = {
        "semantic_models": [orders],
        "metrics": [all_time],
        "project_configuration": {"time_spines": [], "time_spine_table_configurations": [legacy]},
    }
    sql = SemanticLayer(parse_manifest(raw, "x")).compile(Query(["so_far"], ["metric_time__day"]))
    assert 'FROM "core"."metricflow_time_spine" AS "spine"' in sql


def test_old_places_of_cumulative_params_are_read() -> None:
    orders = model("orders", [entity("order", "primary")], [], [measure("amount")])
    window = metric("w", "cumulative", measure="amount", window={"count": 7, "granularity": "day"})
    to_date = metric("t", "cumulative", measure="amount", grain_to_date="month")
    source = manifest([orders], [window, to_date])
    assert source.metrics["w"].cumulative == Cumulative(Window(7, "day"), None, "first")
    assert source.metrics["t"].cumulative == Cumulative(None, "month", "first")


def test_all_filters_of_a_metric_hold(con: duckdb.DuckDBPyConnection) -> None:
    orders = model("orders", [entity("order", "primary", "order_id"), entity("person", "foreign")], [], [measure("amount")])
    two = metric("two", measure="amount")
    texts = ("{{ Entity('person') }} = 'a'", "{{ TimeDimension('metric_time', 'day') }} > '2024-01-09'")
    two["filter"] = {"where_filters": [{"where_sql_template": text} for text in texts]}
    layer = SemanticLayer(manifest([orders], [two]))
    assert con.execute(layer.compile(Query(["two"]))).fetchall() == [(6,)]


def test_an_approximate_percentile_is_answered_exactly(con: duckdb.DuckDBPyConnection) -> None:
    params = {"percentile": 0.5, "use_approximate_percentile": True, "use_discrete_percentile": False}
    middle = measure("middle", "percentile", "amount", agg_params=params)
    layer = SemanticLayer(
        manifest([model("orders", [entity("order", "primary", "order_id")], [], [middle])], [metric("m", measure="middle")])
    )
    assert con.execute(layer.compile(Query(["m"]))).fetchall() == [(4.0,)]


def test_filling_and_spine_of_inputs_reach_ratios_and_derived_metrics(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace table core.days as select cast(range as date) as date_day from range(timestamp '2023-12-01', timestamp '2024-03-01', interval 1 day)"
    )
    orders = model("orders", [entity("order", "primary", "order_id")], [], [measure("amount"), measure("rows", "sum", "1")])
    every = {"name": "rows", "fill_nulls_with": 0, "join_to_timespine": True}
    made = [
        metric("rows", measure=every),
        metric("amount", measure="amount"),
        metric("share", "ratio", numerator="rows", denominator="amount"),
        metric("more", "derived", expr="r + 1", metrics=[{"name": "rows", "alias": "r"}]),
    ]
    query = Query(["share", "more"], ["metric_time__day"], start=date(2024, 1, 9), end=date(2024, 1, 11))
    found = con.execute(SemanticLayer(manifest([orders], made)).compile(query)).fetchall()
    assert sorted(found) == [(date(2024, 1, 9), 1.0, 2), (date(2024, 1, 10), 0.5, 2), (date(2024, 1, 11), None, 1)]


def test_two_models_of_one_key_are_both_joined(con: duckdb.DuckDBPyConnection) -> None:
    found = _ask(con, _changing(), "person__score", "person__tier")
    assert found == {(10, "silver"): 1, (10, "gold"): 2, (20, "gold"): 4, (30, None): 8, (None, None): 16}
