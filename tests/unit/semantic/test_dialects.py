"""Words that other engines use otherwise than DuckDB: the answers of DuckDB and PostgreSQL, and the text for the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from metrics.semantic.render import DIALECTS
from tests.unit.semantic.engines import Engine
from tests.unit.semantic.manifests import dimension, entity, manifest, measure, metric, model

EXPRESSIONS = {
    "whole": "round(amount)",
    "tenths": "round(amount, 1)",
    "tens": "round(price, -1)",
    "cents": "round(price, 2)",
    "weekday": 'dayofweek("at")',
    "weekday_2": 'extract(dow from "at")',
    "weekday_3": 'weekday("at")',
    "weekday_4": "date_part('dow', \"at\")",
    "iso_weekday": 'isodow("at")',
    "week_1": 'week("at")',
    "week_2": 'extract(week from "at")',
    "week_3": 'weekofyear("at")',
    "like": "name like 'a\\_b'",
    "like_own": "name like name",
    "like_escaped": "name like 'a!_b' escape '!'",
}
NAME = "{{ Dimension('order__name') }}"


def layer(**more: str) -> SemanticLayer:
    dimensions = [dimension(name, expr) for name, expr in {**EXPRESSIONS, **more}.items()]
    orders = model(
        "orders", [entity("order", "primary", "id")], [dimension("name"), *dimensions], [measure("rows", "sum", "1")]
    )
    return SemanticLayer(manifest([orders], [metric("rows", measure="rows")]))


LAYER = layer()


@pytest.fixture
def shop(engine: Engine) -> Engine:
    rows: list[tuple[Any, ...]] = [
        (1, "a\\_b", 2.5, "2.675", date(2024, 3, 3)),  # a Sunday, in the week from Monday, 26 February, the 9th
        (2, "a_b", -0.5, "15", date(2024, 3, 4)),  # a Monday, in the 10th week
        (3, "axb", 0.49999999999999994, "-25", date(2024, 3, 9)),  # a Saturday
        (4, "a\\xb", 2.4999999999999996, "0.005", date(2024, 12, 30)),  # a Monday, in the first week of 2025
        (5, "a\\", float("nan"), None, None),
        (6, None, float("inf"), None, None),
        (7, "%", float("-inf"), None, None),
        (8, "_", 0.25, None, None),
    ]
    engine.execute("create schema core")
    engine.execute("create table core.days (date_day date)")
    engine.execute(
        'create table core.orders (id integer, name varchar, amount double precision, price decimal(10, 3), "at" date)'
    )
    for row in rows:
        engine.execute(f"insert into core.orders values ({', '.join([engine.mark] * 5)})", list(row))
    return engine


def values(shop: Engine, name: str) -> list[str]:
    """What ``name`` is of each order, as text: NaN is not equal to itself."""
    rows = shop.ask(LAYER, Query(["rows"], ["order", f"order__{name}"], order_by=["order"]))[1]
    return [str(value + 0.0 if isinstance(value, float) else value) for _, value, _ in rows]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("whole", ["3.0", "-1.0", "0.0", "2.0", "nan", "inf", "-inf", "0.0"]),
        ("tenths", ["2.5", "-0.5", "0.5", "2.5", "nan", "inf", "-inf", "0.3"]),
        ("tens", ["0.0", "20.0", "-30.0", "0.0", "None", "None", "None", "None"]),
        ("cents", ["2.68", "15.0", "-25.0", "0.01", "None", "None", "None", "None"]),
    ],
)
def test_halves_are_rounded_away_from_zero(name: str, expected: list[str], shop: Engine) -> None:
    assert [text.removeprefix("-") if text == "-0.0" else text for text in values(shop, name)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, [0, 1, 6, 1]) for name in ("weekday", "weekday_2", "weekday_3", "weekday_4")),
        ("iso_weekday", [7, 1, 6, 1]),
        *((name, [9, 10, 10, 1]) for name in ("week_1", "week_2", "week_3")),
    ],
)
def test_weekdays_and_weeks_have_duckdbs_numbers(name: str, expected: list[int], shop: Engine) -> None:
    assert [int(float(text)) for text in values(shop, name)[:4]] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # A backslash and any character.
        ("like", [True, False, False, True, False, None, False, False]),
        ("like_own", [True, True, True, True, True, None, True, True]),
        ("like_escaped", [False, True, False, False, False, None, False, False]),
    ],
)
def test_a_backslash_in_a_pattern_is_a_backslash(name: str, expected: list[bool], shop: Engine) -> None:
    assert values(shop, name) == [str(value) for value in expected]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("{name} like 'a\\_b'", [1, 4]),
        ("{name} not like 'a\\_b'", [2, 3, 5, 7, 8]),
        ("{name} ilike 'A\\%'", [1, 4, 5]),
        ("{name} like '%\\'", [5]),
        ("{name} like upper('a\\%')", []),
        ("round({amount}) = 3", [1]),
    ],
)
def test_the_same_in_filters(condition: str, found: list[int], shop: Engine) -> None:
    where = condition.format(name=NAME, amount="{{ Dimension('order__whole_amount') }}")
    asked = Query(["rows"], ["order"], where=[where], order_by=["order"])
    assert [row[0] for row in shop.ask(layer(whole_amount="amount"), asked)[1]] == found


# Text for engines that are not run -----------------------------------------------------------------------------------------


def sql_of(dialect: str, name: str) -> str:
    return LAYER.compile(Query(["rows"], [f"order__{name}"]), dialect)


@pytest.mark.parametrize(
    ("dialect", "start"),
    [
        # By their documentation: ISOWEEK is from Monday, WEEK from Sunday.
        ("bigquery", "TIMESTAMP_TRUNC(`fact`.`at`, ISOWEEK)"),
        # From Monday by their documentation; Snowflake's by the default of WEEK_START.
        ("spark", "DATE_TRUNC('WEEK', `fact`.`at`)"),
        ("databricks", "DATE_TRUNC('WEEK', `fact`.`at`)"),
        ("snowflake", 'DATE_TRUNC(\'WEEK\', "fact"."at")'),
        ("trino", 'DATE_TRUNC(\'WEEK\', "fact"."at")'),
        ("redshift", 'DATE_TRUNC(\'WEEK\', "fact"."at")'),
        ("postgres", 'DATE_TRUNC(\'WEEK\', "fact"."at")'),
        ("duckdb", "DATE_TRUNC('WEEK', "),
    ],
)
def test_weeks_start_on_monday(dialect: str, start: str) -> None:
    assert start in LAYER.compile(Query(["rows"], ["metric_time__week"]), dialect)
    assert start in LAYER.compile(Query(["rows"], where=["{{ TimeDimension('metric_time', 'week') }} is not null"]), dialect)


@pytest.mark.parametrize(
    ("dialect", "pattern"),
    [
        ("duckdb", r"'a\_b'"),
        ("trino", r"'a\_b'"),
        # These read two backslashes in a text as one, and have no escape unless it is named.
        ("snowflake", r"'a\\_b'"),
        # No escape in a text, one in a pattern.
        ("postgres", r"'a\\_b'"),
        # Both.
        ("redshift", r"'a\\\\_b'"),
        ("spark", r"'a\\\\_b'"),
        ("databricks", r"'a\\\\_b'"),
        ("bigquery", r"'a\\\\_b'"),
    ],
)
def test_a_backslash_in_a_pattern_is_written_for_each_dialect(dialect: str, pattern: str) -> None:
    assert f"LIKE {pattern}" in sql_of(dialect, "like")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_escape_that_a_dialect_lacks_is_refused(dialect: str) -> None:
    if dialect == "bigquery":
        with pytest.raises(QueryError, match="bigquery has no ESCAPE"):
            sql_of(dialect, "like_escaped")
    else:
        assert "ESCAPE '!'" in sql_of(dialect, "like_escaped")


@pytest.mark.parametrize(
    ("dialect", "number"),
    [
        ("spark", "(DAYOFWEEK(`fact`.`at`) - 1)"),
        ("databricks", "(DAYOFWEEK(`fact`.`at`) - 1)"),
        ("bigquery", "(EXTRACT(DAYOFWEEK FROM `fact`.`at`) - 1)"),
        ("snowflake", 'MOD(DAYOFWEEKISO("fact"."at"), 7)'),
        ("redshift", 'CAST(EXTRACT(DOW FROM "fact"."at") AS BIGINT)'),
        ("trino", '(((DAY_OF_WEEK("fact"."at") % 7) + 1) - 1)'),
    ],
)
def test_sunday_is_0_in_every_dialect(dialect: str, number: str) -> None:
    for name in ("weekday", "weekday_2", "weekday_3", "weekday_4"):
        assert number in " ".join(sql_of(dialect, name).split()).replace("( ", "(").replace(" )", ")")


def test_what_postgres_cannot_round_is_refused() -> None:
    with pytest.raises(QueryError, match="expected a number of digits"):
        layer(by_price="round(amount, price)").compile(Query(["rows"], ["order__by_price"]), "postgres")
    with pytest.raises(QueryError, match="round inside of more than 3 others"):
        layer(deep="round(round(round(round(round(amount)))))").compile(Query(["rows"], ["order__deep"]), "postgres")
